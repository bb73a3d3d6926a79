/** Every kind of report. */
export { largeHolderRows, largeHolders } from './largeHolders.ts';
export { orderToTrade } from './orderToTrade.ts';
export { largePositions, positions } from './positions.ts';
export type { Thresholds } from './thresholds.ts';
export { tradeBlotter } from './tradeBlotter.ts';
export { transactionReport } from './transactionReport.ts';
