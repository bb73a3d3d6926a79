/** Logs held against the archive, by heads and hashes alone: what it lacks for long, and what it has that no log has. */
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { OpenRange } from '../archive/gathering.ts';
import { type AggregateKey, keyOf } from '../kernel/positions.ts';
import type { Untold } from './untold.ts';
import { answered, type Check, isLog, itself, LATE_MS, type Verdict } from './verdict.ts';

/** A log beside what is archived of it (workers/completeness.ts). */
export interface ArchivedLog extends AggregateKey {
  readonly state: 'COMPLETE' | 'BEHIND' | 'DIFFERENT' | 'UNREACHABLE';
  /** Version of its newest event; null where it does not answer. */
  readonly head: number | null;
  /** Version up to which it is archived. */
  readonly archived: number;
}

/** The world of the check. */
export interface ArchiveCheckDeps {
  readonly untold: Untold;
  readonly logger: Logger;
  now(): number;
  /** Some logs beside the archive, in the order asked for. */
  compare(keys: readonly AggregateKey[]): Promise<readonly ArchivedLog[]>;
  recordedAt(key: AggregateKey, version: number): Promise<number>;
  /** Has events archived now that are not, from their log. */
  archive(range: OpenRange): Promise<void>;
  /**
   * Has the archivist take what it lacks. `WAITS`: it was told, and archives it with what else comes, since it has been asked once
   * already in this tick or call: each time makes segments of their own.
   */
  catchUp(ranges: readonly OpenRange[]): Promise<'TAKEN' | 'WAITS'>;
}

/** The check over the archive. */
export function archiveCheck(deps: ArchiveCheckDeps): Check {
  return {
    name: 'archive',
    takes: isLog,
    judge: async (keys) => {
      const compared = await withoutLate(deps, await deps.compare(keys));
      deps.untold.add(compared.filter(({ state }) => state === 'UNREACHABLE'));
      const logs = compared.filter(({ state }) => state !== 'UNREACHABLE');
      return answered(deps.untold, logs, itself, async (log): Promise<Verdict> => {
        const { aggregateType, aggregateId } = log;
        return {
          aggregateType,
          aggregateId,
          check: 'archive',
          where: 'log',
          fault: await faultOf(deps, log),
        };
      });
    },
    repair: async ({ aggregateType, aggregateId }) => {
      const key = { aggregateType, aggregateId };
      const [log] = await deps.compare([key]);
      const [range] = log === undefined ? [] : lacking([log]);
      if (range !== undefined) await deps.archive(range);
      return true;
    },
  };
}

/**
 * What the archive lacks for long it is first asked to take now: a platform that did not run meanwhile, or a message that got lost, is
 * no fault of anything. What it cannot take is wrong; of what waits to be taken nothing is told yet.
 */
async function withoutLate(
  deps: ArchiveCheckDeps,
  compared: readonly ArchivedLog[],
): Promise<readonly ArchivedLog[]> {
  const late = await Promise.all(
    compared.map(async (log) => log.state === 'BEHIND' && (await isLate(deps, log).catch(() => false))),
  );
  const logs = compared.filter((_, index) => late[index]);
  if (logs.length === 0) return compared;
  try {
    if ((await deps.catchUp(lacking(logs))) === 'WAITS') {
      deps.logger.log('info', 'late events wait for the next segment', { aggregates: logs.length });
      deps.untold.add(logs);
      return compared.filter((_, index) => !late[index]);
    }
  } catch (error) {
    deps.logger.log('warn', 'late events not archived', { aggregates: logs.length, ...errorFields(error) });
    return compared;
  }
  const again = new Map((await deps.compare(logs)).map((log) => [keyOf(log), log]));
  return compared.map((log) => again.get(keyOf(log)) ?? log);
}

/** What of some logs is not archived. */
function lacking(logs: readonly ArchivedLog[]): OpenRange[] {
  return logs.flatMap(({ aggregateType, aggregateId, state, archived, head }) =>
    state === 'BEHIND' && head !== null
      ? [{ aggregateType, aggregateId, fromVersion: archived + 1, toVersion: head }]
      : [],
  );
}

async function isLate(deps: ArchiveCheckDeps, log: ArchivedLog): Promise<boolean> {
  return deps.now() - (await deps.recordedAt(log, log.archived + 1)) >= LATE_MS;
}

async function faultOf(deps: ArchiveCheckDeps, log: ArchivedLog): Promise<string | undefined> {
  const { state, archived, head } = log;
  if (state === 'DIFFERENT')
    return `version ${archived} is another event in the archive, or the log has lost it (it ends at ${head})`;
  if (state !== 'BEHIND' || !(await isLate(deps, log))) return undefined;
  return `has up to version ${archived} of ${head}, and lacks the next one for an hour`;
}
