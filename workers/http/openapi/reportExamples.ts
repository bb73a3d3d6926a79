/** Examples of statements and reports, for the API's description. */
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

/** Examples by `operationId`. */
export const REPORT_EXAMPLES: Readonly<Record<string, Example>> = {
  getStatement: { reply: statement },
};
