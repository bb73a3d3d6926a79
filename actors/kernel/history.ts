/** An aggregate's log as its rules may look into it: what is stored, and what the running turn has decided so far. */
import type { AnyDecider, History, Recorded } from './decider.ts';
import { decodeEvent, type EventLog } from './eventLog.ts';
import { type FoundEvent, fieldTexts, type Sought } from './logSearch.ts';
import type { StoredEvent } from './storedEvents.ts';

/** Events looked through at a time: a page of rows stays far under the 128 MB of an isolate. */
const HISTORY_PAGE_EVENTS = 5_000;

/**
 * Events that the commands of one turn may look through before further ones are put off: about half a second, in which
 * the actor answers nobody else.
 */
export const HISTORY_EVENTS_MAX = 250_000;

interface LoggedEvent {
  readonly type: string;
  readonly data: object;
}

/** The history that a turn gives to its rules, or a reader to a question. */
export class LogHistory<State> implements History<State, LoggedEvent> {
  /** Events looked through so far. */
  eventsRead = 0;
  readonly #decider: AnyDecider;
  readonly #log: EventLog;
  readonly #stateAt: (version: number) => State;
  readonly #pending: readonly StoredEvent[];

  /** `stateAt` answers stored states; `pending` grows while a turn decides. */
  constructor(
    decider: AnyDecider,
    log: EventLog,
    stateAt: (version: number) => State,
    pending: readonly StoredEvent[] = [],
  ) {
    this.#decider = decider;
    this.#log = log;
    this.#stateAt = stateAt;
    this.#pending = pending;
  }

  get version(): number {
    return this.#pending.at(-1)?.version ?? this.#log.head().version;
  }

  stateAt(version: number): State {
    const stored = this.#log.head().version;
    let state = this.#stateAt(Math.min(version, stored));
    for (const event of this.#pending) {
      if (event.version <= version) state = this.#decider.evolve(state, decodeEvent(event));
    }
    return state;
  }

  created(resourceId: string): Recorded<LoggedEvent> | undefined {
    const pending = this.#pending.find((event) => this.#made(event) === resourceId);
    if (pending !== undefined) return recorded(pending);
    const { commands, resources } = this.#log.recall([resourceId], [resourceId]);
    const known = resources.get(resourceId) ?? commands.get(resourceId);
    const event = known === undefined ? undefined : this.#log.read(known.version, 1)[0];
    // A command of that id may be another kind altogether.
    return event !== undefined && this.#made(event) === resourceId ? recorded(event) : undefined;
  }

  amendments(): readonly Recorded<LoggedEvent>[] {
    const types: readonly string[] = this.#decider.amending?.events ?? [];
    const pending = this.#pending.filter(({ eventType }) => types.includes(eventType));
    const stored = this.#log.isStored ? this.#log.search.amendments() : [];
    const amendments = [...stored, ...pending];
    this.eventsRead += amendments.length;
    return amendments.map(recorded);
  }

  *having(
    sought: Sought,
    afterVersion: number,
    upToVersion = this.version,
  ): Iterable<readonly Recorded<LoggedEvent>[]> {
    const stored = Math.min(upToVersion, this.#log.head().version);
    this.eventsRead += Math.max(0, stored - afterVersion);
    for (let after = afterVersion; after < stored; after += HISTORY_PAGE_EVENTS) {
      const upTo = Math.min(stored, after + HISTORY_PAGE_EVENTS);
      yield matching(this.#log.search.having(sought, after, upTo), sought);
    }
    const texts = fieldTexts(sought);
    const pending = this.#pending.filter(
      ({ version, eventType, data }) =>
        version > afterVersion &&
        version <= upToVersion &&
        eventType === sought.type &&
        texts.some((text) => data.includes(text)),
    );
    if (pending.length > 0) yield matching(pending, sought);
  }

  #made(event: StoredEvent): string | undefined {
    return this.#decider.resourceIdOfEvent?.(decodeEvent(event));
  }
}

function recorded(event: FoundEvent): Recorded<LoggedEvent> {
  return { version: event.version, recordedAt: event.recordedAt, event: decodeEvent(event) };
}

/** Those that have the text where it is sought: it may stand in a field within another. */
function matching(
  events: readonly FoundEvent[],
  { field, values }: Sought,
): readonly Recorded<LoggedEvent>[] {
  const wanted = new Set<unknown>(values);
  return events
    .map(recorded)
    .filter(({ event }) => wanted.has((event.data as Readonly<Record<string, unknown>>)[field]));
}
