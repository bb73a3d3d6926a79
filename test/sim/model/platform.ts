/** The simulated platform: actors, directory, queues, view databases, a bank, and the Worker code that runs between them. */
import { Directory } from '../../../actors/directory/directory.ts';
import type { AnyDecider } from '../../../actors/kernel/decider.ts';
import type { Source } from '../../../actors/kernel/messages.ts';
import { consumeBatch } from '../../../queues/kernel/consumer.ts';
import { keyOf } from '../../../queues/kernel/positions.ts';
import type { OwnerState, RebuildableProjector } from '../../../queues/kernel/projector.ts';
import { RememberedStandings } from '../../../queues/kernel/rememberedStandings.ts';
import type { RunnerDeps } from '../../../queues/kernel/runner.ts';
import { sweepPage } from '../../../queues/kernel/sweep.ts';
import type { RebuildDeps } from '../../../queues/rebuild/deps.ts';
import { consumeForSagas, type SagaConsumerDeps, tellSagas } from '../../../queues/sagas/consumer.ts';
import type { GroupName } from '../../../schemas/consumerGroups.ts';
import { isKnownEvent } from '../../../schemas/eventTypes.ts';
import { parseEventsMessage } from '../../../schemas/message.ts';
import { DIRECTORY_PARTS, directoryName, partOf } from '../../../schemas/partition.ts';
import type { ProviderCall } from '../../../schemas/paymentProvider.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { type ActorApp, type ActorWorld, startActor } from './actors.ts';
import { NetworkFault, type ObjectContext, type TurnReport } from './application.ts';
import { SimBank } from './bank.ts';
import { SimBucket } from './bucket.ts';
import { SimDatabase } from './database.ts';
import { SimObject } from './durableObject.ts';
import { type Consumer, consume, consumeDead, Invocation, KeptLetters } from './invocation.ts';
import { SimQueue } from './queue.ts';
import { type AskSubject, askingSubjects } from './subject.ts';
import { tracingLogger } from './tracingLogger.ts';
import type { Caller, World } from './world.ts';

/** Consumers that the deliveries of one queue may keep busy at a time: two, so that they race. */
const CONSUMERS_MAX = 2;
/** Sweeps that may overlap. */
const SWEEPS_MAX = 2;

export type ActorObject = SimObject<ActorApp>;

/** An object of any kind, as whoever disturbs it sees it. */
export type AlarmedObject = Pick<
  ActorObject,
  'isIdle' | 'isAwake' | 'drop' | 'alarmAt' | 'fireAlarm' | 'loseAlarm'
>;

/** An actor by its name. */
export interface PlatformActor {
  readonly source: Source;
  readonly object: ActorObject;
}

/** A part of the directory as the platform starts it: it sets no alarm. */
interface DirectoryApp {
  readonly directory: Directory;
  readonly alarm?: undefined;
}

/** Whoever watches: called after every commit. */
export interface Observer {
  turnCommitted(source: Source, object: ActorObject, report: TurnReport): void;
  messageStored(group: GroupName, body: string): void;
  viewsChanged(part: number): void;
  bankCommitted(part: number): void;
  backupChanged(key: string): void;
  /** Somebody has written a text somewhere, for good or not. */
  written(where: string, text: string): void;
  /** The bank is asked for something. */
  bankAsked(paymentId: string, call: ProviderCall): void;
}

/** A consumer group: its queue, and how many of its consumers are at work. */
interface Group {
  readonly name: GroupName;
  readonly queue: SimQueue;
  /** Undefined for the archive, which is left out: what it is told stays in the queue. */
  readonly consumer: Consumer | undefined;
  busy: number;
}

