/**
 * Restoring a log from a copy, byte for byte: the same events, hashes and memory of commands, with no rule asked and nobody
 * told. While that goes on the log is held: the aggregate takes no command, answers nothing, announces nothing, and no
 * timer and no effect of it runs, since it does not know yet how its story ends. Once all of it is there it is released, and goes
 * on as after an eviction. No Cloudflare import.
 */
import { canonicalJson } from '../../schemas/canonical.ts';
import type { PublishedEvent } from '../../schemas/message.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import { Aggregate, Unfoldable } from './aggregate.ts';
import type { AnyDecider } from './decider.ts';
import { decodeEvent, type LogPoint } from './eventLog.ts';
import { eventHash } from './hashChain.ts';
import type { NewEvent } from './insertEvents.ts';
import type { Source } from './messages.ts';
import type { ActorStorage } from './storage.ts';
import type { StoredData } from './storedEvents.ts';

/** Contiguous events of one log, as the archive has them. */
export interface RestoredRange {
  /** Hash of the event before the first one; 64 zeros before version 1. */
  readonly previousHash: string;
  /** At least one. */
  readonly events: readonly PublishedEvent[];
}

/** How a log stands. */
export interface LogStanding extends LogPoint {
  /** Whether it is held for events that are still to come. */
  readonly restoring: boolean;
}

/**
 * Why nothing was restored: the log is in use and lacks these events, it has others, the events do not follow on its head, an
 * event is not what its hash says, or this release cannot fold it.
 */
export type RestoreRefusal = 'log_in_use' | 'log_differs' | 'log_gap' | 'event_altered' | 'event_unknown';

/** What became of a range or a release. */
export type RestoreAnswer =
  | ({ readonly ok: true } & LogStanding)
  | { readonly ok: false; readonly code: RestoreRefusal; readonly detail: string };

/** The aggregate is held: whoever asks may ask again once it is released. */
export class BeingRestored extends Error {
  override readonly name = 'BeingRestored';
  /** As on errors of the runtime that pass. */
  readonly retryable = true;

  constructor({ aggregateType, aggregateId }: Source) {
    super(`${aggregateType}/${aggregateId} is being restored`);
  }
}

/** Whoever holds a log without saying who: the row that there was before holders had numbers, and whoever fills an empty log. */
const ANYBODY = 1;

/** What a restoration needs of its actor. */
export interface RestorationDeps {
  readonly source: Source;
  readonly decider: AnyDecider;
  readonly storage: ActorStorage;
  readonly logger: Logger;
}

export class Restoration {
  readonly #deps: RestorationDeps;
  /** An instance of its own: the actor's has timers and an outbox behind it. Made when it is needed, which is hardly ever. */
  #made: Aggregate<unknown> | undefined;
  #isOpen: boolean;

  constructor(deps: RestorationDeps) {
    this.#deps = deps;
    this.#isOpen = isHeld(deps.storage);
  }

