/** Examples of corrections, and of what was at some time. */
import { commandExample, type Example } from './example.ts';

const command = commandExample('acc-1');
const line = { symbol: 'IBM', quantity: '100', averageCost: '188.12', realizedPnl: '0' };

const limits = {
  allowShort: false,
  maxOrderNotional: null,
  maxPositionNotional: null,
  maxPositionQuantity: null,
};

const recorded = {
  accountId: 'acc-1',
  customerId: 'customer-1',
  accountType: 'INDIVIDUAL',
  status: 'OPEN',
  currency: 'USD',
  cash: { total: '81087', reserved: '0', available: '81087' },
  fees: '1',
  positions: [{ ...line, averageCost: '189.12' }],
  limits,
  version: 2,
};

const asOf = {
  at: '2026-11-21T23:59:59.999Z',
  version: 2,
  recordedAt: '2026-11-21T09:30:01.000Z',
  knownVersion: 9,
};

/** Examples by `operationId`. */
export const TIME_EXAMPLES: Readonly<Record<string, Example>> = {
  correctTrade: command({ price: '188.12', reason: 'price of the contract note' }, 'TradeCorrected', 9, {
    tradeId: 't-1',
    cash: '81187',
    position: line,
  }),
  getPortfolioDifference: {
    reply: {
      accountId: 'acc-1',
      asOf,
      recorded,
      known: { ...recorded, cash: { total: '81187', reserved: '0', available: '81187' }, positions: [line] },
      difference: {
        cash: '100',
        fees: '0',
        positions: [{ symbol: 'IBM', quantity: '0', averageCost: '-1', realizedPnl: '0' }],
      },
      amendments: [
        {
          version: 9,
          eventType: 'TradeCorrected',
          recordedAt: '2026-11-24T08:00:00.000Z',
          tradeId: 't-1',
          tradeVersion: 2,
          symbol: 'IBM',
          reason: 'price of the contract note',
          changes: { cash: '100', fees: '0', quantity: '0', realizedPnl: '0' },
        },
      ],
      amendmentsTotal: 1,
    },
  },
  getBalanceHistory: {
    reply: {
      accountId: 'acc-1',
      currency: 'USD',
      interval: 'day',
      asOf: { version: 2, knowledge: 'recorded', knownVersion: 2 },
      periods: [
        {
          period: '2026-11-21',
          from: '2026-11-21T00:00:00.000Z',
          to: '2026-11-22T00:00:00.000Z',
          opening: '0',
          closing: '81087',
          minimum: '81087',
          maximum: '100000',
        },
      ],
    },
  },
  cancelTrade: command({ reason: 'booked twice' }, 'TradeCancelled', 10, {
    tradeId: 't-1',
    cash: '100000',
    position: { symbol: 'IBM', quantity: '0', averageCost: '0', realizedPnl: '0' },
  }),
};
