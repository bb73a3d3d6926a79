/** What a plan is made of: orders, what becomes of each, what comes back, and the stock that it takes. */
import type { Exact } from '../exact.ts';
import type { Card } from './cards.ts';

/** Goods that come back from one order, and the money for them. */
export interface Return {
  /** The credit's number. */
  readonly refundId: string;
  amount: Exact;
  /** Units by product. */
  readonly goods: Map<string, number>;
}

/** A line of an order. */
export interface PlannedLine {
  readonly productId: string;
  readonly quantity: number;
  /** Decimal, not negative. */
  readonly unitPrice: string;
}

/** How an order is to end: delivered, cancelled once it was confirmed, or refused by the bank or for want of stock. */
export type Ending = 'DELIVERED' | 'CANCELLED' | 'DECLINED' | 'OUT_OF_STOCK';

/** An order, and what must become of it. */
export interface PlannedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly country: string;
  /** When the shop wrote the invoice, RFC 3339 in UTC. */
  readonly at: string;
  readonly lines: readonly PlannedLine[];
  readonly total: Exact;
  readonly card: Card;
  ending: Ending;
  /** What its customer sends back after delivery. */
  readonly returns: Return[];
}

/** A product and the units of it that come in before the first order. */
export interface PlannedProduct {
  readonly name: string;
  readonly unitPrice: string;
  received: number;
  /** What the shop found or wrote off. */
  adjusted: number;
}

/** Everything that a run does, and so everything that must come of it. */
export interface Plan {
  readonly orders: readonly PlannedOrder[];
  readonly products: ReadonlyMap<string, PlannedProduct>;
  readonly counts: PlanCounts;
}

/** What of the book was taken, and what was left out. */
export interface PlanCounts {
  invoices: number;
  credits: number;
  adjustments: number;
  /** Sales that come to nothing, or to a fraction of a penny. */
  unsellable: number;
  /** Units that were credited, and of those, units of no order of this run. */
  creditedUnits: number;
  strayUnits: number;
}