  get #aggregate(): Aggregate<unknown> {
    const { storage, decider, source } = this.#deps;
    this.#made ??= new Aggregate(storage, decider, source.aggregateId);
    return this.#made;
  }

  /** Whether the log is held. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Throws {@link BeingRestored} while the log is held. */
  requireFree(): void {
    if (this.#isOpen) throw new BeingRestored(this.#deps.source);
  }

  /** How the log stands, with the hash of a version's event; of the newest one without a version. */
  standing(version?: number): LogStanding {
    this.#refresh();
    const { log } = this.#aggregate;
    return { ...log.point(version ?? log.head().version), restoring: this.#isOpen };
  }

  /**
   * Holds a log that has lost its end, so that it can be filled up: it must end with exactly this event. Whatever it has decided
   * since stays out: a log that went on differently is held by nobody. One that is held already is held by several then, and may have
   * been filled since by whoever was first: it decides nothing, so that what came after this event is what it had before. `holder`: a
   * number of whoever holds it, drawn at random.
   */
  hold(version: number, hash: string, holder = ANYBODY): RestoreAnswer {
    const refusal = this.#unlike(version, hash, { mayGoOn: this.#isOpen });
    if (refusal !== undefined) return refusal;
    this.#deps.storage.transactionSync(() => this.#markHeld(holder));
    this.#isOpen = true;
    return { ok: true, ...this.standing(version) };
  }

  /** Appends what the log does not have of a range, all of it or nothing. What it has must be the same. */
  append(range: RestoredRange): RestoreAnswer {
    this.#refresh();
    const { events } = range;
    const head = this.#aggregate.log.head();
    const [first, last] = [events[0] as PublishedEvent, events.at(-1) as PublishedEvent];
    if (first.version > head.version + 1)
      return refused(
        'log_gap',
        `The log has ${head.version} events, and these begin with version ${first.version}.`,
      );
    const shared = Math.min(head.version, last.version);
    if (shared >= first.version && this.standing(shared).hash !== events[shared - first.version]?.hash)
      return refused('log_differs', `The log has another event of version ${shared}.`);
    if (last.version <= head.version) return { ok: true, ...this.standing() };
    if (head.version > 0 && !this.#isOpen)
      return refused('log_in_use', `The log is in use, and ends with version ${head.version}.`);
    const missing = events.slice(head.version + 1 - first.version);
    const before = shared >= first.version ? head.hash : range.previousHash;
    if (before !== head.hash)
      return refused('log_differs', `The log has another event of version ${head.version}.`);
    const altered = this.#faultOf(missing, head);
    return altered ?? this.#appendAll(missing);
  }

  /**
   * Lets the log go: it must have exactly this head. A log that is not held must have this event. With a `holder` that one alone
   * gives it up, and while another holds it, it stays held as it is.
   */
  release(version: number, hash: string, holder?: number): RestoreAnswer {
    if (holder !== undefined && this.#isLeftToOthers(holder)) return { ok: true, ...this.standing(version) };
    const refusal = this.#unlike(version, hash, { mayGoOn: !this.#isOpen });
    if (refusal !== undefined) return refusal;
    if (this.#isOpen) this.#deps.storage.sql.exec('DELETE FROM restoration');
    this.#isOpen = false;
    return { ok: true, ...this.standing(version) };
  }

  /** Why the log does not end with this event; where it may go on, why it does not have it. */
  #unlike(version: number, hash: string, { mayGoOn = false } = {}) {
    const standing = this.standing(version);
    if (standing.hash !== hash) {
      return standing.head < version
        ? refused('log_gap', `The log has ${standing.head} of ${version} events.`)
        : refused('log_differs', `The log has another event of version ${version}.`);
    }
    if (!mayGoOn && standing.head > version)
      return refused('log_differs', `The log goes on to version ${standing.head}.`);
    return undefined;
  }

  /** A row a holder: two that do not know of each other may restore the same log, and one of them may give it up. */
  #markHeld(holder: number): void {
    const { sql } = this.#deps.storage;
    // Made by the first that is restored: all other aggregates have one table less.
    sql.exec('CREATE TABLE IF NOT EXISTS restoration (held INTEGER PRIMARY KEY) STRICT');
    sql.exec('INSERT OR IGNORE INTO restoration VALUES (?)', holder);
  }

  /** Takes a holder away where there are others, and tells whether there are. */
  #isLeftToOthers(holder: number): boolean {
    if (!this.#isOpen) return false;
    const { sql } = this.#deps.storage;
    const others = sql.exec('SELECT held FROM restoration WHERE held <> ? LIMIT 1', holder).toArray();
    if (others.length === 0) return false;
    sql.exec('DELETE FROM restoration WHERE held = ?', holder);
    return true;
  }

  /** The actor may have appended since this instance looked, unless it is held. */
  #refresh(): void {
    if (!this.#isOpen) this.#made?.forget();
  }

  #appendAll(events: readonly PublishedEvent[]): RestoreAnswer {
    const { storage, logger, source } = this.#deps;
    try {
      storage.transactionSync(() => {
        if (!this.#isOpen) this.#markHeld(ANYBODY);
        this.#aggregate.restore(events.map((event) => this.#row(event)));
      });
    } catch (error) {
      this.#aggregate.forget();
      if (!(error instanceof Unfoldable)) throw error;
      logger.log('error', 'events not restored', { ...source, ...errorFields(error.cause) });
      return refused('event_unknown', `This release cannot fold the event of version ${error.version}.`);
    }
    this.#isOpen = true;
    return { ok: true, ...this.standing() };
  }

  /** Why events that should follow on the head are not to be believed: their hashes, times, or memory of commands. */
  #faultOf(
    events: readonly PublishedEvent[],
    head: { readonly version: number; readonly hash: string; readonly recordedAt: number },
  ): RestoreAnswer | undefined {
    let { version, hash, recordedAt } = head;
    let commandId = this.#commandIdOf(version);
    for (const event of events) {
      version++;
      const [data, metadata] = [canonicalJson(event.data), canonicalJson(event.metadata)];
      hash = eventHash(hash, { ...this.#deps.source, ...event, data, metadata });
      if (event.version !== version || event.hash !== hash)
        return refused('event_altered', `The event of version ${version} is not what its hash says.`);
      if (event.recordedAt < recordedAt)
        return refused(
          'event_altered',
          `The event of version ${version} was recorded before the one that it follows on.`,
        );
      ({ recordedAt } = event);
      const { commandId: own } = event.metadata;
      if (event.fingerprint === undefined && own !== commandId)
        return refused(
          'event_altered',
          `The event of version ${version} lacks the fingerprint of its command.`,
        );
      commandId = own;
    }
    return undefined;
  }

  /** An event as the turn that made it has stored it: the first of a command has what the command is recognised by. */
  #row({ fingerprint, ...event }: PublishedEvent): NewEvent {
    const row = { ...event, data: canonicalJson(event.data), metadata: canonicalJson(event.metadata) };
    if (fingerprint === undefined) return { ...row, fingerprint: null, commandId: null, resourceId: null };
    const commandId = event.metadata.commandId as string;
    const resourceId = this.#resourceIdOf(row);
    return {
      ...row,
      fingerprint,
      commandId,
      resourceId: resourceId === commandId ? null : (resourceId ?? null),
    };
  }

  #resourceIdOf(event: StoredData & { readonly version: number }): string | undefined {
    try {
      return this.#deps.decider.resourceIdOfEvent?.(decodeEvent(event));
    } catch (cause) {
      throw new Unfoldable(event.version, cause);
    }
  }

  #commandIdOf(version: number): unknown {
    const [event] = version === 0 ? [] : this.#aggregate.log.read(version, 1);
    return event === undefined ? undefined : (JSON.parse(event.metadata) as { commandId: unknown }).commandId;
  }
}

function isHeld({ sql }: ActorStorage): boolean {
  const made = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'restoration'";
  return sql.exec(made).toArray().length > 0 && sql.exec('SELECT held FROM restoration').toArray().length > 0;
}

function refused(code: RestoreRefusal, detail: string): Extract<RestoreAnswer, { ok: false }> {
  return { ok: false, code, detail };
}
