/**
 * The auditor: sees what clients send and hear, what each commit stored, what the queue took and what the views show, and
 * keeps books of its own. Every check names the promise that it guards.
 */
import type { Source } from '../../../actors/kernel/messages.ts';
import { keyOf } from '../../../queues/kernel/positions.ts';
import type { GroupName } from '../../../schemas/consumerGroups.ts';
import type { ProviderCall } from '../../../schemas/paymentProvider.ts';
import type { TurnReport } from '../model/application.ts';
import type { ActorObject, Observer, Platform } from '../model/platform.ts';
import type { SimStorage } from '../model/storage.ts';
import { PERSONAL_DATA_KEYS } from '../model/subject.ts';
import { Breach, type World } from '../model/world.ts';
import type { Attempt } from '../workload/attempt.ts';
import { isPersonal } from '../workload/personalValues.ts';
import { AccountBook } from './accountBook.ts';
import { AccountTransfers } from './accountTransfers.ts';
import { Announced } from './announced.ts';
import { type Answer, AnswerBook, type Expectation } from './answers.ts';
import { BankAudit } from './bankAudit.ts';
import type { Book } from './book.ts';
import { checkWritten } from './eras.ts';
import { HoldBook } from './holdBook.ts';
import { InventoryBook } from './inventoryBook.ts';
import { Ledger, LOG_COLUMNS } from './ledger.ts';
import { MoneyAudit } from './money.ts';
import { OrderBook } from './orderBook.ts';
import { PaymentBook } from './paymentBook.ts';
import { ProductBook } from './productBook.ts';
import { SagaBook } from './sagaBook.ts';
import { SealedValues } from './sealed.ts';
import { ShipmentBook } from './shipmentBook.ts';
import { checkShop, checkTold, untold } from './shopAudit.ts';
import { SubjectAudit, subjectOf } from './subjectAudit.ts';
import { SubjectBook } from './subjectBook.ts';
import { type PoisonFate, ViewAudit } from './views.ts';

/** Aggregates that perform effects have other reasons to set the alarm than what was decided. */
const WITH_EFFECTS = ['saga', 'order', 'payment', 'subject'];

/** Answers to an erasure that say that the subject is erased. */
const ERASED = ['accepted', 'replayed', 'already_erased'];

/** Something that nobody but the sweeper finds, and when it is due. */
export interface Lost {
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The promise that is broken if it is never found. */
  readonly check: string;
}

const NEW_ROWS = `SELECT ${LOG_COLUMNS} FROM events WHERE version > ? ORDER BY version`;

