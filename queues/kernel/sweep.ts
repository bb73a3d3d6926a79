/**
 * The sweeper: walks the directory of aggregates, compares each log's head with what the views have applied, and repairs
 * what no message will ever announce. Touching an actor also wakes it, which re-arms an alarm that had used up its tries.
 * No Cloudflare import: the simulation runs this very module.
 */
import type { EventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type AggregateKey, positionKey, readPositions, viewTargets } from './positions.ts';
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
}

/** One page of one part of the directory. The cursor moves only after the page was repaired, so a failure repeats it. */
export async function sweepPage(deps: SweepDeps): Promise<void> {
  const { directory, parts } = deps;
  const entries = await directory.list(await directory.sweepCursor(), SWEEP_PAGE);
  const heads = await Promise.all(
    entries.map(async ({ aggregateType, aggregateId }): Promise<EventsMessage> => {
      const head = await deps.head({ aggregateType, aggregateId });
      return { aggregateType, aggregateId, fromVersion: head, toVersion: head, previousHash: '', events: [] };
    }),
  );
  for (let part = 0; part < parts; part++) {
    const share = heads.filter((head) => partOf(head.aggregateId, parts) === part);
    if (share.length === 0) continue;
    const runnerDeps = deps.runnerDeps(part);
    const behind = await lagging(runnerDeps, share);
    if (behind.length === 0) continue;
    const result = await project(runnerDeps, behind);
    deps.logger.log('info', 'views repaired', { part, aggregates: behind.length, ...result });
  }
  await directory.saveSweepCursor(entries.length < SWEEP_PAGE ? null : (entries.at(-1) ?? null));
}

/**
 * The heads that some live view has not reached, without a parked event to explain it. `heads` announce no events, only
 * how far each log goes.
 */
export async function lagging(
  deps: Pick<RunnerDeps, 'database' | 'projectors'>,
  heads: readonly EventsMessage[],
): Promise<EventsMessage[]> {
  const { targets: all } = await viewTargets(
    deps.database,
    deps.projectors.map(({ view }) => view),
  );
  const targets = all.filter((target) => target.role === 'live');
  const positions = await readPositions(deps.database, targets, heads);
  return heads.filter((head) =>
    targets.some((target) => {
      const { aggregateType } = deps.projectors.find(({ view }) => view === target.view) ?? {};
      if (aggregateType !== undefined && aggregateType !== head.aggregateType) return false;
      const position = positions.get(positionKey(target, head));
      return position?.parkedVersion == null && (position?.version ?? 0) < head.toVersion;
    }),
  );
}
