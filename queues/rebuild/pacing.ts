/** A rebuild's bounded load: it pauses before calls, and takes smaller portions while others ask for something. */
import type { Pacing } from '../kernel/pacing.ts';
import type { RebuildDeps } from './deps.ts';

/** Into how many parts a portion of work is cut while others ask for something: its call or its decoding is what they wait for. */
export const BUSY_PARTS = 3;

/** What a rebuild needs, but for how it takes its turns. */
export type Unpaced = Omit<RebuildDeps, 'portion' | 'letOthersGoFirst'>;

/** The same, with pauses before calls of whatever kind: each until nobody else waits for an answer, or for a while. */
export function paced(deps: Unpaced, pacing: Pacing): RebuildDeps {
  return {
    ...deps,
    letOthersGoFirst: () => pacing.letOthersGoFirst(),
    portion: (full) => (pacing.isBusy ? Math.ceil(full / BUSY_PARTS) : full),
    database: pacing.database(deps.database),
    readLog: pacing.afterOthers(deps.readLog),
    directory: pacing.afterOthers(deps.directory),
    head: pacing.afterOthers(deps.head),
    owner: pacing.afterOthers(deps.owner),
  };
}
