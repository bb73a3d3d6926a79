/**
 * Tables of the read models in D1. Every view exists in two colours: one is live, the other is idle or being rebuilt
 * beside it, and a switch is one row in `views`. Which is which is the database's own matter; a reader asks `views`.
 */
import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { TRADE_STATUSES } from '../trade.ts';

/** The two sets of tables that a view has. */
export const COLOURS = ['blue', 'green'] as const;
export type Colour = (typeof COLOURS)[number];

/** The views, by name. */
export const VIEWS = [
  'accounts',
  'positions',
  'trades',
  'journal',
  'orders',
  'order_history',
  'inventory',
  'payments',
  'sales',
  'sagas',
] as const;
export type ViewName = (typeof VIEWS)[number];

/**
 * Which colour of a view is live, and whether the other one is being built. A view without a row is live in blue. `epoch`
 * grows with every change of the row: a consumer that read the colours before a change is told so by its own transaction.
 * `kept` says that the other colour holds what was live before the last switch, to go back to.
 */
export const views = sqliteTable('views', {
  view: text().primaryKey(),
  live: text({ enum: COLOURS }).notNull(),
  building: integer({ mode: 'boolean' }).notNull(),
  epoch: integer().notNull().default(0),
  kept: integer({ mode: 'boolean' }).notNull().default(false),
});

/** A rebuild starts from nothing; reverting, from what was live before. */
export const REBUILD_KINDS = ['rebuild', 'revert'] as const;
export type RebuildKind = (typeof REBUILD_KINDS)[number];

/** What a rebuild goes through; the last two are its ends. */
export const REBUILD_PHASES = [
  'CLEARING',
  'APPLYING',
  'VERIFYING',
  'SWITCHING',
  'SWITCHED',
  'FAILED',
] as const;
export type RebuildPhase = (typeof REBUILD_PHASES)[number];

/**
 * The one rebuild (or reverting) of this database that is going on, or the last one there was: all that a crash must not
 * forget. Each of its steps is a transaction that also checks that the row still stands where the step read it.
 */
export const rebuilds = sqliteTable(
  'rebuilds',
  {
    id: integer().primaryKey(),
    job: text().notNull(),
    kind: text({ enum: REBUILD_KINDS }).notNull(),
    /** Names of the views, a JSON array. */
    views: text().notNull(),
    phase: text({ enum: REBUILD_PHASES }).notNull(),
    /** How far the phase has come, JSON; null at its beginning. */
    cursor: text(),
    aggregatesDone: integer('aggregates_done').notNull(),
    eventsApplied: integer('events_applied').notNull(),
    /** The first differences found, a JSON array, and how many there were. */
    differences: text().notNull(),
    differencesFound: integer('differences_found').notNull(),
    /** Why it failed, for a person. */
    reason: text(),
    startedAt: integer('started_at').notNull(),
    endedAt: integer('ended_at'),
  },
  (table) => [check('one_rebuild', sql`${table.id} = 1`)],
);

/**
 * How far each view has applied each aggregate. `claim` names the batch that moved the row last: within the batch's
 * transaction it shows that no other consumer applied the range. A parked row stands before the event that failed.
 */
export const viewPositions = sqliteTable(
  'view_positions',
  {
    view: text().notNull(),
    colour: text({ enum: COLOURS }).notNull(),
    aggregateType: text('aggregate_type').notNull(),
    aggregateId: text('aggregate_id').notNull(),
    version: integer().notNull(),
    previous: integer().notNull(),
    claim: text().notNull(),
    parkedVersion: integer('parked_version'),
    parkedReason: text('parked_reason'),
    parkedAt: integer('parked_at'),
  },
  (table) => [
    primaryKey({ columns: [table.view, table.colour, table.aggregateType, table.aggregateId] }),
    // Costs nothing where nothing is parked, and finds the few in a million.
    index('view_positions_parked').on(table.view, table.colour).where(sql`parked_version IS NOT NULL`),
  ],
);

