/**
 * Logs held against the directory. Reports, sweeps and every walk through all aggregates go by it: one that it has lost is
 * left out of all of them, and nothing says so, since an aggregate enters itself but once.
 */
import { type AggregateKey, keyOf } from '../kernel/positions.ts';
import type { Untold } from './untold.ts';
import { answered, type Check, isLog, itself, type Verdict } from './verdict.ts';

/** The world of the check. */
export interface DirectoryCheckDeps {
  readonly untold: Untold;
  /** Those of some aggregates that the directory does not know. */
  unknown(keys: readonly AggregateKey[]): Promise<readonly AggregateKey[]>;
  /** Version of an aggregate's newest event. */
  head(key: AggregateKey): Promise<number>;
  /** Enters an aggregate; repeating it changes nothing. */
  enter(key: AggregateKey): Promise<void>;
}

/** The check over the directory. */
export function directoryCheck(deps: DirectoryCheckDeps): Check {
  return {
    name: 'directory',
    takes: isLog,
    judge: async (keys) => {
      const unknown = new Set((await deps.unknown(keys)).map(keyOf));
      return answered(deps.untold, keys, itself, async (key): Promise<Verdict> => {
        const fault = unknown.has(keyOf(key)) ? faultOf(await deps.head(key)) : undefined;
        return { ...key, check: 'directory', where: 'directory', fault };
      });
    },
    repair: async ({ aggregateType, aggregateId }) => {
      const key = { aggregateType, aggregateId };
      if ((await deps.head(key)) > 0) await deps.enter(key);
      return true;
    },
  };
}

/** An aggregate enters itself before its first event: what has none may well be unknown. */
function faultOf(head: number): string | undefined {
  if (head === 0) return undefined;
  return `its log goes to version ${head}, and the directory does not know it: reports and sweeps leave it out`;
}
