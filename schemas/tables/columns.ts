/** The columns of each view's tables, as the schema declares them. */
import { getTableColumns, type Table } from 'drizzle-orm';
import { inventory, orderHistory, orders, payments, salesBlue } from './orderViews.ts';
import { sagas } from './sagaViews.ts';
import { accounts, journal, positions, trades, type ViewName } from './views.ts';

const TABLES: Readonly<Record<ViewName, Table>> = {
  accounts: accounts.blue,
  positions: positions.blue,
  trades: trades.blue,
  journal: journal.blue,
  orders: orders.blue,
  order_history: orderHistory.blue,
  inventory: inventory.blue,
  payments: payments.blue,
  sales: salesBlue,
  sagas: sagas.blue,
};

/** Names of the columns that both tables of a view have. */
export function columnsOf(view: ViewName): string[] {
  return Object.values(getTableColumns(TABLES[view])).map(({ name }) => name);
}
