/** Sagas that can be neither finished nor undone without somebody's help. */
import { and, eq, type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import type { SagaState } from '../../actors/saga/state.ts';
import type { CommandContext } from '../../schemas/envelope.ts';
import { sagas } from '../../schemas/tables/sagaViews.ts';
import { views } from '../../schemas/tables/views.ts';
import { ownerOf, receiverOf } from '../aggregates.ts';
import { type Env, viewDatabases } from '../env.ts';
import { liveColumns, readLive } from '../reads/live.ts';
import type { ParkedItem, ParkedSource } from './item.ts';

const PREFIX = 'saga.';

/** What the saga's log says of why it goes on; who said so is in the event's metadata. */
const RETRY_REASON = 'An operator had it tried again.';

type SagaRow = typeof sagas.blue.$inferSelect;

/** Parked sagas: listed from the view, judged and retried by themselves. */
export function parkedSagas(env: Env, context: CommandContext): ParkedSource {
  return {
    kind: 'saga',
    list: async (after, limit) => {
      const from = after.slice(PREFIX.length);
      const parts = await Promise.all(
        viewDatabases(env).map((database) => readParked(database, from, limit)),
      );
      const items = parts.flat().map((row) => itemOf({ ...row, parkedAt: row.updatedAt }));
      return items.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
    },
    find: async (id) => {
      const sagaId = sagaIdOf(id);
      const read = await ownerOf<SagaState>(env, { aggregateType: 'saga', aggregateId: sagaId }).read();
      if (read?.state.status !== 'PARKED') return undefined;
      const { definition, reason } = read.state;
      const item = itemOf({ sagaId, definition, reason, version: read.version, parkedAt: read.recordedAt });
      return item.id === id ? item : undefined;
    },
    retry: async (id) => {
      const saga = receiverOf(env, { aggregateType: 'saga', aggregateId: sagaIdOf(id) });
      const command = { commandId: crypto.randomUUID(), type: 'RetrySaga', data: { reason: RETRY_REASON } };
      const [outcome] = await saga.execute([command], context);
      if (outcome === undefined || outcome.status === 'refused') return undefined;
      return { status: 'RESUMED', version: outcome.version, reason: null };
    },
  };
}

/** The parked sagas of one database after an id without its kind. */
function readParked(database: D1Database, after: string, limit: number): Promise<SagaRow[]> {
  return readLive(database, ['sagas'], async (colours) => {
    const table = sagas[colours.sagas];
    const order: SQL = sql`${table.definition} || '.saga.' || ${table.sagaId}`;
    const db = drizzle(database);
    return db.batch([
      db.select(liveColumns).from(views),
      db
        .select()
        .from(table)
        .where(and(eq(table.status, 'PARKED'), sql`${order} > ${after}`))
        .orderBy(order)
        .limit(limit),
    ]);
  });
}

function sagaIdOf(id: string): string {
  return id.split('.')[3] ?? '';
}

function itemOf({
  sagaId,
  definition,
  reason,
  version,
  parkedAt,
}: Pick<SagaRow, 'sagaId' | 'definition' | 'reason' | 'version'> & { parkedAt: number }): ParkedItem {
  return {
    id: `${PREFIX}${definition}.saga.${sagaId}`,
    kind: 'saga',
    where: definition,
    aggregate: { aggregateType: 'saga', aggregateId: sagaId },
    fromVersion: version,
    toVersion: null,
    reason: reason ?? '',
    parkedAt,
    text: null,
  };
}
