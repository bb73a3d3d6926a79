/** Makes one aggregate's rows in one view anew, from its log. */
import type { RunnerDeps } from '../kernel/deps.ts';
import { type AggregateKey, positionKey, readStandings, viewTargets } from '../kernel/positions.ts';
import type { RebuildableProjector } from '../kernel/projector.ts';
import { project } from '../kernel/runner.ts';

/**
 * Removes the rows: the view then says that it stands before the first event, as one that is late does. A view that is being
 * rebuilt is left alone, which mends it as well, and answers false. What was parked is tried again.
 */
export async function clear(
  deps: RunnerDeps,
  { view, table }: RebuildableProjector,
  { aggregateType, aggregateId }: AggregateKey,
): Promise<boolean> {
  const { targets } = await viewTargets(deps.database, [view]);
  const [live] = targets;
  if (live === undefined || targets.length > 1) return false;
  const ofType = table.typeColumn === undefined ? '' : ` AND ${table.typeColumn} = ?2`;
  await deps.database.batch([
    {
      sql: `DELETE FROM ${table.name(live.colour)} WHERE ${table.idColumn} = ?1${ofType}`,
      parameters: table.typeColumn === undefined ? [aggregateId] : [aggregateId, aggregateType],
    },
    // Set back and not removed: a consumer that has read the old position must find that it has moved.
    {
      sql:
        'UPDATE view_positions SET version = 0, previous = 0, claim = ?5, parked_version = NULL, parked_reason = NULL, ' +
        'parked_at = NULL ' +
        'WHERE view = ?1 AND colour = ?2 AND aggregate_type = ?3 AND aggregate_id = ?4',
      parameters: [view, live.colour, aggregateType, aggregateId, deps.newClaim()],
    },
  ]);
  return true;
}

/** Has the log projected up to `head`, until `isOver`. Answers false where there is more to do. */
export async function bringUp(
  deps: RunnerDeps,
  { view }: RebuildableProjector,
  { key, head }: { readonly key: AggregateKey; readonly head: number },
  isOver: () => boolean,
): Promise<boolean> {
  const announced = { ...key, fromVersion: head, toVersion: head, previousHash: '', events: [] };
  await project(deps, [announced], isOver);
  const { targets, positions } = await readStandings(deps.database, [view], [key]);
  const live = targets.filter(({ role }) => role === 'live');
  return live.every((target) => {
    const position = positions.get(positionKey(target, key));
    return position !== undefined && (position.version >= head || position.parkedVersion !== null);
  });
}
