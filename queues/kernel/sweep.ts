/** Which aggregates have views that stand behind their logs, and no parked event to explain it. */
import type { EventsMessage } from '../../schemas/message.ts';
import { positionKey, readPositions, viewTargets } from './positions.ts';
import type { RunnerDeps } from './runner.ts';

/** The heads that some live view has not reached. `heads` announce no events, only how far each log goes. */
export async function lagging(
  deps: Pick<RunnerDeps, 'database' | 'projectors'>,
  heads: readonly EventsMessage[],
): Promise<EventsMessage[]> {
  const targets = (
    await viewTargets(
      deps.database,
      deps.projectors.map(({ view }) => view),
    )
  ).filter((target) => target.role === 'live');
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
