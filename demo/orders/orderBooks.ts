/** What must be in stock, in the till and in the sales at the end of a run: from the plan alone, in exact decimals. */
import { Exact, NOTHING, plain } from '../exact.ts';
import type { Plan, PlannedOrder } from './planned.ts';

/** Orders, units and money of a day, a product or a country. */
export interface SalesFigures {
  orders: number;
  units: number;
  revenue: Exact;
}

/** The figures by their key; null for refunds, which are of no product. */
export type SalesBook = ReadonlyMap<string | null, SalesFigures>;

/** Where a product's units went. */
export interface StockBook {
  readonly received: number;
  readonly adjusted: number;
  readonly returned: number;
  readonly shipped: number;
}

/** The books of a plan that has been carried out. */
export class OrderBooks {
  readonly stock: ReadonlyMap<string, StockBook>;
  readonly byProduct: SalesBook;
  readonly byCountry: SalesBook;
  readonly captured: Exact;
  readonly refunded: Exact;

  constructor({ orders, products }: Plan) {
    const sold = orders.filter(({ ending }) => ending === 'DELIVERED');
    this.captured = sold.reduce((sum, { total }) => sum.plus(total), NOTHING);
    this.refunded = sold.reduce((sum, order) => sum.plus(refundOf(order)), NOTHING);
    this.stock = stockBook(products, sold);
    this.byProduct = productBook(sold);
    this.byCountry = countryBook(sold);
  }

  get revenue(): Exact {
    return this.captured.minus(this.refunded);
  }
}

/** Everything that went back to the customer of an order. */
export function refundOf({ returns }: PlannedOrder): Exact {
  return returns.reduce((sum, { amount }) => sum.plus(amount), NOTHING);
}

/** Units that must be there. */
export function onHand({ received, adjusted, returned, shipped }: StockBook): number {
  return received + adjusted + returned - shipped;
}

function stockBook(products: Plan['products'], sold: readonly PlannedOrder[]): Map<string, StockBook> {
  const shipped = new Map<string, number>();
  const returned = new Map<string, number>();
  const add = (to: Map<string, number>, productId: string, units: number) =>
    to.set(productId, (to.get(productId) ?? 0) + units);
  for (const { lines, returns } of sold) {
    for (const { productId, quantity } of lines) add(shipped, productId, quantity);
    for (const { goods } of returns) for (const [productId, units] of goods) add(returned, productId, units);
  }
  return new Map(
    [...products].map(([productId, { received, adjusted }]) => [
      productId,
      {
        received,
        adjusted,
        returned: returned.get(productId) ?? 0,
        shipped: shipped.get(productId) ?? 0,
      },
    ]),
  );
}

function figuresOf(book: Map<string | null, SalesFigures>, key: string | null): SalesFigures {
  const known = book.get(key) ?? { orders: 0, units: 0, revenue: NOTHING };
  book.set(key, known);
  return known;
}

function productBook(sold: readonly PlannedOrder[]): SalesBook {
  const book = new Map<string | null, SalesFigures>();
  for (const order of sold) {
    for (const { productId, quantity, unitPrice } of order.lines) {
      const figures = figuresOf(book, productId);
      figures.units += quantity;
      figures.revenue = figures.revenue.plus(new Exact(unitPrice).times(quantity));
    }
    for (const productId of new Set(order.lines.map((line) => line.productId)))
      figuresOf(book, productId).orders += 1;
    const refund = refundOf(order);
    if (refund.isZero()) continue;
    const refunds = figuresOf(book, null);
    refunds.revenue = refunds.revenue.minus(refund);
  }
  return book;
}

function countryBook(sold: readonly PlannedOrder[]): SalesBook {
  const book = new Map<string | null, SalesFigures>();
  for (const order of sold) {
    const figures = figuresOf(book, order.country);
    figures.orders += 1;
    figures.units += order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
    figures.revenue = figures.revenue.plus(order.total).minus(refundOf(order));
  }
  return book;
}

/** A group as `GET /v1/sales` writes it, to be compared. */
export function salesText(key: string | null, { orders, units, revenue }: SalesFigures): string {
  return `${key ?? '(refunds)'}: ${orders} orders, ${units} units, ${plain(revenue)}`;
}
