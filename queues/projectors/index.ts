/** Every read model: a new one is a table, a projector and a line here. */
import type { RebuildableProjector } from '../kernel/projector.ts';
import { accountsProjector } from './accounts.ts';
import { inventoryProjector } from './inventory.ts';
import { journalProjector } from './journal.ts';
import { orderHistoryProjector } from './orderHistory.ts';
import { ordersProjector } from './orders.ts';
import { paymentsProjector } from './payments.ts';
import { positionsProjector } from './positions.ts';
import { sagasProjector } from './sagas.ts';
import { salesProjector } from './sales.ts';
import { tradesProjector } from './trades.ts';

export const projectors: readonly RebuildableProjector[] = [
  journalProjector,
  accountsProjector,
  positionsProjector,
  tradesProjector,
  ordersProjector,
  orderHistoryProjector,
  inventoryProjector,
  paymentsProjector,
  salesProjector,
  sagasProjector,
];