export class Auditor implements Observer {
  readonly ledgers = new Map<string, Ledger>();
  readonly answers = new AnswerBook();
  readonly #world: World;
  readonly #money = new MoneyAudit();
  readonly #announced = new Map<Ledger, Announced>();
  readonly #stored = new Set<Ledger>();
  /** Aggregates that are in the directory: nothing ever leaves it. */
  readonly #known = new Set<Ledger>();
  readonly #sealed = new SealedValues(PERSONAL_DATA_KEYS);
  #bank: BankAudit | undefined;
  #subjects: SubjectAudit | undefined;
  #views: ViewAudit[] = [];
  #directories: Platform['directories'] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Begins to watch the view databases, the directory and the bank. */
  watch(platform: Platform): void {
    this.#bank = new BankAudit(platform.bank, (paymentId) => {
      const book = this.ledgers.get(`payment/${paymentId}`)?.book;
      return book instanceof PaymentBook ? book : undefined;
    });
    this.#subjects = new SubjectAudit({
      bookOf: (subjectId) => this.#subjectBook(subjectId),
      bucket: platform.bucket,
      sealed: this.#sealed,
    });
    this.#directories = platform.directories;
    this.#views = platform.databases.map((database) => new ViewAudit(database, this.ledgers));
  }

  /** The ledger of an aggregate, which may have none of its own yet: an object is there before anything is in it. */
  ledger(source: Source): Ledger {
    const known = this.ledgers.get(keyOf(source));
    if (known !== undefined) return known;
    const ledger = new Ledger(source, this.#bookOf(source));
    this.ledgers.set(keyOf(source), ledger);
    this.#announced.set(ledger, new Announced(source.aggregateType));
    return ledger;
  }

  /** The books of every aggregate of a kind, by its id. */
  // biome-ignore lint/suspicious/noExplicitAny: how a book is made is of no interest here
  books<Kind extends Book>(kind: new (...parameters: any[]) => Kind): Map<string, Kind> {
    const books = new Map<string, Kind>();
    for (const { source, book } of this.ledgers.values())
      if (book instanceof kind) books.set(source.aggregateId, book);
    return books;
  }

  /** Sagas that have begun and are in a state. */
  sagaIds(isWanted: (saga: SagaBook) => boolean = () => true): string[] {
    return [...this.books(SagaBook)]
      .filter(([, saga]) => saga.status !== 'UNSTARTED' && isWanted(saga))
      .map(([sagaId]) => sagaId);
  }

  #subjectBook(aggregateId: string): SubjectBook {
    return this.ledger({ aggregateType: 'subject', aggregateId }).book as SubjectBook;
  }

  #bookOf(source: Source): Book {
    const ledgerOf = (other: Source) => this.ledger(other);
    const { aggregateId } = source;
    switch (source.aggregateType) {
      case 'account':
        return new AccountBook(new AccountTransfers(aggregateId, ledgerOf));
      case 'saga':
        return new SagaBook(aggregateId, ledgerOf);
      case 'product':
        return new ProductBook();
      case 'inventory':
        return new InventoryBook(source, ledgerOf);
      case 'order':
        return new OrderBook(source, ledgerOf, this.#sealed.open);
      case 'payment':
        return new PaymentBook(source, {
          ledgerOf,
          bankSaid: (...asked) => this.#bank?.said(...asked),
          open: this.#sealed.open,
          isErased: (customerId) => this.#subjectBook(customerId).isErased,
        });
      case 'shipment':
        return new ShipmentBook(aggregateId, ledgerOf);
      case 'subject':
        return new SubjectBook();
      default:
        return new HoldBook();
    }
  }

  /** What is known of personal data. */
  get subjects(): SubjectAudit {
    if (this.#subjects === undefined) throw new Error('nothing is watched yet');
    return this.#subjects;
  }

  sent(attempt: Attempt): Expectation[] {
    const expected = this.answers.sent(this.ledger(attempt.source), attempt);
    return attempt.commands.map(({ body }, index) => {
      const subjectId = subjectOf(body);
      const isErased = subjectId !== undefined && this.subjects.asks(subjectId).isErased;
      return isErased ? 'subject_erased' : expected[index];
    });
  }

  heard(attempt: Attempt, answers: readonly Answer[], expected: readonly Expectation[]): void {
    const ledger = this.ledger(attempt.source);
    // Only rules that refuse before they come to explode may answer; the exploding command is the last.
    if (attempt.exploding && answers.at(-1)?.status !== 'refused') {
      ledger.fail('poison fails its caller alone', 'a command that makes the rules throw was accepted');
    }
    this.answers.heard(ledger, attempt, answers, expected);
    if (ledger.version > 0 && answers.some(({ status }) => status !== 'refused')) this.#checkKnown(ledger);
    for (const [index, { body }] of attempt.commands.entries()) {
      const answer = answers[index];
      const said = answer?.status === 'refused' ? answer.code : String(answer?.status);
      if (body.type === 'EraseSubject' && ERASED.includes(said))
        this.subjects.heardErased(attempt.source.aggregateId);
      if (said === 'subject_erased') this.subjects.requireErased(subjectOf(body) ?? '');
    }
  }

  turnCommitted(source: Source, object: ActorObject, report: TurnReport): void {
    const ledger = this.ledger(source);
    if (!this.#isStored(ledger, object)) return;
    const rows = object.storage.inspect(NEW_ROWS, ledger.version);
    ledger.append(rows);
    if (!this.#world.isBefore)
      for (const event of ledger.events.slice(ledger.version - rows.length)) checkWritten(event);
    if (source.aggregateType === 'account') this.#checkMoney(ledger, rows.length);
    if (source.aggregateType === 'subject') this.subjects.committed(source.aggregateId, object.storage);
    const decided =
      report.label === 'decides' && !report.inAlarm && !WITH_EFFECTS.includes(source.aggregateType);
    if (decided && rows.length === 0 && (report.rowsWritten > 0 || report.alarmChanged)) {
      ledger.fail(
        'a refused command costs no row',
        `${report.rowsWritten} rows, alarm ${report.alarmChanged}`,
      );
    }
    this.#checkCursor(ledger, object);
    if (!object.isFiring && !object.alarmLost) this.#checkAlarm(ledger, object);
  }

  written(where: string, text: string): void {
    if (isPersonal(text)) throw new Breach('nothing personal is in the clear', `${where}: ${text}`);
  }

  /** A card is asked for once it is there, and until its holder is erased. */
  bankAsked(paymentId: string, { operation, token, pending }: ProviderCall): void {
    this.#bank?.asked(paymentId, { operation, token, isPending: pending !== null });
  }

  bankCommitted(part: number): void {
    this.#bank?.committed(part);
  }

  backupChanged(key: string): void {
    this.subjects.backupChanged(key.slice(key.indexOf('/') + 1));
  }

  messageStored(group: GroupName, body: string): void {
    const message = JSON.parse(body) as {
      fromVersion: number;
      toVersion: number;
      events: { version: number; hash: string }[];
    } & Source;
    const ledger = this.ledger(message);
    if (message.toVersion > ledger.version) {
      ledger.fail(
        'nothing leaves before it is durable',
        `version ${message.toVersion} of ${ledger.version} was sent`,
      );
    }
    for (const { version, hash } of message.events) {
      if (ledger.events[version - 1]?.hash !== hash)
        ledger.fail('messages carry the log', `not at version ${version}`);
    }
    this.#announced.get(ledger)?.add(group, message.fromVersion, message.toVersion);
  }

  viewsChanged(part: number): void {
    this.#views[part]?.changed();
  }

  /** At rest, while poison still is poison or after its repair; views may lack what nobody could read. */
  settled(platform: Platform, poison: PoisonFate): void {
    for (const view of this.#views) view.settled(poison, platform.unreadable);
    for (const [key, { source, object }] of platform.actors) {
      if (key !== platform.unreadable) this.#checkRest(source, object);
    }
    for (const ledger of this.ledgers.values()) if (ledger.version > 0) this.#checkKnown(ledger);
    for (const { source, book } of this.ledgers.values()) {
      if (book instanceof SagaBook && book.isRunning && keyOf(source) !== platform.unreadable)
        throw new Breach('every saga ends', `${keyOf(source)} is ${book.status}`);
    }
    checkTold(this.ledgers, platform.databases, platform.unreadable);
  }

  /** Once nothing is under way any more: the keys of all subjects are where they have to be. */
  keysKept(): void {
    this.subjects.settled(this.books(SubjectBook).keys());
  }

  /** Once every saga has ended: so have the orders, and the bank has what payments say that it has. */
  shopClosed(): void {
    checkShop(this.ledgers);
    this.#bank?.settled(this.books(PaymentBook));
  }

  /** Once no saga is parked any more: no money is on its way or set aside. */
  paidOut(): void {
    this.#money.settled();
    for (const { source, book } of this.ledgers.values()) {
      const [transferId] = book instanceof AccountBook ? book.transfers.open : [];
      if (transferId !== undefined)
        throw new Breach('every transfer ends', `${transferId} is open in account/${source.aggregateId}`);
    }
  }

  #checkMoney(ledger: Ledger, added: number): void {
    for (const event of ledger.events.slice(ledger.version - added)) this.#money.apply(event);
    if (added > 0) this.#money.check(this.books(AccountBook).values());
  }

  /** When the last of all that is left to do is due, milliseconds since 1970; undefined where nothing is. */
  lastDue(): number | undefined {
    const due = [...this.ledgers.values()].flatMap(({ book }) => [...book.due()].map(({ at }) => at));
    return due.length === 0 ? undefined : Math.max(...due);
  }

  /** What only the sweeper finds: who has lost its alarm, and what sagas were not told of; undefined where nothing is. */
  firstLost(platform: Platform): Lost | undefined {
    let first: Lost | undefined;
    for (const [what, { source, object }] of platform.actors) {
      if (!object.alarmLost || what === platform.unreadable) continue;
      const ledger = this.ledger(source);
      const isBehind = (this.#announced.get(ledger)?.upTo ?? 0) < ledger.version;
      const due = [...ledger.book.due()].map(({ at }) => at);
      const at = Math.min(...due, isBehind ? this.#world.clock : Number.POSITIVE_INFINITY);
      if (at < (first?.at ?? Number.POSITIVE_INFINITY)) first = { what, at, check: 'no timer gets lost' };
    }
    const { clock } = this.#world;
    if (first !== undefined && first.at <= clock) return first;
    const what = untold(this.ledgers, platform.databases, platform.unreadable);
    return what === undefined ? first : { what, at: clock, check: 'sagas are told of everything' };
  }

  /** After a rebuild of every view that nothing stood in the way of. */
  rebuilt(): void {
    for (const view of this.#views) view.rebuilt();
  }

  /** The end: the whole log again, every answer, every row of every view. */
  complete(platform: Platform): void {
    for (const { source, object } of platform.actors.values()) {
      const ledger = this.ledger(source);
      if (!this.#isStored(ledger, object)) continue;
      const rows = object.storage.inspect(NEW_ROWS, 0);
      const changed = ledger.events.findIndex(
        ({ row }, index) => JSON.stringify(row) !== JSON.stringify(rows[index]),
      );
      if (changed >= 0 || rows.length !== ledger.version) {
        ledger.fail('the log is append-only', `version ${changed + 1} changed or went away`);
      }
      this.answers.finish(ledger);
    }
    for (const view of this.#views) view.complete();
  }

  /** Whether the object has tables: before its first event it must have none. */
  #isStored(ledger: Ledger, object: ActorObject): boolean {
    if (this.#stored.has(ledger)) return true;
    if (!hasTables(object.storage)) return false;
    this.#stored.add(ledger);
    const [count] = object.storage.inspect('SELECT count(*) FROM events');
    if (count?.[0] === 0) ledger.fail('a refused command costs no row', 'tables were made without an event');
    return true;
  }

  /** The stored cursor never passes what the queue has taken. */
  #checkCursor(ledger: Ledger, object: ActorObject): void {
    const published = publishedBy(object);
    const announced = this.#announced.get(ledger)?.upTo ?? 0;
    if (published > announced) {
      ledger.fail('the cursor follows the queue', `it says ${published}, the queue has taken ${announced}`);
    }
  }

  /** Whoever has something left to do has an alarm set for it. */
  #checkAlarm(ledger: Ledger, object: ActorObject): void {
    const { at, attempt } = object.storage.alarm;
    const due = [...ledger.book.due()];
    const behind = (this.#announced.get(ledger)?.upTo ?? 0) < ledger.version;
    const [first] = due;
    if (at === undefined && (behind || first !== undefined)) {
      ledger.fail(
        'no work without an alarm',
        behind ? 'events are not announced' : `${first?.what} is due at ${first?.at}`,
      );
    }
    if (at === undefined || attempt > 0) return;
    const now = this.#world.clock + this.#world.profile.skewMs;
    for (const { what, at: dueAt, slackMs } of due) {
      const latest = dueAt > now ? dueAt : now + slackMs;
      if (at > latest) ledger.fail('no timer gets lost', `the alarm is ${at - dueAt} ms later than ${what}`);
    }
  }

  #checkRest(source: Source, object: ActorObject): void {
    const ledger = this.ledger(source);
    for (const { what, at } of ledger.book.due())
      ledger.fail('no timer gets lost', `${what} was due at ${at} and is still open`);
    if (ledger.version === 0) return;
    const announced = this.#announced.get(ledger)?.upTo ?? 0;
    if (announced < ledger.version)
      ledger.fail('every event is announced', `${announced} of ${ledger.version}`);
    if (object.storage.alarm.at !== undefined)
      ledger.fail('alarms end', `one is set for ${object.storage.alarm.at}`);
  }

  /** Whoever was told of an aggregate may rely on the sweeper. */
  #checkKnown(ledger: Ledger): void {
    if (this.#known.has(ledger)) return;
    const { aggregateId, aggregateType } = ledger.source;
    const query = 'SELECT 1 FROM aggregates WHERE aggregate_type = ? AND aggregate_id = ?';
    const isKnown = this.#directories.some(
      ({ storage }) => hasTables(storage) && storage.inspect(query, aggregateType, aggregateId).length > 0,
    );
    if (!isKnown)
      ledger.fail('the sweeper knows every aggregate', 'it was acknowledged and is not registered');
    this.#known.add(ledger);
  }
}

function publishedBy(object: ActorObject): number {
  return (object.storage.inspect('SELECT published FROM outbox')[0]?.[0] as number | undefined) ?? 0;
}

function hasTables(storage: SimStorage): boolean {
  return storage.inspect("SELECT 1 FROM sqlite_master WHERE type = 'table' LIMIT 1").length > 0;
}