export class Platform {
  readonly databases: readonly SimDatabase[];
  readonly bank: SimBank;
  readonly bucket: SimBucket;
  /** Asks something of the keys of a subject, as every actor and every reader does. */
  readonly askSubject: AskSubject;
  /** Every actor that anybody has addressed, by key. */
  readonly actors = new Map<string, PlatformActor>();
  readonly directories: readonly SimObject<DirectoryApp>[];
  /** An aggregate that answers neither consumers nor the sweeper; its clients still reach it. */
  unreadable: string | undefined;
  readonly #world: World;
  readonly #logger: Logger;
  readonly #memories = new Map<string, RememberedStandings>();
  readonly #projectors: readonly RebuildableProjector[];
  readonly #deadLetters: KeptLetters;
  readonly #observer: Observer;
  readonly #deciderOf: (aggregateType: string) => AnyDecider;
  readonly #groups: readonly Group[];
  readonly #actorWorld: ActorWorld;
  readonly #alarmed: AlarmedObject[] = [];
  #sweeps = 0;

  constructor(
    world: World,
    observer: Observer,
    projectors: readonly RebuildableProjector[],
    deciderOf: (aggregateType: string) => AnyDecider,
  ) {
    this.#world = world;
    this.#observer = observer;
    this.#projectors = projectors;
    this.#deciderOf = deciderOf;
    this.#logger = tracingLogger(world, this.#watching('what is logged'));
    this.#deadLetters = new KeptLetters(this.#watching('dead letters'));
    this.databases = Array.from({ length: world.profile.parts }, (_, part) => {
      const changed = () => world.check(() => observer.viewsChanged(part));
      return new SimDatabase(world, part, changed, this.#watching(`views-${part}`));
    });
    this.directories = Array.from({ length: DIRECTORY_PARTS }, (_, part) => {
      const start = ({ storage }: ObjectContext): DirectoryApp => ({ directory: new Directory(storage) });
      const object = new SimObject(world, `directory ${directoryName(part)}`, start, ignore);
      object.storage.onWrite = this.#watching(object.name);
      return object;
    });
    this.#groups = [
      this.#group('archive', undefined),
      this.#group('views', (caller, messages) => consumeBatch(this.#viewsDeps(caller), messages)),
      this.#group('sagas', (caller, messages) => consumeForSagas(this.#sagasDeps(caller), messages)),
    ];
    this.bank = new SimBank(
      world,
      async (caller, paymentId, command) => {
        const target = { aggregateType: 'payment', aggregateId: paymentId };
        await this.#execute(caller, target, [command], WEBHOOK_CONTEXT);
      },
      {
        committed: (part) => world.check(() => observer.bankCommitted(part)),
        asked: (paymentId, call) => world.check(() => observer.bankAsked(paymentId, call)),
      },
    );
    this.#alarmed.push(...this.bank.parts);
    const backupsWritten = this.#watching('key backups');
    this.bucket = new SimBucket(world, (key, text) => {
      backupsWritten(text);
      world.check(() => observer.backupChanged(key));
    });
    this.askSubject = askingSubjects(world, (source) => this.actor(source).object);
    this.#actorWorld = {
      world,
      logger: this.#logger,
      bank: this.bank,
      bucket: this.bucket,
      queues: new Map(this.#groups.map(({ name, queue }) => [name, queue])),
      execute: (...call) => this.#execute(...call),
      askSubject: this.askSubject,
      register: (caller, { aggregateType, aggregateId }) =>
        this.#directory(partOf(aggregateId, DIRECTORY_PARTS)).call(caller, 'register', ({ directory }) =>
          directory.register(aggregateType, aggregateId),
        ),
    };
  }

  /** An aggregate's actor: it is there as soon as anybody addresses it. */
  actor(source: Source): PlatformActor {
    const known = this.actors.get(keyOf(source));
    if (known !== undefined) return known;
    const object: ActorObject = new SimObject<ActorApp>(
      this.#world,
      keyOf(source),
      (context) => startActor(this.#actorWorld, context, source, this.#deciderOf(source.aggregateType)),
      (report) => this.#world.check(() => this.#observer.turnCommitted(source, object, report)),
    );
    object.storage.onWrite = this.#watching(keyOf(source));
    const actor = { source, object };
    this.actors.set(keyOf(source), actor);
    this.#alarmed.push(object);
    return actor;
  }

  get queues(): readonly SimQueue[] {
    return this.#groups.map(({ queue }) => queue);
  }

  get canSweep(): boolean {
    return this.#sweeps < SWEEPS_MAX;
  }

  /** Every object that may crash or be evicted. */
  objects(): { isIdle: boolean; isAwake: boolean; drop: SimObject<ActorApp>['drop'] }[] {
    return [...this.directories, ...this.alarmed()];
  }

  /** Every object that may have an alarm. */
  alarmed(): readonly AlarmedObject[] {
    return this.#alarmed;
  }

  /** Deliveries that could be made now, to groups whose turn it is. */
  deliveries(isTurnOf: (group: GroupName) => boolean): (() => Promise<void>)[] {
    return this.#free().flatMap(([group, consumer]) =>
      (group.queue.nextAt() ?? Number.POSITIVE_INFINITY) <= this.#world.clock && isTurnOf(group.name)
        ? () => this.#deliver(group, consumer)
        : [],
    );
  }

  /** When the next message can be delivered to a consumer that is free; undefined where there is none. */
  nextDeliveryAt(): number | undefined {
    const times = this.#free().flatMap(([{ queue }]) => queue.nextAt() ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** One page of the sweep in one part of the directory. */
  async sweep(part: number): Promise<void> {
    const object = this.#directory(part);
    this.#sweeps++;
    const sweeper = new Invocation(this.#world, this.#world.uniqueId('sweeper'), () => this.#sweeps--);
    const sagas = this.#sagasDeps(sweeper);
    await sweeper.run(() =>
      sweepPage({
        ...this.#viewsDeps(sweeper),
        directory: {
          sweepCursor: () => object.call(sweeper, 'sweepCursor', ({ directory }) => directory.sweepCursor()),
          list: (after, limit) =>
            object.call(sweeper, 'list', ({ directory }) => directory.list(after, limit)),
          saveSweepCursor: (cursor) =>
            object.call(sweeper, 'saveSweepCursor', ({ directory }) => directory.saveSweepCursor(cursor)),
        },
        head: (key) => this.#readActor(sweeper, 'head', key, ({ core }) => core.head()),
        followers: [async (heads) => void (await tellSagas(sagas, heads))],
      }),
    );
  }

  /** What works on the views of each database. */
  rebuildDeps(caller: Caller): RebuildDeps[] {
    return this.databases.map((database, part) => ({
      ...this.#runnerDeps(caller, part),
      projectors: this.#projectors,
      // Others come and go, and some of their rows are larger than a small portion.
      portion: (full) => (this.#world.random.chance(0.5) ? full : this.#world.random.integer(full) + 1),
      letOthersGoFirst: async () => undefined,
      directoryParts: this.directories.length,
      directory: (index, after, limit) =>
        this.#directory(index).call(caller, 'list', ({ directory }) => directory.list(after, limit)),
      owns: ({ aggregateId }) => database.holds(aggregateId),
      head: (key) => this.#readActor(caller, 'head', key, ({ core }) => core.head()),
      owner: (key, version) => this.#ownerState(caller, key, version),
    }));
  }

  close(): void {
    for (const { object } of this.actors.values()) object.storage.close();
    for (const { storage } of [...this.directories, ...this.bank.parts]) storage.close();
    for (const database of this.databases) database.close();
  }

  #group(name: GroupName, consumer: Consumer | undefined): Group {
    const written = this.#watching(`queue ${name}`);
    const stored = (body: string) => {
      written(body);
      this.#world.check(() => this.#observer.messageStored(name, body));
    };
    return { name, queue: new SimQueue(this.#world, name, stored), consumer, busy: 0 };
  }

  /** What is told of every text that is written somewhere. */
  #watching(where: string): (text: string) => void {
    return (text) => this.#world.check(() => this.#observer.written(where, text));
  }

  #directory(part: number): SimObject<DirectoryApp> {
    return this.directories[part] as SimObject<DirectoryApp>;
  }

  /** Groups of which a consumer is free. */
  #free(): (readonly [Group, Consumer])[] {
    return this.#groups.flatMap((group) =>
      group.consumer !== undefined && group.busy < CONSUMERS_MAX ? [[group, group.consumer] as const] : [],
    );
  }

  async #deliver(group: Group, consumer: Consumer): Promise<void> {
    await consumeDead(this.#logger, this.#deadLetters, group.name, group.queue.takeDead());
    const messages = group.queue.take();
    if (messages.length === 0) return;
    group.busy++;
    await consume(this.#world, group.queue, messages, consumer, () => group.busy--);
  }

  async #ownerState(caller: Caller, key: Source, version: number): Promise<OwnerState | undefined> {
    return this.#readActor(caller, 'read', key, ({ core }) => {
      const read = core.read({ version });
      const hash = parseEventsMessage(core.messages(version, 1)[0] ?? '{}').events[0]?.hash;
      // What goes over RPC is a copy.
      return read === null || hash === undefined ? undefined : { state: structuredClone(read.state), hash };
    });
  }

  #execute: ActorWorld['execute'] = (caller, target, commands, context) =>
    this.actor(target).object.call(caller, 'execute', (app) => app.execute(commands, context));

  async #readActor<Result>(
    caller: Caller,
    label: string,
    key: Source,
    invoke: (app: ActorApp) => Result | Promise<Result>,
  ): Promise<Result> {
    if (this.unreadable === keyOf(key)) throw new NetworkFault(`${keyOf(key)} does not answer`);
    return this.actor(key).object.call(caller, label, invoke);
  }

  #viewsDeps(caller: Caller) {
    return {
      parts: this.databases.length,
      logger: this.#logger,
      runnerDeps: (part: number) => ({ ...this.#runnerDeps(caller, part), remembered: this.#memoryOf(part) }),
      chance: () => this.#chance(),
    };
  }

  #sagasDeps(caller: Caller): SagaConsumerDeps {
    return {
      logger: this.#logger,
      databases: this.databases.map((database) => database.client(caller)),
      knowsEvent: isKnownEvent,
      readLog: this.#logReader(caller),
      execute: (sagaId, commands, context) => {
        const saga = { aggregateType: 'saga', aggregateId: sagaId };
        return this.#readActor(caller, 'execute', saga, ({ core }) => core.execute(commands, context));
      },
      chance: () => this.#chance(),
    };
  }

  /** Batches come to several instances of the consumer, each of which remembers for as long as it lives. */
  #memoryOf(part: number): RememberedStandings {
    const instance = `${part}/${this.#world.random.integer(CONSUMER_INSTANCES)}`;
    const isNew = this.#world.random.integer(CONSUMER_BATCHES) === 0;
    const known = isNew ? undefined : this.#memories.get(instance);
    const memory = known ?? new RememberedStandings(this.#projectors);
    this.#memories.set(instance, memory);
    return memory;
  }

  #runnerDeps(caller: Caller, part: number): RunnerDeps {
    return {
      database: (this.databases[part] as SimDatabase).client(caller),
      projectors: this.#projectors,
      logger: this.#logger,
      knowsEvent: isKnownEvent,
      readLog: this.#logReader(caller),
      newClaim: () => this.#world.uniqueId('claim'),
      now: () => this.#world.clock,
    };
  }

  #logReader(caller: Caller): RunnerDeps['readLog'] {
    return async (key, fromVersion, limit) => {
      const texts = await this.#readActor(caller, 'messages', key, ({ core }) =>
        core.messages(fromVersion, limit),
      );
      return texts.map(parseEventsMessage);
    };
  }

  #chance(): number {
    return this.#world.random.integer(1_000) / 1_000;
  }
}

/** Instances of the views' consumer at a time, and batches that one lives for on average. */
const CONSUMER_INSTANCES = 2;
const CONSUMER_BATCHES = 20;

const WEBHOOK_CONTEXT = { userId: 'sandbox', correlationId: 'webhook', causationId: null };

function ignore(): void {
  // Nobody watches the directory's turns.
}
