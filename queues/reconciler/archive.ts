/** Logs held against the archive, by heads and hashes alone: what it lacks for long, and what it has that no log has. */
import type { AggregateKey } from '../kernel/positions.ts';
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
  now(): number;
  /** Some logs beside the archive, in the order asked for. */
  compare(keys: readonly AggregateKey[]): Promise<readonly ArchivedLog[]>;
  recordedAt(key: AggregateKey, version: number): Promise<number>;
  /** Has events archived now that are not, from the log. */
  archive(key: AggregateKey, fromVersion: number, toVersion: number): Promise<void>;
}

/** The check over the archive. */
export function archiveCheck(deps: ArchiveCheckDeps): Check {
  return {
    name: 'archive',
    takes: isLog,
    judge: async (keys) => {
      const compared = await deps.compare(keys);
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
      if (log?.state === 'BEHIND' && log.head !== null) await deps.archive(key, log.archived + 1, log.head);
      return true;
    },
  };
}

async function faultOf(deps: ArchiveCheckDeps, log: ArchivedLog): Promise<string | undefined> {
  const { state, archived, head } = log;
  if (state === 'DIFFERENT')
    return `version ${archived} is another event in the archive, or the log has lost it (it ends at ${head})`;
  if (state !== 'BEHIND') return undefined;
  const since = await deps.recordedAt(log, archived + 1);
  if (deps.now() - since < LATE_MS) return undefined;
  return `has up to version ${archived} of ${head}, and lacks the next one for an hour`;
}
