/**
 * One event-sourced aggregate over its storage: fold, snapshots, states of the past, and `execute`, the one synchronous
 * turn that reads, decides and appends. No Cloudflare import: the same class runs in the simulation.
 */
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import type { AnyDecider } from './decider.ts';
import { decodeEvent, EventLog } from './eventLog.ts';
import { LogHistory } from './history.ts';
import type { NewEvent } from './insertEvents.ts';
import { LogDigests } from './logDigests.ts';
import { SnapshotStore } from './snapshots.ts';
import type { ActorStorage } from './storage.ts';
import type { StoredData } from './storedEvents.ts';
import { type CommandEntry, type Fold, Turn, type Verdict } from './turn.ts';

/** Events folded per read: a page of rows stays far under the 128 MB of an isolate. */
const FOLD_PAGE_EVENTS = 5_000;

/** An event that this release cannot fold. */
export class Unfoldable extends Error {
  override readonly name = 'Unfoldable';
  readonly version: number;

  constructor(version: number, cause: unknown) {
    super(`the event of version ${version} cannot be folded`, { cause });
    this.version = version;
  }
}

export class Aggregate<State> {
  readonly aggregateId: string;
  readonly decider: AnyDecider;
  readonly log: EventLog;
  /** Digests of its stretches; undefined for an aggregate that keeps none. */
  readonly digests: LogDigests<unknown> | undefined;
  readonly #snapshots: SnapshotStore;
  /** The newest state, kept between turns; undefined until first needed and after a throw. */
  #fold: Fold<State> | undefined;

  constructor(storage: ActorStorage, decider: AnyDecider, aggregateId: string) {
    this.decider = decider;
    this.aggregateId = aggregateId;
    this.log = new EventLog(storage, decider.amending?.events);
    this.digests = decider.digest && new LogDigests(storage, this.log, decider.digest);
    this.#snapshots = new SnapshotStore(storage, decider.stateVersion);
  }

  /** The newest state. Callers read it within their turn and never keep or change it. */
  current(): Readonly<Fold<State>> {
    this.#fold ??= this.stateAt(this.log.head().version);
    return this.#fold;
  }

  /** The state as of a version, from the nearest snapshot before it. */
  stateAt(version: number): Fold<State> {
    const snapshot = this.log.isStored ? this.#snapshots.latest(version) : undefined;
    return this.#foldFrom(snapshot as { state: State; version: number } | undefined, version);
  }

  /** What is stored of the aggregate, for questions that its state does not answer. */
  history(): LogHistory<State> {
    return new LogHistory(this.decider, this.log, (version) => this.stateAt(version).state);
  }

  /** The state from the events alone: what a snapshot must agree with. */
  stateFromEvents(version: number): Fold<State> {
    return this.#foldFrom(undefined, version);
  }

  /**
   * Decides and appends within the caller's transaction, which a throw must undo: what is in memory of it is dropped by
   * {@link forget}, so that memory is never ahead of storage. A refused command leaves no trace. `now` in milliseconds
   * since 1970.
   */
  execute(entries: readonly CommandEntry[], now: number): Verdict[] {
    const fold = this.current() as Fold<State>;
    const versionBefore = fold.version;
    this.#fold = undefined;
    const turn = this.#turn(fold, now);
    const verdicts = turn.decideAll(entries);
    if (turn.pending.length > 0) this.#append(turn.pending, versionBefore, fold);
    this.#fold = fold;
    return verdicts;
  }

  /** What a command would come to now; nothing of it is kept. `now` in milliseconds since 1970. */
  rehearse(entry: CommandEntry, now: number): Verdict {
    const current = this.current();
    const fold = { ...current, state: structuredClone(current.state) };
    return this.#turn(fold, now).decideAll([entry])[0] as Verdict;
  }

  /** Whether the aggregate begins with these commands: refused ones leave nothing. One that has begun was entered before. */
  beginsWith(entries: readonly CommandEntry[], now: number): boolean {
    if (this.log.head().version > 0) return false;
    return entries.some((entry) => this.rehearse(entry, now).status !== 'refused');
  }

  /**
   * Appends events of a copy of this log, which follow on its head, within the caller's transaction, which a throw must undo
   * like that of {@link execute}. They are folded first: nothing is stored that cannot be read back. Throws
   * {@link Unfoldable} where that fails.
   */
  restore(events: readonly NewEvent[]): void {
    const fold = this.current() as Fold<State>;
    const versionBefore = fold.version;
    this.#fold = undefined;
    for (const event of events) {
      try {
        fold.state = evolveStored(this.decider, fold.state, event);
      } catch (cause) {
        throw new Unfoldable(event.version, cause);
      }
      fold.version = event.version;
      fold.hash = event.hash;
      fold.recordedAt = event.recordedAt;
    }
    this.#append(events, versionBefore, fold);
    this.#fold = fold;
  }

  /** Rows written by this instance, index entries included. */
  rowsWritten = 0;

  /** Forgets everything: after a transaction that was undone, memory may be ahead of storage. */
  forget(): void {
    this.#fold = undefined;
    this.log.forget();
    this.digests?.forget();
  }

  #append(events: readonly NewEvent[], versionBefore: number, { version, state }: Fold<State>): void {
    this.rowsWritten += this.log.append(events);
    this.log.appended(events);
    this.rowsWritten += this.digests?.appended(events) ?? 0;
    this.rowsWritten += this.#snapshots.takeIfDue(versionBefore, version, state);
  }

  #turn(fold: Fold<State>, now: number): Turn {
    const { decider, aggregateId, log } = this;
    return new Turn(decider, aggregateId, log, fold, now, (version) => this.stateAt(version).state);
  }

  #foldFrom(snapshot: { state: State; version: number } | undefined, version: number): Fold<State> {
    let state = snapshot?.state ?? (this.decider.initial() as State);
    let folded = snapshot?.version ?? 0;
    while (folded < version) {
      const page = this.log.readData(folded + 1, Math.min(FOLD_PAGE_EVENTS, version - folded));
      if (page.length === 0) throw new Error(`the log ends at version ${folded}, before ${version}`);
      for (const event of page) state = evolveStored(this.decider, state, event);
      folded += page.length;
    }
    const last = folded === 0 ? undefined : this.log.read(folded, 1)[0];
    return {
      state,
      version: folded,
      hash: last?.hash ?? GENESIS_HASH_TEXT,
      recordedAt: last?.recordedAt ?? 0,
    };
  }
}

function evolveStored<State>(decider: AnyDecider, state: State, event: StoredData): State {
  const next = decider.evolve(state, decodeEvent(event));
  if (next === undefined) throw new Error(`${decider.aggregateType} cannot fold ${event.eventType}`);
  return next;
}
