/** Which colour of a view a read goes to. */

import { d1Database } from '../../queues/kernel/database.ts';
import { viewTargets } from '../../queues/kernel/positions.ts';
import type { Colour, ViewName } from '../../schemas/tables/views.ts';

/** The live colours of some views of one database, by view. */
export async function liveColours<Name extends ViewName>(
  database: D1Database,
  names: readonly Name[],
): Promise<Record<Name, Colour>> {
  const targets = await viewTargets(d1Database(database), names);
  const live = targets.filter(({ role }) => role === 'live').map(({ view, colour }) => [view, colour]);
  return Object.fromEntries(live) as Record<Name, Colour>;
}
