/**
 * The sweeper: walks the directory of aggregates, compares each log's head with what the views have applied, and repairs
 * what no message will ever announce. Touching an actor also wakes it, which re-arms an alarm that had used up its tries.
 * No Cloudflare import: the simulation runs this very module.
 */
import type { EventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import { LogsNotRead } from './errors.ts';
import { askInGroups } from './pacing.ts';
import { resumeKnown } from './parked.ts';
import { type AggregateKey, positionKey, readStandings } from './positions.ts';
import { projectorOf, takes } from './projector.ts';
import { project, type RunnerDeps } from './runner.ts';

/** Aggregates looked at in one part of the directory in one tick: bounds the objects woken, 16 parts a minute. */
export const SWEEP_PAGE = 250;

/** One part of the directory. */
export interface SweptDirectory {
  /** Where the rolling sweep stands; null at the beginning. */
  sweepCursor(): Promise<AggregateKey | null>;
  /** The entries after a cursor, in order; fewer than `limit` at the end. */
  list(after: AggregateKey | null, limit: number): Promise<AggregateKey[]>;
  /** Remembers how far the sweep has come; null starts it over. */
  saveSweepCursor(cursor: AggregateKey | null): Promise<void>;
}

/** The world of the sweeper. */
export interface SweepDeps {
  readonly directory: SweptDirectory;
  /** View databases that aggregates are spread over. */
  readonly parts: number;
  readonly logger: Logger;
  /** Version of an aggregate's newest event. */
  head(key: AggregateKey): Promise<number>;
  runnerDeps(part: number): RunnerDeps;
  /** Of a part that has more than a page, so many are looked at in one tick; a page where it is left out. */
  readonly pageOfLarge?: number | undefined;
  /** Owners that are asked at once, so that others have a turn in between; all of a page where it is left out: one may hang. */
  readonly headsAtOnce?: number | undefined;
  /** Others that know how far they have each log, such as the archive: told how far it goes. */
  readonly followers?: readonly ((heads: readonly EventsMessage[]) => Promise<void>)[];
}

/**
 * One page of one part of the directory. A database that fails and an aggregate that does not answer are left for the next
 * round, so that they hold up no other.
 */
export async function sweepPage(deps: SweepDeps): Promise<void> {
  const { directory, parts } = deps;
  const cursor = await directory.sweepCursor();
  const page = await directory.list(cursor, SWEEP_PAGE);
  const isWhole = cursor === null && page.length < SWEEP_PAGE;
  const entries = isWhole ? page : page.slice(0, deps.pageOfLarge);
  const isLast = page.length < SWEEP_PAGE && entries.length === page.length;
  const heads = (
    await askInGroups(entries, (key) => headOf(deps, key), deps.headsAtOnce ?? SWEEP_PAGE)
  ).flat();
  for (let part = 0; part < parts; part++) {
    const share = heads.filter((head) => partOf(head.aggregateId, parts) === part);
    if (share.length === 0) continue;
    try {
      const runnerDeps = deps.runnerDeps(part);
      // Once a round: it is about all aggregates of the database.
      if (cursor === null) await resumeKnown(runnerDeps);
      const behind = await lagging(runnerDeps, share);
      if (behind.length > 0) await repair(deps, runnerDeps, behind);
    } catch (error) {
      deps.logger.log('error', 'view database not swept', { part, ...errorFields(error) });
    }
  }
  for (const follow of deps.followers ?? []) {
    await follow(heads).catch((error: unknown) =>
      deps.logger.log('error', 'follower not told of heads', errorFields(error)),
    );
  }
  await directory.saveSweepCursor(isLast ? null : (entries.at(-1) ?? null));
}

async function repair(
  { logger }: SweepDeps,
  runnerDeps: RunnerDeps,
  behind: readonly EventsMessage[],
): Promise<void> {
  try {
    const result = await project(runnerDeps, behind);
    logger.log('info', 'views repaired', { aggregates: behind.length, ...result });
  } catch (error) {
    if (!(error instanceof LogsNotRead)) throw error;
    for (const [aggregate, cause] of error.causes) {
      logger.log('error', 'log not read', { aggregate, ...errorFields(cause) });
    }
  }
}

/** How far a log goes, as a message without events; nothing where the owner does not answer. */
export async function headOf(
  { head, logger }: Pick<SweepDeps, 'head' | 'logger'>,
  { aggregateType, aggregateId }: AggregateKey,
): Promise<EventsMessage[]> {
  try {
    const version = await head({ aggregateType, aggregateId });
    return [
      { aggregateType, aggregateId, fromVersion: version, toVersion: version, previousHash: '', events: [] },
    ];
  } catch (error) {
    logger.log('error', 'aggregate does not answer', { aggregateType, aggregateId, ...errorFields(error) });
    return [];
  }
}

/**
 * The heads that some live view has not reached, without a parked event to explain it. `heads` announce no events, only
 * how far each log goes.
 */
export async function lagging(
  deps: Pick<RunnerDeps, 'database' | 'projectors'>,
  heads: readonly EventsMessage[],
): Promise<EventsMessage[]> {
  const views = deps.projectors.map(({ view }) => view);
  const { targets: all, positions } = await readStandings(deps.database, views, heads);
  const targets = all.filter((target) => target.role === 'live');
  return heads.filter((head) =>
    targets.some((target) => {
      if (!takes(projectorOf(deps.projectors, target), head)) return false;
      const position = positions.get(positionKey(target, head));
      return position?.parkedVersion == null && (position?.version ?? 0) < head.toVersion;
    }),
  );
}
