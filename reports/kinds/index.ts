/** Every kind of report. */
export { orderToTrade } from './orderToTrade.ts';
export { largePositions, positions, type Thresholds } from './positions.ts';
export { tradeBlotter } from './tradeBlotter.ts';
export { transactionReport } from './transactionReport.ts';
