/** What is to be done with an order book: orders, what becomes of each, what comes back, and the stock that it takes. */
import { Exact, NOTHING } from '../exact.ts';
import { seededRandom } from '../random.ts';
import { type Card, dealCards } from './cards.ts';
import { addReturns, matchCredits } from './credits.ts';
import type { Invoice, InvoiceSource } from './invoice.ts';
import type { Plan, PlanCounts, PlannedOrder, PlannedProduct } from './planned.ts';

/** Share of the orders for which there is a unit too few of something. */
export const SHORT_SHARE = 0.03;

/** Share of the orders that are cancelled after they were confirmed, beside those that the book itself takes back whole. */
export const CANCELLED_SHARE = 0.02;

/** Reads so many invoices of a book and works everything out. `prefix` begins every id. */
export async function makePlan(
  source: InvoiceSource,
  { limit, seed, prefix = '' }: { readonly limit: number; readonly seed: number; readonly prefix?: string },
): Promise<Plan> {
  const invoices: Invoice[] = [];
  for await (const invoice of source) {
    invoices.push(prefixed(invoice, prefix));
    if (invoices.length >= limit) break;
  }
  const of = (kind: Invoice['kind']) => invoices.filter((invoice) => invoice.kind === kind);
  const [sales, credits, adjustments] = [of('SALE'), of('CREDIT'), of('ADJUSTMENT')];
  const counts: PlanCounts = {
    invoices: invoices.length,
    credits: credits.length,
    adjustments: adjustments.length,
    unsellable: 0,
    creditedUnits: 0,
    strayUnits: 0,
  };
  const orders = planOrders(sales, seed, counts);
  const short = chooseShort(orders, adjustments);
  chooseCancelled(orders);
  matchCredits(orders, credits, counts);
  addReturns(orders);
  return { orders, products: planStock(invoices, orders, short, adjustments), counts };
}

function prefixed(invoice: Invoice, prefix: string): Invoice {
  return {
    ...invoice,
    number: `${prefix}${invoice.number}`,
    lines: invoice.lines.map((line) => ({ ...line, productId: `${prefix}${line.productId}` })),
  };
}

function planOrders(sales: readonly Invoice[], seed: number, counts: PlanCounts): PlannedOrder[] {
  const sellable = sales.flatMap((invoice) => {
    const lines = invoice.lines.filter(({ quantity }) => quantity > 0);
    const total = lines.reduce(
      (sum, line) => sum.plus(new Exact(line.unitPrice).times(line.quantity)),
      NOTHING,
    );
    return total.gt(0) && total.decimalPlaces() <= 2 ? [{ invoice, lines, total }] : [];
  });
  counts.unsellable = sales.length - sellable.length;
  const cards = dealCards(sellable.length, seededRandom(seed));
  return sellable.map(({ invoice, lines, total }, index): PlannedOrder => {
    const card = cards[index] as Card;
    return {
      orderId: invoice.number,
      customerId: invoice.customerId ?? 'counter',
      country: invoice.country,
      at: invoice.at,
      lines: lines.map(({ productId, quantity, unitPrice }) => ({ productId, quantity, unitPrice })),
      total,
      card,
      ending: card.declines ? 'DECLINED' : 'DELIVERED',
      returns: [],
    };
  });
}

/**
 * Orders that will want for stock, with the product that lacks a unit. It is one that no other order has, and of which the
 * shop never found any: whichever order comes first, it is this one that gets nothing.
 */
function chooseShort(orders: readonly PlannedOrder[], adjustments: readonly Invoice[]): Set<string> {
  const wanted = new Map<string, number>();
  for (const { lines } of orders)
    for (const { productId } of lines) wanted.set(productId, (wanted.get(productId) ?? 0) + 1);
  for (const { productId } of adjustments.flatMap(({ lines }) => lines)) wanted.delete(productId);
  const short = new Set<string>();
  const every = Math.max(2, Math.floor(1 / SHORT_SHARE));
  const candidates = orders.filter(
    ({ ending, lines }) =>
      ending === 'DELIVERED' && lines.some(({ productId }) => wanted.get(productId) === 1),
  );
  for (
    let index = Math.min(1, candidates.length - 1);
    index >= 0 && index < candidates.length;
    index += every
  ) {
    const order = candidates[index] as PlannedOrder;
    order.ending = 'OUT_OF_STOCK';
    short.add(order.lines.find(({ productId }) => wanted.get(productId) === 1)?.productId ?? '');
  }
  return short;
}

/** Orders whose customers change their mind once they are confirmed. */
function chooseCancelled(orders: readonly PlannedOrder[]): void {
  const candidates = orders.filter(({ ending }) => ending === 'DELIVERED');
  const every = Math.floor(1 / CANCELLED_SHARE);
  for (
    let index = Math.min(2, candidates.length - 1);
    index >= 0 && index < candidates.length;
    index += every
  ) {
    (candidates[index] as PlannedOrder).ending = 'CANCELLED';
  }
}

/** As much comes in as all orders want and the shop writes off, but for the products that are to lack a unit. */
function planStock(
  invoices: readonly Invoice[],
  orders: readonly PlannedOrder[],
  short: ReadonlySet<string>,
  adjustments: readonly Invoice[],
): Map<string, PlannedProduct> {
  const products = new Map<string, PlannedProduct>();
  for (const { productId, name, unitPrice } of invoices.flatMap(({ lines }) => lines)) {
    const known = products.get(productId);
    if (known === undefined || (known.unitPrice === '0' && unitPrice !== '0')) {
      products.set(productId, {
        name: name || known?.name || productId,
        unitPrice,
        received: 0,
        adjusted: 0,
      });
    }
  }
  const of = (productId: string) => products.get(productId) as PlannedProduct;
  for (const { productId, quantity } of orders.flatMap(({ lines }) => lines))
    of(productId).received += quantity;
  for (const productId of short) of(productId).received -= 1;
  for (const { productId, quantity } of adjustments.flatMap(({ lines }) => lines)) {
    of(productId).adjusted += quantity;
    if (quantity < 0) of(productId).received -= quantity;
  }
  for (const product of products.values()) {
    if (product.received > 0 || product.adjusted <= 0) continue;
    // Nothing can be corrected that never came in: what was found of it is its opening stock.
    product.received = product.adjusted;
    product.adjusted = 0;
  }
  return products;
}
