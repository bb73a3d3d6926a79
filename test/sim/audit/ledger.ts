/**
 * The auditor's copy of one aggregate's log, taken after every commit: it checks each new event against its predecessor,
 * against the commands that were sent, and against books of its own.
 */
import type { Source } from '../../../actors/kernel/messages.ts';
import type { SqlValue } from '../../../actors/kernel/storage.ts';
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import type { AuditedEvent, Book } from './book.ts';
import { canonicalText, sha256 } from './exact.ts';

/** Columns of a log's row in the order in which the auditor reads them. */
export const LOG_COLUMNS = 'version, type, schema_version, recorded_at, data, metadata, hash, command_id';

/** What the first event names as its predecessor's hash. */
export const GENESIS = '0'.repeat(64);

/** A command that ran. */
export interface Run {
  readonly commandId: string;
  readonly body: Body;
  readonly first: number;
  last: number;
  /** Whether a client was told. */
  acknowledged: boolean;
}

export class Ledger {
  readonly source: Source;
  readonly events: AuditedEvent[] = [];
  readonly runs = new Map<string, Run>();
  /** Runs by the id of the thing that they made. */
  readonly made = new Map<string, Run>();
  readonly book: Book;
  /** Bodies that clients sent under a command id. */
  readonly sent = new Map<string, Body[]>();

  constructor(source: Source, book: Book) {
    this.source = source;
    this.book = book;
  }

  get version(): number {
    return this.events.length;
  }

  /** Takes the rows that a commit added. */
  append(rows: readonly (readonly SqlValue[])[]): void {
    for (const row of rows) {
      const event = this.#read(row);
      this.events.push(event);
      this.#book(event, row[7] as string | null);
    }
  }

  fail(check: string, detail: string): never {
    throw new Breach(check, `${this.source.aggregateType}/${this.source.aggregateId} ${detail}`);
  }

  /** The run that a command's answer must be about: of its own id, or of another that made the same thing. */
  runFor(commandId: string, body: Body): Run | undefined {
    const thing = thingOf(body);
    return this.runs.get(commandId) ?? (thing === undefined ? undefined : this.made.get(thing));
  }

  #read(row: readonly SqlValue[]): AuditedEvent {
    const [version, type, schemaVersion, recordedAt, dataText, metadataText, hash] = row as [
      number,
      string,
      number,
      number,
      string,
      string,
      string,
    ];
    const previous = this.events.at(-1);
    if (version !== this.version + 1)
      this.fail('versions 1 to n', `${this.version} is followed by ${version}`);
    if (recordedAt < (previous?.recordedAt ?? 0))
      this.fail('recordedAt never decreases', `at version ${version}`);
    const data = JSON.parse(dataText) as Record<string, unknown>;
    const metadata = JSON.parse(metadataText) as Record<string, unknown>;
    if (canonicalText(data) !== dataText || canonicalText(metadata) !== metadataText) {
      this.fail('stored texts are canonical', `at version ${version}`);
    }
    const covered = canonicalText({
      ...this.source,
      data,
      eventType: type,
      metadata,
      previousHash: previous?.hash ?? GENESIS,
      recordedAt: new Date(recordedAt).toISOString(),
      schemaVersion,
      version,
    });
    if (sha256(covered) !== hash) this.fail('the hash chain holds', `not at version ${version}`);
    const { aggregateId } = this.source;
    const commandId = String(metadata.commandId);
    const sagaId = metadata.sagaId as string | undefined;
    return { aggregateId, version, type, schemaVersion, recordedAt, data, hash, commandId, sagaId, row };
  }

  #book(event: AuditedEvent, startedBy: string | null): void {
    const run = startedBy === null ? this.#continued(event) : this.#started(event, startedBy);
    run.last = event.version;
    const thing = run.first === event.version ? thingOf(run.body) : undefined;
    if (thing !== undefined) {
      if (this.made.has(thing)) this.fail('exactly once', `${thing} was made twice`);
      this.made.set(thing, run);
    }
    this.book.apply(event, run.body);
  }

  #continued(event: AuditedEvent): Run {
    const run = this.runs.get(event.commandId);
    if (
      run === undefined ||
      run.last !== event.version - 1 ||
      !this.book.fits(run.body, event, event.version - run.first)
    ) {
      this.fail('events come from commands', `version ${event.version} (${event.type}) continues no command`);
    }
    return run;
  }

  #started(event: AuditedEvent, commandId: string): Run {
    if (commandId !== event.commandId)
      this.fail('events come from commands', `version ${event.version} has two ids`);
    if (this.runs.has(commandId)) this.fail('exactly once', `command ${commandId} ran twice`);
    const body = this.#bodyOf(event, commandId);
    if (body === undefined) {
      this.fail(
        'events come from commands',
        `version ${event.version} (${event.type}) is not what ${commandId} asked`,
      );
    }
    const run: Run = { commandId, body, first: event.version, last: event.version, acknowledged: false };
    this.runs.set(commandId, run);
    return run;
  }

  #bodyOf(event: AuditedEvent, commandId: string): Body | undefined {
    // Only the platform's own ids have spaces; what clients cannot send to, it may send what it likes to.
    const sent = commandId.includes(' ') ? undefined : this.sent.get(commandId);
    if (sent !== undefined) return sent.find((body) => this.book.fits(body, event, 0));
    const body = this.book.platformBody(event, commandId);
    return body !== undefined && this.book.fits(body, event, 0) ? body : undefined;
  }
}

/** The id of the thing that a command makes, by which a repeat under another command id is recognised. */
export function thingOf({ type, data }: Body): string | undefined {
  switch (type) {
    case 'ExecuteTrade':
      return `trade ${data.tradeId}`;
    case 'StartSaga':
      return `saga ${data.sagaId}`;
    case 'PlaceOrder':
      return `order ${data.orderId}`;
    case 'ReserveStock':
      return `reservation ${data.reservationId}`;
    case 'RefundPayment':
      return `refund ${data.refundId}`;
    default:
      return undefined;
  }
}

/** The ledgers of all aggregates, for books that depend on each other. */
export type LedgerOf = (source: Source) => Ledger;
