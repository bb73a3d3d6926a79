/**
 * Brings a building colour level with the live one from the owners' logs: reads the next events while the last ones are
 * being stored, several aggregates to a transaction.
 */
import type { EventsMessage } from '../../schemas/message.ts';
import { errorFields } from '../../telemetry/logger.ts';
import { applyRanges, type Range } from '../kernel/apply.ts';
import { LogsNotRead } from '../kernel/errors.ts';
import { askInGroups } from '../kernel/pacing.ts';
import {
  type AggregateKey,
  keyOf,
  otherColour,
  positionKey,
  readStandings,
  type Standing,
  type ViewTarget,
} from '../kernel/positions.ts';
import { ProjectedEvent, projectorOf, takes } from '../kernel/projector.ts';
import { journalStarts } from '../projectors/journal.ts';
import type { RebuildDeps } from './deps.ts';
import { jobGuard, type RebuildJob } from './job.ts';

/** Events read and stored at a time where nobody waits: about a megabyte of text, and two of them are in memory. */
export const FILL_EVENTS_MAX = 2_000;

/** An owner that restarts takes less. */
const LOG_RETRY_SECONDS = 5;

/** What filling some aggregates came to. */
export interface Filled {
  /** Whether there was time for all of them. */
  readonly isComplete: boolean;
  /** Aggregates of which the live view has applied more than their logs hold. */
  readonly aheadOfLog: readonly AggregateKey[];
}

/** Fills until the building colours stand where the live ones stood at the beginning, or until `isOver`. */
export async function fill(
  deps: RebuildDeps,
  job: RebuildJob,
  keys: readonly AggregateKey[],
  isOver: () => boolean,
): Promise<Filled> {
  const standing = await readStanding(deps, job, keys);
  const reader = new LogReader(deps, standing, keys);
  const tally = new Tally(deps, job);
  try {
    const readNext = () => (isOver() ? undefined : reader.next());
    for (let next = reader.next(); next !== undefined; ) {
      const ranges = await next;
      await deps.letOthersGoFirst();
      next = readNext();
      const storing = applyRanges(deps, standing, ranges, { applied: 0, parked: 0 }, jobGuard(job));
      // Both are awaited whatever becomes of the first: a rejection that nobody waits for ends a Worker.
      const [stored] = await Promise.allSettled([storing, next]);
      if (stored.status === 'rejected') throw stored.reason;
      await tally.add(ranges.reduce((sum, range) => sum + range.events.length, 0));
    }
  } catch (error) {
    // What went wrong first is what whoever called must know of.
    await tally.tell().catch((second: unknown) => {
      deps.logger.log('warn', 'events applied not counted', { job: job.job, ...errorFields(second) });
    });
    throw error;
  }
  await tally.tell();
  return { isComplete: reader.isThrough, aheadOfLog: reader.aheadOfLog };
}

async function readStanding(
  { database }: RebuildDeps,
  job: RebuildJob,
  keys: readonly AggregateKey[],
): Promise<Standing> {
  const { targets, epoch, positions } = await readStandings(database, job.views, keys);
  const building = targets.filter(({ role }) => role === 'building');
  return { targets: building, epoch, positions, isFilling: true };
}

/** Counts events that were stored, and adds them, many at a time, to those that the rebuild says it has applied. */
class Tally {
  readonly #deps: RebuildDeps;
  readonly #job: RebuildJob;
  #untold = 0;

  constructor(deps: RebuildDeps, job: RebuildJob) {
    this.#deps = deps;
    this.#job = job;
  }

  async add(events: number): Promise<void> {
    this.#untold += events;
    if (this.#untold >= FILL_EVENTS_MAX) await this.tell();
  }

  /** Each event is told once: of a transaction that fails it is not known whether it has. */
  async tell(): Promise<void> {
    const events = this.#untold;
    if (events === 0) return;
    this.#untold = 0;
    await this.#deps.database.batch([
      {
        sql: 'UPDATE rebuilds SET events_applied = events_applied + ? WHERE job = ?',
        parameters: [events, this.#job.job],
      },
    ]);
  }
}

