/**
 * The clients: they send commands of every kind, repeat what they have not heard of until they do, repeat what they have,
 * reuse ids for other bodies, and do all of it at once.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Source } from '../../../actors/kernel/messages.ts';
import type { Random } from '../../../demo/random.ts';
import { AccountBook } from '../audit/accountBook.ts';
import type { Answer } from '../audit/answers.ts';
import type { Auditor } from '../audit/auditor.ts';
import { HoldBook } from '../audit/holdBook.ts';
import { thingOf } from '../audit/ledger.ts';
import type { ActorApp } from '../model/actors.ts';
import { NetworkFault } from '../model/application.ts';
import type { Platform, PlatformActor } from '../model/platform.ts';
import { StorageFault } from '../model/storage.ts';
import { Breach, type Caller, settled, type World } from '../model/world.ts';
import type { Attempt, SentCommand } from './attempt.ts';
import { type Body, BodyMaker } from './commands.ts';
import { AddressReader } from './readers.ts';
import { ShopMaker } from './shop.ts';
import { SubjectVisitor } from './subjects.ts';
import { TransferMaker } from './transfers.ts';

/** Requests of the past that clients may come back to. */
const MEMORY = 30;
/** Requests on their way at a time. */
const REQUESTS_MAX = 12;

export class Clients {
  readonly #world: World;
  readonly #platform: Platform;
  readonly #auditor: Auditor;
  readonly #bodies: BodyMaker;
  readonly #actors: readonly PlatformActor[];
  readonly #transfers: TransferMaker;
  readonly #shop: ShopMaker;
  readonly #subjects: SubjectVisitor;
  readonly #readers: AddressReader;
  readonly #past: Attempt[] = [];
  /** Requests whose outcome nobody has heard: they will be repeated. */
  readonly #unheard: Attempt[] = [];
  #running = 0;
  /** Actors that clients know so far: some are first heard of late. */
  #born = 0;

  constructor(world: World, platform: Platform, auditor: Auditor) {
    this.#world = world;
    this.#platform = platform;
    this.#auditor = auditor;
    this.#actors = shuffled(world.random, [...this.#platform.actors.values()]);
    this.#transfers = new TransferMaker(world);
    this.#shop = new ShopMaker(world, auditor);
    this.#subjects = new SubjectVisitor(world, platform, auditor, this.caller);
    this.#readers = new AddressReader(world, platform, auditor, this.caller);
    this.#bodies = new BodyMaker(world.random, world.profile.poison, (prefix) => world.uniqueId(prefix));
  }

  /** Whether every request has been answered. */
  get isQuiet(): boolean {
    return this.#running === 0 && this.#unheard.length === 0;
  }

  /** Whether a request waits to be repeated. */
  get hasUnheard(): boolean {
    return this.#unheard.length > 0;
  }

  /** Lets clients know a share of the actors, 0 to 1. */
  introduce(share: number): void {
    this.#born = Math.ceil(share * this.#actors.length);
  }

