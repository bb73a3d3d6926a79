/** Aggregates with an event that a view cannot take. */
import {
  type ParkedAggregate,
  parkedAggregate,
  parkedAggregates,
  parkedOrder,
  resume,
} from '../../queues/kernel/parked.ts';
import type { AggregateKey } from '../../queues/kernel/positions.ts';
import { isAggregateType } from '../../schemas/aggregates.ts';
import { partOf } from '../../schemas/partition.ts';
import { VIEWS, type ViewName } from '../../schemas/tables/views.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ownerOf } from '../aggregates.ts';
import { type Env, viewDatabases } from '../env.ts';
import { projectionDeps } from '../projection.ts';
import { viewDatabase } from '../viewDatabase.ts';
import type { ParkedItem, ParkedSource } from './item.ts';

const PREFIX = 'view.';

/** Parked aggregates of all views in all databases. */
export function parkedInViews(env: Env, logger: Logger): ParkedSource {
  return {
    kind: 'view',
    list: async (after, limit) => {
      const from = after.slice(PREFIX.length);
      const databases = viewDatabases(env).map(viewDatabase);
      const lists = await Promise.all(databases.map((database) => parkedAggregates(database, from, limit)));
      const items = lists.flat().map(itemOf);
      return items.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
    },
    find: async (id) => {
      const named = parse(id);
      if (named === undefined) return undefined;
      const database = viewDatabase(viewDatabases(env)[partOfKey(env, named.key)] as D1Database);
      const found = await parkedAggregate(database, named.view, named.key);
      return found && itemOf(found);
    },
    retry: async (id, isOver) => {
      const named = parse(id);
      if (named === undefined) return undefined;
      const { view, key } = named;
      const head = await ownerOf(env, key).head();
      const resumed = await resume(projectionDeps(env, partOfKey(env, key), logger), view, key, head, isOver);
      return resumed && { ...resumed, reason: resumed.parked?.reason ?? null };
    },
  };
}

function partOfKey(env: Env, { aggregateId }: AggregateKey): number {
  return partOf(aggregateId, viewDatabases(env).length);
}

/** The view and the aggregate that an id names; undefined where it names none. */
function parse(id: string): { view: ViewName; key: AggregateKey } | undefined {
  const [, viewName, aggregateType = '', aggregateId = ''] = id.split('.');
  const view = VIEWS.find((name) => name === viewName);
  if (view === undefined || !isAggregateType(aggregateType)) return undefined;
  return { view, key: { aggregateType, aggregateId } };
}

function itemOf(parked: ParkedAggregate): ParkedItem {
  const { view, aggregateType, aggregateId, parkedVersion, reason, parkedAt } = parked;
  return {
    id: `${PREFIX}${parkedOrder(parked)}`,
    kind: 'view',
    where: view,
    aggregate: { aggregateType, aggregateId },
    fromVersion: parkedVersion,
    toVersion: null,
    reason,
    parkedAt,
    text: null,
  };
}
