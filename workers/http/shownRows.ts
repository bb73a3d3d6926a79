/** Rows of the views of orders, and of all that they need, as the API shows them. */
import type { InventoryRow } from '../reads/inventory.ts';
import type { HistoryRow } from '../reads/orderHistory.ts';
import type { OrderRow } from '../reads/orders.ts';
import type { PaymentRow } from '../reads/payments.ts';
import type { Sales } from '../reads/sales.ts';
import { staleSinceField } from '../reads/stale.ts';
import type {
  InventoryLevelsReply,
  OrderHistoryReply,
  OrdersReply,
  PaymentsReply,
  SalesReply,
} from './viewReplies.ts';

/** An order as lists show it. */
export function orderSummary({
  placedAt,
  updatedAt,
  staleSince,
  ...order
}: OrderRow): OrdersReply['orders'][number] {
  return {
    ...order,
    ...staleSinceField({ staleSince }),
    placedAt: new Date(placedAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

/** An event of an order's history as it is shown. */
export function happened({
  recordedAt,
  orderId: _,
  ...event
}: HistoryRow): OrderHistoryReply['events'][number] {
  return { at: new Date(recordedAt).toISOString(), ...event };
}

/** The stock of a product as lists show it. */
export function inventoryLevel({
  updatedAt,
  staleSince,
  ...level
}: InventoryRow): InventoryLevelsReply['inventory'][number] {
  return { ...level, ...staleSinceField({ staleSince }), updatedAt: new Date(updatedAt).toISOString() };
}

/** A payment as lists show it. */
export function paymentSummary({
  requestedAt,
  updatedAt,
  staleSince,
  ...payment
}: PaymentRow): PaymentsReply['payments'][number] {
  return {
    ...payment,
    ...staleSinceField({ staleSince }),
    requestedAt: new Date(requestedAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

/** A group of sales as it is shown. */
export function salesGroup({ key, ...figures }: Sales): SalesReply['sales'][number] {
  return { key: key === '' ? null : key, ...figures };
}