  /** Something new, or something old again. */
  async act(): Promise<void> {
    if (this.#running >= REQUESTS_MAX) return;
    const { random } = this.#world;
    const { isBefore, profile } = this.#world;
    if (!isBefore && random.chance(profile.subjects)) return this.#visitSubject();
    if (random.chance(profile.shop)) return this.#visitShop();
    if (random.chance(profile.transfers)) return this.#transfer();
    const actor = random.pick(this.#actors.slice(0, Math.max(1, this.#born)));
    const roll = random.integer(100);
    if (roll < 8) return this.#inspect(actor);
    const past = this.#past.filter(({ source }) => source === actor.source);
    if (roll < 20 && past.length > 0) return this.#send(this.#again(random.pick(past)));
    if (roll < 30 && past.length > 0) return this.#send(this.#misuse(random.pick(past)));
    if (roll < 33) return this.#send(this.#explode(actor));
    return this.#send(this.#fresh(actor));
  }

  /** Something of the shop's, a repeat of it, a look at it, or an operator's word about one of its sagas. */
  async #visitShop(): Promise<void> {
    const { random } = this.#world;
    const roll = random.integer(100);
    const past = this.#past.filter(({ source }) => SHOP.includes(source.aggregateType));
    if (roll < 7 && past.length > 0) return this.#send(this.#again(random.pick(past)));
    if (roll < 12 && past.length > 0) return this.#send(this.#misuse(random.pick(past)));
    if (roll < 20) return this.#inspect(random.pick([...this.#platform.actors.values()]));
    const sagaIds = this.#auditor.sagaIds();
    if (roll < 23 && sagaIds.length > 0) return this.#send(this.#transfers.order(sagaIds));
    if (roll >= 23 && roll < 28) return this.#readers.act();
    const attempt = this.#shop.draw();
    if (attempt !== undefined) await this.#send(attempt);
  }

  /** Something about personal data, or a repeat of it. */
  async #visitSubject(): Promise<void> {
    const { random } = this.#world;
    const past = this.#past.filter(({ source }) => source.aggregateType === 'subject');
    if (random.chance(0.05) && past.length > 0) return this.#send(this.#again(random.pick(past)));
    if (random.chance(0.05) && past.length > 0) return this.#send(this.#misuse(random.pick(past)));
    const attempt = await this.#subjects.act();
    if (attempt !== undefined) await this.#send(attempt);
  }

  /** Reads all personal data that was ever stored. */
  async readPersonal(): Promise<void> {
    await this.#subjects.readAll();
    await this.#readers.readAll();
  }

  /**
   * The shop finishes what it has begun; answers whether there was anything. It hears of what it has sent before it sends more:
   * asking on and on for the same parcel would leave no time for any answer.
   */
  async finishOrders(): Promise<boolean> {
    if (!this.isQuiet) return false;
    const attempts = this.#shop.finish();
    for (const attempt of attempts) await this.#send(attempt);
    return attempts.length > 0;
  }

