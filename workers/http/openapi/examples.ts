/** One request and reply of each operation, for the API's description. A test holds them against the schemas. */

import { eventIdText, GENESIS_HASH_TEXT } from '../../../schemas/eventId.ts';
import { ARCHIVE_EXAMPLES } from './archiveExamples.ts';
import { commandExample, type Example, hashOf } from './example.ts';
import { GRAPHQL_EXAMPLES } from './graphQlExamples.ts';
import { ORDER_VIEW_EXAMPLES } from './orderViewExamples.ts';
import { PAYMENT_EXAMPLES } from './paymentExamples.ts';
import { RECONCILIATION_EXAMPLES } from './reconciliationExamples.ts';
import { REPORT_EXAMPLES } from './reportExamples.ts';
import { SAGA_EXAMPLES } from './sagaExamples.ts';
import { SERVICE_KEY_EXAMPLES } from './serviceKeyExamples.ts';
import { SHOP_EXAMPLES } from './shopExamples.ts';
import { SUBJECT_EXAMPLES } from './subjectExamples.ts';
import { TIME_EXAMPLES } from './timeExamples.ts';

export const EXAMPLE_CORRELATION_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

const opening = {
  customerId: 'customer-1',
  accountType: 'INDIVIDUAL',
  currency: 'USD',
  initialBalance: '100000',
};
const trade = { tradeId: 't-1', symbol: 'IBM', quantity: '100', price: '189.12', side: 'BUY', fee: '1' };
const line = { symbol: 'IBM', quantity: '100', averageCost: '189.12', realizedPnl: '0' };

const command = commandExample('acc-1');

const account = {
  accountId: 'acc-1',
  customerId: 'customer-1',
  accountType: 'INDIVIDUAL',
  status: 'OPEN',
  currency: 'USD',
  cash: { total: '81087', reserved: '0', available: '81087' },
  fees: '1',
  positions: [line],
  limits: { allowShort: false, maxOrderNotional: null, maxPositionNotional: null, maxPositionQuantity: null },
  version: 2,
};

const event = {
  eventId: eventIdText(hashOf('1')),
  aggregateType: 'account',
  aggregateId: 'acc-1',
  version: 1,
  eventType: 'AccountOpened',
  schemaVersion: 2,
  recordedAt: '2026-11-21T09:30:00.000Z',
  data: { accountType: 'INDIVIDUAL', cash: '100000', currency: 'USD', customerId: 'customer-1' },
  metadata: {
    causationId: null,
    commandId: 'open-1',
    correlationId: EXAMPLE_CORRELATION_ID,
    userId: 'local-administrator',
  },
  previousHash: GENESIS_HASH_TEXT,
  hash: hashOf('1'),
};

const tradeLine = {
  tradeId: 't-1',
  version: 2,
  symbol: 'IBM',
  side: 'BUY',
  quantity: '100',
  price: '189.12',
  notional: '18912',
  fee: '1',
  realizedPnl: '0',
  executedAt: '2026-11-21T09:30:01.000Z',
  recordedAt: '2026-11-21T09:30:01.000Z',
  status: 'EXECUTED',
  amendedVersion: null,
};

const batchCommands = [
  { commandId: 'open-1', aggregateType: 'account', aggregateId: 'acc-1', type: 'OpenAccount', data: opening },
  { commandId: 't-1', aggregateType: 'account', aggregateId: 'acc-1', type: 'ExecuteTrade', data: trade },
];

const rebuild = {
  status: 'SWITCHED',
  kind: 'rebuild',
  phase: 'SWITCHED',
  views: ['trades'],
  aggregatesTotal: 1,
  aggregatesDone: 1,
  aggregatesVerified: 1,
  eventsApplied: 2,
  differencesFound: 1,
  differences: [
    { view: 'trades', kind: 'only_rebuilt', aggregateType: 'account', aggregateId: 'acc-1', version: 2 },
  ],
  reason: null,
  startedAt: '2026-11-21T09:31:00.000Z',
  endedAt: '2026-11-21T09:31:00.250Z',
};

const parked = {
  id: 'view.trades.account.acc-1',
  kind: 'view',
  where: 'trades',
  aggregateType: 'account',
  aggregateId: 'acc-1',
  fromVersion: 2,
  toVersion: null,
  reason: 'D1_ERROR: UNIQUE constraint failed: trades_blue.version',
  parkedAt: '2026-11-21T09:30:02.000Z',
};