/** An aggregate on its way: read up to `from`, to be read up to `to`. */
interface Way {
  readonly key: AggregateKey;
  from: number;
  readonly to: number;
}

/** Reads what building views lack of some aggregates, in portions. */
class LogReader {
  /** Aggregates whose logs end before the version that the live view has applied. */
  readonly aheadOfLog: AggregateKey[] = [];
  readonly #deps: RebuildDeps;
  /** The journal being built, if it is: its rows must end where those of the live one end. */
  readonly #journal: ViewTarget | undefined;
  #ways: Way[];
  /** Of ways that have begun: where rows of the journal begin, as far as that was read. */
  readonly #starts = new Map<string, { readonly upTo: number; readonly starts: readonly number[] }>();

  constructor(deps: RebuildDeps, standing: Standing, keys: readonly AggregateKey[]) {
    this.#deps = deps;
    this.#journal = standing.targets.find(({ view }) => view === 'journal');
    this.#ways = keys.map((key) => wayOf(deps, standing, key)).filter(({ from, to }) => from < to);
  }

  get isThrough(): boolean {
    return this.#ways.length === 0;
  }

  /** The next portion, or undefined where everything was read. To be called again only once that has come. */
  next(): Promise<Range[]> | undefined {
    return this.#ways.length === 0 ? undefined : this.#read(this.#portion());
  }

  /** As many aggregates as fit, each with the version to read up to. */
  #portion(): { way: Way; to: number }[] {
    const portion: { way: Way; to: number }[] = [];
    let room = this.#deps.portion(FILL_EVENTS_MAX);
    for (const way of this.#ways) {
      if (room === 0) break;
      const to = Math.min(way.to, way.from + room);
      room -= to - way.from;
      portion.push({ way, to });
    }
    return portion;
  }

  async #read(portion: readonly { way: Way; to: number }[]): Promise<Range[]> {
    await this.#readStarts(portion);
    const ranges = await askInGroups(portion, async ({ way, to }, index) => {
      const own = this.#starts.get(keyOf(way.key))?.starts;
      const last = own === undefined ? to : lastOf(way, to, own, index === 0);
      if (last === way.from) return { key: way.key, events: [] };
      const messages = await this.#messagesOf(way, last);
      const events = eventsAfter(messages, way.from, last);
      way.from += events.length;
      if (way.from < last) {
        await this.#requireEnd(way);
        this.aheadOfLog.push(way.key);
        way.from = way.to;
      }
      return { key: way.key, events: own === undefined ? events : cut(events, new Set(own)) };
    });
    for (const { key, from, to } of this.#ways) if (from >= to) this.#starts.delete(keyOf(key));
    this.#ways = this.#ways.filter(({ from, to }) => from < to);
    return ranges.filter(({ events }) => events.length > 0);
  }

  /** Throws where the log goes on behind a hole: a view without all that comes after must not take the place of one that has it. */
  async #requireEnd({ key, from }: Way): Promise<void> {
    const head = await this.#deps.head(key);
    if (head <= from) return;
    const hole = new Error(
      `the log of ${keyOf(key)} ends at version ${head} and did not give version ${from + 1}`,
    );
    throw new LogsNotRead(new Map([[keyOf(key), hole]]), { delaySeconds: LOG_RETRY_SECONDS });
  }

  async #messagesOf({ key, from }: Way, to: number): Promise<EventsMessage[]> {
    try {
      return await this.#deps.readLog(key, from + 1, to - from);
    } catch (error) {
      throw new LogsNotRead(new Map([[keyOf(key), error]]), { delaySeconds: LOG_RETRY_SECONDS });
    }
  }

  /** Reads where rows of the journal begin, for a full portion of each way: several small ones then need no read of their own. */
  async #readStarts(portion: readonly { way: Way; to: number }[]): Promise<void> {
    if (this.#journal === undefined) return;
    const unknown = portion.filter(({ way, to }) => !this.#knowsStarts(way, to));
    if (unknown.length === 0) return;
    const ranges = unknown.map(({ way }) => ({ ...way.key, from: way.from, to: fullPortionOf(way) }));
    const starts = await journalStarts(this.#deps.database, otherColour(this.#journal.colour), ranges);
    for (const range of ranges) {
      const key = keyOf(range);
      this.#starts.set(key, { upTo: range.to, starts: starts.get(key) ?? [] });
    }
  }

  /** Whether enough is known to end a portion: where a row ends in it, or else where the next one does. */
  #knowsStarts(way: Way, to: number): boolean {
    const known = this.#starts.get(keyOf(way.key));
    if (known === undefined || known.upTo < to) return false;
    return (
      known.upTo >= fullPortionOf(way) ||
      known.starts.some((start) => start > way.from + 1 && start <= to + 1)
    );
  }
}

