/** How the views stand: their colours, what they have, and how far they are behind the logs. */
import type { ViewDatabase } from '../../queues/kernel/database.ts';
import { type AggregateKey, positionKey, readStandings } from '../../queues/kernel/positions.ts';
import { projectorOf, takes } from '../../queues/kernel/projector.ts';
import { projectors } from '../../queues/projectors/index.ts';
import { DIRECTORY_PARTS, partOf } from '../../schemas/partition.ts';
import { type Colour, VIEWS, type ViewName } from '../../schemas/tables/views.ts';
import { ownerOf } from '../aggregates.ts';
import { directoryPart } from '../directory.ts';
import { type Env, viewDatabases } from '../env.ts';
import { viewDatabase } from '../viewDatabase.ts';

/** Aggregates whose heads are asked for at most: each is a call that may wake an object. */
export const HEADS_MAX = 1_000;

/** A view in one database. */
interface ViewPart {
  readonly live: Colour;
  readonly building: boolean;
  /** Whether the other colour is what was live before. */
  readonly kept: boolean;
  readonly aggregates: number;
  readonly parked: number;
}

/** A view over all databases. */
export interface ViewState {
  readonly view: ViewName;
  readonly aggregates: number;
  readonly parked: number;
  readonly eventsBehind: number | null;
  readonly databases: readonly ViewPart[];
}

/** All views. With `heads` the logs are asked how far they go, where there are few enough. */
export async function viewStates(env: Env, heads: boolean): Promise<ViewState[]> {
  const databases = viewDatabases(env).map(viewDatabase);
  const parts = await Promise.all(databases.map(partsOf));
  const behind = heads ? await eventsBehind(env, databases) : undefined;
  return VIEWS.map((view) => {
    const own = parts.map((part) => part.get(view) as ViewPart);
    return {
      view,
      aggregates: own.reduce((sum, { aggregates }) => sum + aggregates, 0),
      parked: own.reduce((sum, { parked }) => sum + parked, 0),
      eventsBehind: behind?.get(view) ?? null,
      databases: own,
    };
  });
}

async function partsOf(database: ViewDatabase): Promise<Map<ViewName, ViewPart>> {
  const rows = await database.all<
    Omit<ViewPart, 'building' | 'kept'> & { view: ViewName; building: number; kept: number }
  >({
    sql:
      "SELECT named.value AS view, coalesce(v.live, 'blue') AS live, coalesce(v.building, 0) AS building, " +
      'coalesce(v.kept, 0) AS kept, (SELECT count(*) FROM view_positions AS p WHERE p.view = named.value ' +
      "AND p.colour = coalesce(v.live, 'blue')) AS aggregates, (SELECT count(*) FROM view_positions AS p " +
      "WHERE p.view = named.value AND p.colour = coalesce(v.live, 'blue') AND p.parked_version IS NOT NULL) AS parked " +
      'FROM json_each(?) AS named LEFT JOIN views AS v ON v.view = named.value',
    parameters: [JSON.stringify(VIEWS)],
  });
  return new Map(
    rows.map(({ view, building, kept, ...part }) => [
      view,
      { ...part, building: building === 1, kept: kept === 1 },
    ]),
  );
}

/** Events in the logs that each view lacks; undefined where there are too many logs to ask. */
async function eventsBehind(
  env: Env,
  databases: readonly ViewDatabase[],
): Promise<Map<ViewName, number> | undefined> {
  const keys = await knownAggregates(env);
  if (keys === undefined) return undefined;
  const heads = await Promise.all(keys.map(async (key) => ({ key, head: await ownerOf(env, key).head() })));
  const behind = new Map<ViewName, number>(VIEWS.map((view) => [view, 0]));
  for (const [part, database] of databases.entries()) {
    const own = heads.filter(({ key }) => partOf(key.aggregateId, databases.length) === part);
    const { targets, positions } = await readStandings(
      database,
      VIEWS,
      own.map(({ key }) => key),
    );
    for (const target of targets.filter(({ role }) => role === 'live')) {
      const projector = projectorOf(projectors, target);
      for (const { key, head } of own) {
        if (!takes(projector, key)) continue;
        const version = positions.get(positionKey(target, key))?.version ?? 0;
        behind.set(target.view, (behind.get(target.view) ?? 0) + Math.max(0, head - version));
      }
    }
  }
  return behind;
}

async function knownAggregates(env: Env): Promise<AggregateKey[] | undefined> {
  const parts = await Promise.all(
    Array.from({ length: DIRECTORY_PARTS }, (_, part) => directoryPart(env, part).list(null, HEADS_MAX)),
  );
  const keys = parts.flat().map(({ aggregateType, aggregateId }) => ({ aggregateType, aggregateId }));
  return keys.length < HEADS_MAX ? keys : undefined;
}