  /** A transfer, or something about one that there is. */
  async #transfer(): Promise<void> {
    const { random } = this.#world;
    const roll = random.integer(100);
    const past = this.#past.filter(({ source }) => source.aggregateType === 'saga');
    if (roll < 15 && past.length > 0) return this.#send(this.#again(random.pick(past)));
    if (roll < 25 && past.length > 0) return this.#send(this.#misuse(random.pick(past)));
    const sagaIds = this.#auditor.sagaIds();
    if (roll < 35 && sagaIds.length > 0) {
      const aggregateId = random.pick(sagaIds);
      return this.#inspect(this.#platform.actor({ aggregateType: 'saga', aggregateId }));
    }
    const attempt = this.#transfers.draw(sagaIds, this.#auditor.books(AccountBook));
    if (attempt !== undefined) await this.#send(attempt);
  }

  /** Repeats a request that nobody has heard of. */
  async repeat(): Promise<void> {
    const [attempt] = this.#unheard.splice(this.#world.random.integer(this.#unheard.length), 1);
    if (attempt !== undefined) await this.#send(attempt);
  }

  /** Every saga that is parked is let try again. */
  async retrySagas(): Promise<void> {
    for (const sagaId of this.#auditor.sagaIds(({ status }) => status === 'PARKED'))
      await this.#send(this.#transfers.retry(sagaId));
  }

  async #send(attempt: Attempt): Promise<void> {
    const { source, commands, brief } = attempt;
    const { object } = this.#platform.actor(source);
    this.#world.trace.note(this.#world.clock, 'client sends', ...commands.map(summary));
    const expected = this.#auditor.sent(attempt);
    const envelopes = commands.map(({ commandId, body, expectedVersion }) => ({
      ...body,
      commandId,
      expectedVersion,
    }));
    const context = {
      userId: 'client',
      correlationId: this.#world.uniqueId('correlation'),
      causationId: null,
    };
    this.#running++;
    const request = object.call<Answer[]>(this.caller, 'execute', (app) =>
      brief ? app.executeBrief(envelopes, context) : app.execute(envelopes, context),
    );
    request.then(
      (answers) => {
        this.#running--;
        this.#world.trace.note(this.#world.clock, 'client hears', ...answers.map(answerSummary));
        this.#world.check(() => this.#auditor.heard(attempt, answers, expected));
        if (!attempt.exploding) this.#remember(attempt);
      },
      (error) => {
        this.#running--;
        this.#world.check(() => this.#failed(attempt, error));
      },
    );
    await settled();
  }

  #failed(attempt: Attempt, error: unknown): void {
    const ledger = this.#auditor.ledger(attempt.source);
    this.#world.trace.note(this.#world.clock, 'client fails', ...attempt.commands.map(summary), error);
    if (error instanceof NetworkFault) {
      this.#auditor.answers.unheard(ledger, attempt);
      if (!attempt.exploding) this.#unheard.push(attempt);
      return;
    }
    this.#auditor.answers.failed(ledger, attempt, error);
    if (error instanceof StorageFault) {
      if (!attempt.exploding) this.#unheard.push(attempt);
    } else if (!attempt.exploding) {
      throw new Breach('poison fails its caller alone', `${summary(attempt.commands[0])}: ${String(error)}`);
    }
  }

  /** Where the clients' requests come from. */
  readonly caller: Caller = {
    alive: true,
    emit: (effect) => this.#world.add(effect),
    deliver: async (_label, settle) => {
      settle();
      await settled();
    },
  };

  #remember(attempt: Attempt): void {
    this.#past.push(attempt);
    if (this.#past.length > MEMORY) this.#past.shift();
  }

  #body({ source }: PlatformActor): Body {
    const { book } = this.#auditor.ledger(source);
    if (book instanceof HoldBook) return this.#bodies.holder([...book.open.keys()]);
    const { status, trades } = book as AccountBook;
    return status === 'UNOPENED' && this.#world.random.chance(0.7)
      ? this.#bodies.opening(this.#world.isBefore)
      : this.#bodies.account([...trades.ids], this.#world.isBefore);
  }

  #fresh(actor: PlatformActor): Attempt {
    const { random } = this.#world;
    const commands = Array.from({ length: random.pick([1, 1, 1, 2, 4]) }, () => this.#command(actor));
    // What a request books it may put right at once: all of it is one turn.
    const booked = commands.find(({ body }) => body.type === 'ExecuteTrade')?.body.data.tradeId;
    if (booked !== undefined && random.chance(0.3)) {
      for (let count = 1 + random.integer(3); count > 0; count--) {
        const body = this.#bodies.amendment([String(booked)]);
        commands.push({ commandId: this.#world.uniqueId('command'), body });
      }
    }
    const [first] = commands;
    // The same command twice in one request: the second must find the first.
    if (first !== undefined && random.chance(0.05)) commands.push(first);
    return { source: actor.source, commands, brief: random.chance(0.3), exploding: false };
  }

  #command(actor: PlatformActor): SentCommand {
    const { random } = this.#world;
    const body = this.#body(actor);
    const tradeId = body.type === 'ExecuteTrade' ? body.data.tradeId : undefined;
    // Over HTTP a trade without a key of its own has its trade id as command id.
    const commandId =
      tradeId !== undefined && random.chance(0.5) ? String(tradeId) : this.#world.uniqueId('command');
    if (!random.chance(0.15)) return { commandId, body };
    const { version } = this.#auditor.ledger(actor.source);
    return { commandId, body, expectedVersion: Math.max(0, version - random.pick([0, 0, 0, 1, 2])) };
  }

  #again(attempt: Attempt): Attempt {
    return { ...attempt, brief: this.#world.random.chance(0.3) };
  }

  /** An old id with another body, or an old trade under another id. */
  #misuse(attempt: Attempt): Attempt {
    const { random } = this.#world;
    const { commandId, body } = random.pick(attempt.commands);
    const command =
      thingOf(body) !== undefined && random.chance(0.6)
        ? {
            commandId: this.#world.uniqueId('command'),
            body: random.chance(0.7) ? body : altered(random, body),
          }
        : { commandId, body: altered(random, body) };
    return { source: attempt.source, commands: [command], brief: random.chance(0.3), exploding: false };
  }

  #explode(actor: PlatformActor): Attempt {
    const body = this.#bodies.exploding(actor.source.aggregateType);
    const exploding = { commandId: this.#world.uniqueId('command'), body };
    const commands = this.#world.random.chance(0.5) ? [this.#command(actor), exploding] : [exploding];
    return { source: actor.source, commands, brief: false, exploding: true };
  }

  /** The state from snapshot and tail, from the events alone, and as the actor remembers it: all the same. */
  async #inspect({ source, object }: PlatformActor): Promise<void> {
    this.#running++;
    const request = object.call(this.caller, 'inspect', ({ core }) => {
      this.#world.check(() => this.#compareStates(source, core));
    });
    const end = () => void this.#running--;
    request.then(end, end);
    await settled();
  }

  #compareStates(source: Source, core: ActorApp['core']): void {
    const ledger = this.#auditor.ledger(source);
    const head = core.head();
    if (head !== ledger.version)
      ledger.fail('acknowledged is durable', `the head is ${head}, not ${ledger.version}`);
    if (head === 0) return;
    const version = 1 + this.#world.random.integer(head);
    const { aggregate } = core;
    const past = [aggregate.stateAt(version), aggregate.stateFromEvents(version)];
    const present = [aggregate.current(), aggregate.stateFromEvents(head)];
    if (!isDeepStrictEqual(past[0], past[1]))
      ledger.fail('snapshot + tail = full fold', `not at version ${version}`);
    if (!isDeepStrictEqual(present[0], present[1]))
      ledger.fail('memory = full fold', `not at version ${head}`);
    let report = core.verify();
    while (report.next !== undefined) report = core.verify(report.next);
    if (!report.ok || report.eventsChecked !== head)
      ledger.fail('the hash chain holds', 'not by its own verification');
  }
}

