/** Which order a credit belongs to: the shop's book does not say, so it is the customer's latest one with these goods. */
import { Exact, NOTHING } from '../exact.ts';
import type { Invoice } from './invoice.ts';
import type { PlanCounts, PlannedLine, PlannedOrder, Return } from './planned.ts';

/** Share of the delivered orders of which some comes back, beside what the book itself takes back. */
export const RETURNED_SHARE = 0.04;

/** Has some of a few orders sent back: half the units of a line, where the book takes nothing back. */
export function addReturns(orders: readonly PlannedOrder[]): void {
  const candidates = orders.filter(({ ending, returns }) => ending === 'DELIVERED' && returns.length === 0);
  const every = Math.floor(1 / RETURNED_SHARE);
  for (
    let index = Math.min(4, candidates.length - 1);
    index >= 0 && index < candidates.length;
    index += every
  ) {
    const { orderId, lines, returns } = candidates[index] as PlannedOrder;
    const line = lines.find(({ unitPrice }) => isWholePence(unitPrice));
    if (line === undefined) continue;
    const one: Return = { refundId: `${orderId}-return`, amount: NOTHING, goods: new Map() };
    addLine(one, line, Math.ceil(line.quantity / 2));
    returns.push(one);
  }
}

/** What is refunded has whole pence, whatever the units. */
function isWholePence(unitPrice: string): boolean {
  const price = new Exact(unitPrice);
  return price.gt(0) && price.decimalPlaces() <= 2;
}

/** Units of an order's lines that its customer still has. */
class Remaining {
  readonly order: PlannedOrder;
  readonly left: number[];

  constructor(order: PlannedOrder) {
    this.order = order;
    this.left = order.lines.map(({ quantity }) => quantity);
  }
}

/**
 * Gives every credit to the orders that it is about. Whoever gives everything back at once has cancelled the order before it
 * left; anything else is a return. Units that no order of this run has are counted, and left out.
 */
export function matchCredits(
  orders: readonly PlannedOrder[],
  credits: readonly Invoice[],
  counts: PlanCounts,
): void {
  const byCustomer = Map.groupBy(
    orders.filter(({ ending }) => ending === 'DELIVERED').map((order) => new Remaining(order)),
    ({ order }) => order.customerId,
  );
  for (const credit of credits) {
    const own = (byCustomer.get(credit.customerId ?? 'counter') ?? [])
      .filter(({ order }) => order.at <= credit.at)
      .toReversed();
    const returns = new Map<Remaining, Return>();
    for (const { productId, quantity } of credit.lines) {
      const units = Math.max(0, -quantity);
      const stray = takeBack(own, productId, units, credit.number, returns);
      counts.creditedUnits += units;
      counts.strayUnits += stray;
    }
    for (const [remaining, one] of returns) settle(remaining, one);
  }
}

/** Takes units back from the latest orders that have them; answers how many none has. */
function takeBack(
  own: readonly Remaining[],
  productId: string,
  units: number,
  refundId: string,
  returns: Map<Remaining, Return>,
): number {
  let wanted = units;
  for (const remaining of own) {
    if (remaining.order.ending !== 'DELIVERED') continue;
    for (const [index, line] of remaining.order.lines.entries()) {
      const isSame = line.productId === productId && isWholePence(line.unitPrice);
      const taken = isSame ? Math.min(wanted, remaining.left[index] ?? 0) : 0;
      if (taken === 0) continue;
      const one = returns.get(remaining) ?? { refundId, amount: NOTHING, goods: new Map() };
      returns.set(remaining, one);
      addLine(one, line, taken);
      remaining.left[index] = (remaining.left[index] ?? 0) - taken;
      wanted -= taken;
    }
  }
  return wanted;
}

function addLine(one: Return, { productId, unitPrice }: PlannedLine, units: number): void {
  one.amount = one.amount.plus(new Exact(unitPrice).times(units));
  one.goods.set(productId, (one.goods.get(productId) ?? 0) + units);
}

function settle({ order, left }: Remaining, one: Return): void {
  const isWhole = left.every((units) => units === 0) && order.returns.length === 0;
  if (isWhole) order.ending = 'CANCELLED';
  else order.returns.push(one);
}
