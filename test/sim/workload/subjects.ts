/** What is done with personal data: stored, read, held, erased, and its keys replaced, all at once. */

import type { Auditor } from '../audit/auditor.ts';
import { OrderBook, UNDER_WAY } from '../audit/orderBook.ts';
import { SubjectBook } from '../audit/subjectBook.ts';
import type { ActorApp } from '../model/actors.ts';
import { NetworkFault } from '../model/application.ts';
import type { Platform } from '../model/platform.ts';
import { StorageFault } from '../model/storage.ts';
import { Breach, type Caller, settled, type World } from '../model/world.ts';
import type { Attempt } from './attempt.ts';
import { newPersonalText } from './personalValues.ts';

/** Subjects that are not erased and that somebody does something with. */
const SUBJECTS_MAX = 2;

/** Chance that it is somebody whose order is under way, where there is one. */
const CUSTOMER_CHANCE = 0.5;

/** Values that are read at a time. */
const READ_MAX = 4;

const CONTEXT = { userId: 'client', correlationId: 'personal', causationId: null };

/** Commands by how often they are sent. */
const COMMANDS = [
  'RotateSubjectKey',
  'RotateSubjectKey',
  'PlaceLegalHold',
  'LiftLegalHold',
  'LiftLegalHold',
  'EraseSubject',
  'EraseSubject',
];

type Vault = NonNullable<ActorApp['vault']>;

export class SubjectVisitor {
  readonly #world: World;
  readonly #platform: Platform;
  readonly #auditor: Auditor;
  readonly #caller: Caller;

  constructor(world: World, platform: Platform, auditor: Auditor, caller: Caller) {
    this.#world = world;
    this.#platform = platform;
    this.#auditor = auditor;
    this.#caller = caller;
  }

  /** Does something; or answers a command for the caller to send. */
  async act(): Promise<Attempt | undefined> {
    const { random } = this.#world;
    const subjectId = this.#pick();
    const roll = random.integer(100);
    if (roll < 30) await this.#seal(subjectId);
    else if (roll < 55) await this.read(subjectId);
    else if (roll < 62)
      await this.#ask(
        subjectId,
        'rewrap',
        (vault) => vault.rewrap(),
        () => undefined,
      );
    else return this.#command(subjectId);
    return undefined;
  }

  /** Reads some of what was ever stored of a subject. */
  async read(subjectId: string, most = READ_MAX): Promise<void> {
    const audit = this.#auditor.subjects;
    const values = audit.values(subjectId).slice(-most);
    if (values.length === 0) return;
    const asked = audit.asks(subjectId);
    const fields = values.map(({ encrypted }) => ({ kind: 'address' as const, encrypted }));
    await this.#ask(
      subjectId,
      'open',
      (vault) => vault.open(fields),
      (answers) => audit.opened(subjectId, values, asked, answers),
    );
  }

  /** Reads all that was ever stored of anybody. */
  async readAll(): Promise<void> {
    for (const subjectId of this.#auditor.books(SubjectBook).keys())
      await this.read(subjectId, Number.POSITIVE_INFINITY);
  }

  /** A customer whose order is under way, one of those that are there or that have been erased, or somebody new. */
  #pick(): string {
    const customers = this.#customers();
    if (customers.length > 0 && this.#world.random.chance(CUSTOMER_CHANCE))
      return this.#world.random.pick(customers);
    const books = [...this.#auditor.books(SubjectBook)];
    const isNew = books.filter(([, { isErased }]) => !isErased).length < SUBJECTS_MAX;
    if (books.length === 0 || (isNew && this.#world.random.chance(0.5)))
      return this.#world.uniqueId('subject');
    return this.#world.random.pick(books.slice(-SUBJECTS_MAX - 1))[0];
  }

  /** Whose orders are under way. */
  #customers(): string[] {
    return [...this.#auditor.books(OrderBook).values()].flatMap(({ status, placed }) =>
      placed !== undefined && UNDER_WAY.includes(status) ? [String(placed.data.customerId)] : [],
    );
  }

  async #seal(subjectId: string): Promise<void> {
    const audit = this.#auditor.subjects;
    const text = newPersonalText(this.#world);
    const create = this.#world.random.chance(0.8);
    const asked = audit.asks(subjectId);
    await this.#ask(
      subjectId,
      'seal',
      (vault) => vault.seal([{ kind: 'address', text }], create, CONTEXT),
      (answer) => audit.sealed(subjectId, text, create, asked, answer),
    );
  }

  #command(subjectId: string): Attempt {
    const type = this.#world.random.pick(COMMANDS);
    const body = { type, data: { reason: this.#world.uniqueId('because') } };
    return {
      source: { aggregateType: 'subject', aggregateId: subjectId },
      commands: [{ commandId: this.#world.uniqueId('command'), body }],
      brief: this.#world.random.chance(0.3),
      exploding: false,
    };
  }

  async #ask<Answer>(
    subjectId: string,
    label: string,
    invoke: (vault: Vault) => Promise<Answer>,
    heard: (answer: Answer) => void,
  ): Promise<void> {
    const { object } = this.#platform.actor({ aggregateType: 'subject', aggregateId: subjectId });
    this.#world.trace.note(this.#world.clock, 'client asks', subjectId, label);
    // What got lost while things fail may be heard of after.
    const { faulty } = this.#world;
    const request = object.call(this.#caller, label, ({ vault }) => invoke(vault as Vault));
    request.then(
      (answer) => this.#world.check(() => heard(answer)),
      (error) => this.#world.check(() => this.#failed(subjectId, label, error, faulty)),
    );
    await settled();
  }

  /** Whoever hears nothing knows nothing. */
  #failed(subjectId: string, label: string, error: unknown, mayFail: boolean): void {
    this.#world.trace.note(this.#world.clock, 'client hears nothing', subjectId, label, error);
    if (mayFail || error instanceof NetworkFault || error instanceof StorageFault) return;
    throw new Breach('what is sealed can be read', `subject/${subjectId} ${label}: ${String(error)}`);
  }
}