/** Examples by `operationId`. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  openAccount: command({ accountId: 'acc-1', ...opening }, 'AccountOpened', 1),
  executeTrade: command(trade, 'TradeExecuted', 2, { tradeId: 't-1', cash: '81087', position: line }),
  depositFunds: command({ amount: '250.50', reference: 'wire 4711' }, 'FundsDeposited', 3),
  withdrawFunds: command({ amount: '100' }, 'FundsWithdrawn', 4),
  setLimits: command({ maxOrderNotional: '50000', maxPositionQuantity: null }, 'LimitsSet', 5),
  freezeAccount: command({ reason: 'court order 17/2026' }, 'AccountFrozen', 6),
  unfreezeAccount: command({ reason: 'order lifted' }, 'AccountUnfrozen', 7),
  closeAccount: command({ reason: 'moved to another bank' }, 'AccountClosed', 8),
  getAccount: { reply: account },
  getAccounts: { reply: { accounts: [account], nextCursor: null } },
  getPortfolio: { reply: account },
  getAccountEvents: { reply: { events: [event], nextFromVersion: 2 } },
  getTrades: { reply: { trades: [tradeLine], nextCursor: null } },
  ...TIME_EXAMPLES,
  ...GRAPHQL_EXAMPLES,
  ...SAGA_EXAMPLES,
  runCommands: {
    request: {
      'application/json': { commands: batchCommands },
      'application/x-ndjson': batchCommands.map((one) => `${JSON.stringify(one)}\n`).join(''),
    },
    reply: {
      accepted: 1,
      refused: 1,
      replayed: 0,
      results: [
        { commandId: 'open-1', status: 'accepted', version: 1 },
        { commandId: 't-1', status: 'refused', code: 'insufficient_funds', detail: 'Available cash is 5.' },
      ],
    },
  },
  ...PAYMENT_EXAMPLES,
  ...SHOP_EXAMPLES,
  getEvents: { reply: { events: [event], next: 'WzFd', more: false } },
  getEventTypes: {
    reply: {
      eventTypes: [
        {
          aggregateType: 'account',
          eventType: 'AccountFrozen',
          schemaVersion: 1,
          schemaVersions: [1],
          jsonSchema: { type: 'object', properties: { reason: { type: 'string' } }, required: ['reason'] },
        },
      ],
    },
  },
  auditAggregate: { reply: { ok: true, version: 2, headHash: hashOf('2'), eventsChecked: 2 } },
  getViews: {
    reply: {
      views: [
        {
          view: 'trades',
          aggregates: 1,
          parked: 0,
          eventsBehind: 0,
          databases: [{ live: 'green', building: false, kept: true, aggregates: 1, parked: 0 }],
        },
      ],
      rebuild,
    },
  },
  rebuildViews: { request: { 'application/json': { views: ['trades'] } }, reply: rebuild },
  cancelRebuild: {
    reply: {
      ...rebuild,
      status: 'FAILED',
      phase: 'FAILED',
      reason: 'cancelled',
      differencesFound: 0,
      differences: [],
    },
  },
  rollBackView: { reply: { ...rebuild, kind: 'revert', differencesFound: 0, differences: [] } },
  listParked: { reply: { parked: [parked], nextCursor: null, unanswered: [] } },
  getParked: { reply: { parked, head: 3, events: [event], text: null } },
  retryParked: { reply: { id: parked.id, status: 'RESUMED', version: 3, reason: null } },
  retryAllParked: {
    request: { 'application/json': { kind: 'view', where: 'trades' } },
    reply: { resumed: 1, stillParked: 0, unanswered: [], nextCursor: null },
  },
  ...ORDER_VIEW_EXAMPLES,
  ...SERVICE_KEY_EXAMPLES,
  ...SUBJECT_EXAMPLES,
  ...ARCHIVE_EXAMPLES,
  ...RECONCILIATION_EXAMPLES,
  ...REPORT_EXAMPLES,
  callMethod: {
    request: {
      'application/json': {
        id: 'acc-1',
        amount: '250.50',
        reference: 'wire 4711',
        idempotencyKey: 'wire-4711',
      },
    },
  },
  getHealth: { reply: { status: 'ok' } },
  getReadiness: { reply: { status: 'ready' } },
};
