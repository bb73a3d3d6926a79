/**
 * Applies queue messages to the views of one database. Duplicates are skipped by position, a hole is filled from the
 * owner's log, two racing consumers cannot both apply a range, and an event that a view cannot take parks its aggregate in
 * that view alone. No Cloudflare import: the simulation runs this very module.
 */
import type { EventsMessage } from '../../schemas/message.ts';
import { type Announcement, announcementsOf } from './announcement.ts';
import { applyRanges, type Range } from './apply.ts';
import type { RunnerDeps } from './deps.ts';
import { isPositionRace, LogsNotRead, Retryable } from './errors.ts';
import { keyOf, positionKey, readStandings, type Standing } from './positions.ts';
import { projectorOf, takes } from './projector.ts';

export type { RunnerDeps } from './deps.ts';

/** Events applied in one transaction: with about 600 bytes each it stays far under D1's limits and its 30 seconds. */
export const APPLY_EVENTS_MAX = 2_000;

/** Lost races in a row before the batch is given back to the queue. */
const RACES_MAX = 5;

const RACE_RETRY_SECONDS = 1;

/** A log that does not give what its own messages announced is not reachable in full just now. */
const LOG_RETRY_SECONDS = 5;

/** Positions that moved, events that were there already, events read from a log, and aggregates parked. */
export interface ProjectionResult {
  applied: number;
  skipped: number;
  repaired: number;
  parked: number;
}

/**
 * Brings every live view up to what the messages announce (and building ones that are level with it), unless `isOver` comes
 * first. Throws where the database does not answer, or at the end {@link LogsNotRead} where owners do not; what was applied
 * by then stays.
 */
export async function project(
  deps: RunnerDeps,
  messages: readonly EventsMessage[],
  isOver: () => boolean = () => false,
): Promise<ProjectionResult> {
  const result: ProjectionResult = { applied: 0, skipped: 0, repaired: 0, parked: 0 };
  const unread = new Map<string, unknown>();
  const announcements = announcementsOf(messages);
  let open = announcements;
  let standing: Standing | undefined;
  for (let races = 0; open.length > 0 && !isOver(); ) {
    try {
      standing ??= deps.remembered?.recall(open) ?? (await readStanding(deps, open));
      const { parked } = result;
      const begun = open.map(({ key }) => key);
      open = await applyOnce(deps, standing, open, result, unread);
      deps.remembered?.keep(standing, begun);
      races = 0;
      // Parking yields to whoever moved the position meanwhile, so where that leaves the view is not known.
      if (result.parked > parked) standing = undefined;
    } catch (error) {
      deps.remembered?.forget();
      if (!isPositionRace(error)) throw error;
      standing = undefined;
      if (++races > RACES_MAX) {
        throw new Retryable('lost every race for a position', { delaySeconds: RACE_RETRY_SECONDS });
      }
    }
  }
  for (const { carried, used, repaired } of announcements) {
    result.skipped += carried - used;
    result.repaired += repaired;
  }
  if (unread.size > 0) throw new LogsNotRead(unread, { delaySeconds: LOG_RETRY_SECONDS });
  return result;
}

async function readStanding(deps: RunnerDeps, announcements: readonly Announcement[]): Promise<Standing> {
  const views = deps.projectors.map(({ view }) => view);
  const keys = announcements.map(({ key }) => key);
  return { ...(await readStandings(deps.database, views, keys)), isFilling: false };
}

/** What is taken of an announcement at a time. */
interface Taken {
  readonly announcement: Announcement;
  readonly range: Range;
}

/** One transaction's worth; returns what is still open after it. */
async function applyOnce(
  deps: RunnerDeps,
  standing: Standing,
  announcements: readonly Announcement[],
  result: ProjectionResult,
  unread: Map<string, unknown>,
): Promise<Announcement[]> {
  const reads: Promise<Taken | undefined>[] = [];
  const open: Announcement[] = [];
  let room = APPLY_EVENTS_MAX;
  for (const announcement of announcements) {
    const from = lowestPosition(deps, standing, announcement);
    const to = Math.min(announcement.toVersion, from + room);
    if (to > from) {
      announcement.forget(from);
      // An owner that does not answer holds up its own aggregate and no other.
      const unreadable = (error: unknown) => void unread.set(keyOf(announcement.key), error);
      const taken = announcement.range(deps, from, to).then((range) => ({ announcement, range }));
      reads.push(taken.catch(unreadable));
      room -= to - from;
    }
    if (to < announcement.toVersion) open.push(announcement);
  }
  const taken = (await Promise.all(reads)).filter((one) => one !== undefined);
  if (taken.length > 0) {
    const ranges = taken.map(({ range }) => range);
    await applyRanges(deps, standing, ranges, result);
  }
  for (const { announcement, range } of taken) announcement.use(range);
  return open.filter(({ key }) => !unread.has(keyOf(key)));
}

/** Where the furthest behind of an aggregate's live views stands; a parked view waits and holds nobody back. */
function lowestPosition(
  deps: RunnerDeps,
  { targets, positions }: Standing,
  { key, toVersion }: Announcement,
): number {
  let lowest = toVersion;
  for (const target of targets) {
    if (target.role !== 'live' || !takes(projectorOf(deps.projectors, target), key)) continue;
    const position = positions.get(positionKey(target, key));
    if (position?.parkedVersion == null) lowest = Math.min(lowest, position?.version ?? 0);
  }
  return lowest;
}
