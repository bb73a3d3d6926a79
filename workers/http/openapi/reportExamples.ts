/** Examples of statements and reports, for the API's description. */
import {
  largeHolders,
  largePositions,
  orderToTrade,
  positions,
  tradeBlotter,
  transactionReport,
} from '../../../reports/kinds/index.ts';
import type { Kind } from '../../../reports/kinds/kind.ts';
import { eventIdText } from '../../../schemas/eventId.ts';
import { type Example, hashOf } from './example.ts';

const head = { aggregateType: 'account', aggregateId: 'acc-1', version: 2, hash: hashOf('2') };

const told = { reference: null, transfer: null, trade: null, amendment: null };

const statement = {
  accountId: 'acc-1',
  customerId: 'customer-1',
  accountType: 'INDIVIDUAL',
  status: 'OPEN',
  currency: 'USD',
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-12-01T00:00:00.000Z',
  asOf: '2026-11-21T09:30:01.000Z',
  heads: [head],
  openingBalance: '0',
  closingBalance: '81087',
  reserved: '0',
  totals: {
    deposits: '100000',
    withdrawals: '0',
    transfersIn: '0',
    transfersOut: '0',
    purchases: '-18912',
    sales: '0',
    corrections: '0',
    fees: '-1',
  },
  realizedPnl: { total: '0', bySymbol: [] },
  movements: [
    {
      version: 1,
      eventId: eventIdText(hashOf('1')),
      recordedAt: '2026-11-21T09:30:00.000Z',
      kind: 'INITIAL_DEPOSIT',
      amount: '100000',
      balance: '100000',
      ...told,
    },
    {
      version: 2,
      eventId: eventIdText(hashOf('2')),
      recordedAt: '2026-11-21T09:30:01.000Z',
      kind: 'BUY',
      amount: '-18913',
      balance: '81087',
      ...told,
      trade: {
        tradeId: 't-1',
        symbol: 'IBM',
        side: 'BUY',
        quantity: '100',
        price: '189.12',
        notional: '18912',
        fee: '1',
        realizedPnl: '0',
        executedAt: '2026-11-21T09:30:01.000Z',
      },
    },
  ],
  positions: [
    {
      symbol: 'IBM',
      quantity: '100',
      averageCost: '189.12',
      costBasis: '18912',
      price: '189.12',
      priceTradeId: 't-1',
      pricedAt: '2026-11-21T09:30:01.000Z',
      marketValue: '18912',
      unrealizedPnl: '0',
    },
  ],
  priceSource: 'ACCOUNT_LAST_TRADE',
  positionsValue: '18912',
  totalValue: '99999',
};

const traded = {
  tradeId: 't-1',
  symbol: 'IBM',
  side: 'BUY',
  quantity: '100',
  price: '189.12',
  executedAt: '2026-11-21T09:30:01.000Z',
};

const booked = {
  version: 2,
  eventId: eventIdText(hashOf('2')),
  eventType: 'TradeExecuted',
  recordedAt: '2026-11-21T09:30:01.000Z',
  amendedVersion: null,
};

const holding = {
  accountId: 'acc-1',
  customerId: 'customer-1',
  currency: 'USD',
  openingQuantity: '0',
  ...statement.positions[0],
  realizedPnl: '0',
};

const held = {
  customerId: 'customer-1',
  symbol: 'IBM',
  currency: 'USD',
  quantity: '100',
  longQuantity: '100',
  shortQuantity: '0',
  price: '189.12',
  priceTradeId: 't-1',
  priceAccountId: 'acc-1',
  pricedAt: '2026-11-21T09:30:01.000Z',
  marketValue: '18912',
  grossValue: '18912',
};

const HOLDER_TOTAL = {
  ...{ level: 'CUSTOMER', accountId: null, accounts: 1 },
  ...held,
  ...{ quantityInAllCurrencies: '100', reached: 'VALUE' },
};

const HOLDER_ACCOUNT = {
  ...{ level: 'ACCOUNT', accountId: 'acc-1', accounts: null },
  ...held,
  ...{ quantityInAllCurrencies: null, reached: null },
};

/** A page with these rows. */
function page(kind: Kind, ...rows: object[]): { readonly reply: object } {
  const { name: report, emptyColumns: emptyFields = [] } = kind;
  const period = { from: '2026-11-21T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' };
  return {
    reply: { report, ...period, asOf: period.to, emptyFields, rows, heads: [head], nextCursor: null },
  };
}

/** Examples by `operationId`. */
export const REPORT_EXAMPLES: Readonly<Record<string, Example>> = {
  getStatement: { reply: statement },
  getTradeBlotter: page(tradeBlotter, {
    accountId: 'acc-1',
    customerId: 'customer-1',
    ...booked,
    ...traded,
    currency: 'USD',
    notional: '18912',
    fee: '1',
    realizedPnl: '0',
    reason: null,
    userId: 'local-administrator',
  }),
  getOrderToTrade: page(orderToTrade, {
    accountId: 'acc-1',
    commandId: 't-1',
    userId: 'local-administrator',
    correlationId: '4bf92f3577b34da6a3ce929d0e0e4736',
    causationId: null,
    sagaId: null,
    ...booked,
    hash: hashOf('2'),
    ...traded,
  }),
  getTransactionReport: page(transactionReport, {
    accountId: 'acc-1',
    customerId: 'customer-1',
    accountType: 'INDIVIDUAL',
    accountSide: 'BUYER',
    tradeId: 't-1',
    symbol: 'IBM',
    userId: 'local-administrator',
    version: 2,
    recordedAt: '2026-11-21T09:30:01.000Z',
    reportStatus: 'NEWT',
    transactionReferenceNumber: hashOf('B').slice(0, 40),
    tradingDateTime: '2026-11-21T09:30:01.000Z',
    quantity: '100',
    price: '189.12',
    priceCurrency: 'USD',
    instrumentId: null,
    shortSelling: null,
    securitiesFinancingTransaction: 'false',
  }),
  getPositionReport: page(positions, holding),
  getLargePositions: page(largePositions, { ...holding, reached: 'VALUE' }),
  getLargeHolders: {
    reply: { ...page(largeHolders, HOLDER_TOTAL, HOLDER_ACCOUNT).reply, from: null },
  },
};