/** Types of the shop's aggregates that clients send commands to. */
const SHOP = ['product', 'inventory', 'order', 'payment'];

function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const rest = [...items];
  return items.map(() => rest.splice(random.integer(rest.length), 1)[0] as Item);
}

function altered(random: Random, { type, data }: Body): Body {
  if (data.shipTo !== undefined && random.chance(0.5))
    return { type, data: { ...data, shipTo: { ...data.shipTo, line2: 'another one' } } };
  if (type === 'StartSaga') {
    const input = data.input as Record<string, unknown>;
    return { type, data: { ...data, input: { ...input, amount: `9${input.amount}` } } };
  }
  if (data.amount !== undefined)
    return { type, data: { ...data, amount: `${data.amount}1`.replace(/^0+(?=\d)/, '') } };
  if (data.price !== undefined) return { type, data: { ...data, price: `9${String(data.price)}` } };
  if (data.reason !== undefined) return { type, data: { ...data, reason: `not ${String(data.reason)}` } };
  if (data.holdId !== undefined) return { type, data: { holdId: `not-${String(data.holdId)}` } };
  if (data.holdIds !== undefined)
    return { type, data: { ...data, milliseconds: Number(data.milliseconds) + 1 } };
  if (data.quantity !== undefined) return { type, data: { ...data, quantity: `1${String(data.quantity)}` } };
  if (data.trackingNumber !== undefined)
    return { type, data: { ...data, trackingNumber: `not-${String(data.trackingNumber)}` } };
  if (data.customerId !== undefined)
    return { type, data: { ...data, customerId: `not-${String(data.customerId)}` } };
  if (type === 'SetLimits') return { type: 'FreezeAccount', data: { reason: 'something else' } };
  // What says nothing cannot say anything else.
  return { type, data };
}

function summary(command: SentCommand | undefined): string {
  if (command === undefined) return '';
  const { commandId, body, expectedVersion } = command;
  return `${commandId}${expectedVersion === undefined ? '' : `@${expectedVersion}`} ${body.type} ${JSON.stringify(body.data).slice(0, 160)}`;
}

function answerSummary(answer: Answer): string {
  return answer.status === 'refused' ? answer.code : `${answer.status} ${answer.version}`;
}
