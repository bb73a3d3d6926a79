/** Every read model: a new one is a table, a projector and a line here (docs/extending.md). */
import type { ViewName } from '../../schemas/tables/views.ts';
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

/** By view, so that none is without. */
const BY_VIEW: Readonly<Record<ViewName, RebuildableProjector>> = {
  journal: journalProjector,
  accounts: accountsProjector,
  positions: positionsProjector,
  trades: tradesProjector,
  orders: ordersProjector,
  order_history: orderHistoryProjector,
  inventory: inventoryProjector,
  payments: paymentsProjector,
  sales: salesProjector,
  sagas: sagasProjector,
};

export const projectors: readonly RebuildableProjector[] = Object.values(BY_VIEW);
