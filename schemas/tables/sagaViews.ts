/** Tables about sagas: the view of them, in two colours as `views.ts` says, and how far they were told of what happened. */
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { SagaStatus } from '../saga.ts';

/** One row a saga. Lists are newest first by `started_at`, then by id, which every index ends with. */
const sagasTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      sagaId: text('saga_id').primaryKey(),
      definition: text().notNull(),
      definitionVersion: integer('definition_version').notNull(),
      status: text().$type<SagaStatus>().notNull(),
      /** Why it is undone or waits for an operator; null where all is well. */
      reason: text(),
      version: integer().notNull(),
      startedAt: integer('started_at').notNull(),
      updatedAt: integer('updated_at').notNull(),
      endedAt: integer('ended_at'),
    },
    (table) => [
      index(`${name}_started`).on(table.startedAt),
      index(`${name}_status`).on(table.status, table.startedAt),
      index(`${name}_definition`).on(table.definition, table.startedAt),
    ],
  );

/** The drizzle table of the view in a colour. */
export const sagasBlue = sagasTable('sagas_blue');
export const sagasGreen = sagasTable('sagas_green');
export const sagas = { blue: sagasBlue, green: sagasGreen } as const;

/** Up to which version of an aggregate sagas were told what happened (`queues/sagas/`). */
export const sagaPositions = sqliteTable(
  'saga_positions',
  {
    aggregateType: text('aggregate_type').notNull(),
    aggregateId: text('aggregate_id').notNull(),
    version: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.aggregateType, table.aggregateId] })],
);