/**
 * How far a portion of a journal goes: to where a row of the live one ends. A row that does not fit beside others is left for a
 * portion that it is the first in, which is then as large as the row; only one that no full portion has room for is cut.
 */
function lastOf(way: Way, to: number, starts: readonly number[], isFirst: boolean): number {
  if (to === way.to) return to;
  const ends = starts.map((start) => start - 1).filter((end) => end > way.from);
  const within = ends.filter((end) => end <= to);
  if (within.length > 0) return Math.max(...within);
  return isFirst ? Math.min(fullPortionOf(way), ...ends) : way.from;
}

/** Where a full portion of a way ends. */
function fullPortionOf({ from, to }: Way): number {
  return Math.min(to, from + FILL_EVENTS_MAX);
}

/** From where the building view that is furthest behind stands to where the live one that is furthest ahead stands. */
function wayOf(deps: RebuildDeps, { targets, positions }: Standing, key: AggregateKey): Way {
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const target of targets) {
    const position = positions.get(positionKey(target, key));
    if (!takes(projectorOf(deps.projectors, target), key) || position?.parkedVersion != null) continue;
    const live = positions.get(positionKey({ ...target, colour: otherColour(target.colour) }, key));
    if ((position?.version ?? 0) >= (live?.version ?? 0)) continue;
    from = Math.min(from, position?.version ?? 0);
    to = Math.max(to, live?.version ?? 0);
  }
  return { key, from, to };
}

/** The events after a version up to another, as far as the messages have them without a hole. */
function eventsAfter(messages: readonly EventsMessage[], from: number, to: number): ProjectedEvent[] {
  const events: ProjectedEvent[] = [];
  for (const message of messages) {
    for (const event of message.events) {
      const expected = from + events.length + 1;
      if (event.version === expected && expected <= to) events.push(new ProjectedEvent(message, event));
    }
  }
  return events;
}

/** The same events as if messages had brought them that begin at `starts`, and nowhere else. */
function cut(events: readonly ProjectedEvent[], starts: ReadonlySet<number>): ProjectedEvent[] {
  const result: ProjectedEvent[] = [];
  for (let first = 0; first < events.length; ) {
    let end = first + 1;
    while (end < events.length && !starts.has((events[end] as ProjectedEvent).version)) end++;
    result.push(...asOneMessage(events.slice(first, end), events[first - 1]?.published.hash));
    first = end;
  }
  return result;
}

function asOneMessage(
  events: readonly ProjectedEvent[],
  hashBefore: string | undefined,
): readonly ProjectedEvent[] {
  const first = events[0] as ProjectedEvent;
  const last = events.at(-1) as ProjectedEvent;
  const { source } = first;
  // Mostly it is what the owner has packed: then its text serves as it is.
  if (first.version === source.fromVersion && last.version === source.toVersion && last.source === source) {
    return events;
  }
  const message: EventsMessage = {
    aggregateType: first.aggregateType,
    aggregateId: first.aggregateId,
    fromVersion: first.version,
    toVersion: last.version,
    previousHash: hashBefore ?? source.previousHash,
    events: events.map(({ published }) => published),
  };
  return message.events.map((event) => new ProjectedEvent(message, event));
}