const accountsTable = <Name extends string>(name: Name) =>
  sqliteTable(name, {
    accountId: text('account_id').primaryKey(),
    customerId: text('customer_id').notNull(),
    accountType: text('account_type').notNull(),
    currency: text().notNull(),
    status: text().notNull(),
    cash: text().notNull(),
    // Rows from before there were transfers have nothing reserved.
    reserved: text().notNull().default('0'),
    fees: text().notNull(),
    limits: text().notNull(),
    version: integer().notNull(),
    openedAt: integer('opened_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  });

const positionsTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      accountId: text('account_id').notNull(),
      symbol: text().notNull(),
      quantity: text().notNull(),
      averageCost: text('average_cost').notNull(),
      costBasis: text('cost_basis').notNull(),
      realizedPnl: text('realized_pnl').notNull(),
      version: integer().notNull(),
    },
    (table) => [primaryKey({ columns: [table.accountId, table.symbol] })],
  );

/**
 * Newest first within an account is the primary key backwards. There is no index by symbol: it touches a page of its own
 * for each symbol of an account, which doubles the cost of a trade, and reading an account backwards is quick.
 */
const tradesTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      accountId: text('account_id').notNull(),
      version: integer().notNull(),
      tradeId: text('trade_id').notNull(),
      symbol: text().notNull(),
      side: text().notNull(),
      quantity: text().notNull(),
      price: text().notNull(),
      notional: text().notNull(),
      fee: text().notNull(),
      realizedPnl: text('realized_pnl').notNull(),
      executedAt: integer('executed_at').notNull(),
      recordedAt: integer('recorded_at').notNull(),
      status: text({ enum: TRADE_STATUSES }).notNull().default('EXECUTED'),
      /** Version of the last correction or cancellation: the terms are those that it left. */
      amendedVersion: integer('amended_version'),
    },
    (table) => [primaryKey({ columns: [table.accountId, table.version] })],
  );

/**
 * Every event in the order in which this database first saw it, a row for each range of an aggregate's events that arrived
 * together: storing a range as the text it came in costs a tenth of a row an event. `position` is the order and what
 * readers of the feed remember; it is that of the range's last event, the event before it has the position before. A
 * rebuilt journal takes over the positions of the live one.
 */
const journalTable = <Name extends string>(name: Name) =>
  sqliteTable(
    name,
    {
      position: integer().primaryKey(),
      aggregateType: text('aggregate_type').notNull(),
      aggregateId: text('aggregate_id').notNull(),
      fromVersion: integer('from_version').notNull(),
      toVersion: integer('to_version').notNull(),
      /** Hash of the event before the first one. */
      previousHash: text('previous_hash').notNull(),
      /** When the first and the last event were recorded. */
      recordedFrom: integer('recorded_from').notNull(),
      recordedTo: integer('recorded_to').notNull(),
      /** How many events of each type there are, a JSON object. */
      types: text().notNull(),
      /** The events as they were announced, a JSON array; their data and metadata are as stored. */
      events: text().notNull(),
    },
    (table) => [
      uniqueIndex(`${name}_aggregate`).on(table.aggregateId, table.aggregateType, table.fromVersion),
    ],
  );

/** Each view's tables, for migrations and for typed queries. */
export const accountsBlue = accountsTable('accounts_blue');
export const accountsGreen = accountsTable('accounts_green');
export const positionsBlue = positionsTable('positions_blue');
export const positionsGreen = positionsTable('positions_green');
export const tradesBlue = tradesTable('trades_blue');
export const tradesGreen = tradesTable('trades_green');
export const journalBlue = journalTable('journal_blue');
export const journalGreen = journalTable('journal_green');

/** The drizzle table of a view in a colour. */
export const accounts = { blue: accountsBlue, green: accountsGreen } as const;
export const positions = { blue: positionsBlue, green: positionsGreen } as const;
export const trades = { blue: tradesBlue, green: tradesGreen } as const;
export const journal = { blue: journalBlue, green: journalGreen } as const;

/** A consumer inserts whether all its claims held: the check aborts its transaction where one did not. */
export const positionGuard = sqliteTable('position_guard', { holds: integer().notNull() }, (table) => [
  check('position_race', sql`${table.holds} = 1`),
]);
