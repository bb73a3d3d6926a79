/** Examples of corrections, and of what was at some time. */
import { commandExample, type Example } from './example.ts';

const command = commandExample('acc-1');
const line = { symbol: 'IBM', quantity: '100', averageCost: '188.12', realizedPnl: '0' };

/** Examples by `operationId`. */
export const TIME_EXAMPLES: Readonly<Record<string, Example>> = {
  correctTrade: command({ price: '188.12', reason: 'price of the contract note' }, 'TradeCorrected', 9, {
    tradeId: 't-1',
    cash: '81187',
    position: line,
  }),
  cancelTrade: command({ reason: 'booked twice' }, 'TradeCancelled', 10, {
    tradeId: 't-1',
    cash: '100000',
    position: { symbol: 'IBM', quantity: '0', averageCost: '0', realizedPnl: '0' },
  }),
};
