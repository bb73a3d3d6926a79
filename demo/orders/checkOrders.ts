/** The checks of a run of the order book: what the platform shows against books that share no code with it. */
import { plural } from '../../verifier/counts.ts';
import { Exact, NOTHING, plain } from '../exact.ts';
import { count } from '../figures.ts';
import type { OrderRun } from './driveOrders.ts';
import type { ListedSales, OrderObservation } from './observeOrders.ts';
import { type OrderBooks, onHand, refundOf, type SalesBook, salesText } from './orderBooks.ts';
import type { Ending, Plan } from './planned.ts';

/** What was looked at, and what is wrong with it; nothing, where it is right. */
export interface OrderCheck {
  readonly name: string;
  readonly what: string;
  readonly faults: readonly string[];
}

/** A run, and what it left. */
export interface OrderEvidence {
  readonly plan: Plan;
  readonly books: OrderBooks;
  readonly runs: readonly OrderRun[];
  readonly seen: OrderObservation;
}

/** How an order and its saga stand once it has come to its end. */
const ENDS: Readonly<Record<Ending, { readonly status: string; readonly saga: readonly string[] }>> = {
  DELIVERED: { status: 'DELIVERED', saga: ['COMPLETED'] },
  // The cancellation has a saga of its own; the fulfilment has nothing left to do. Where it hears first that the payment was let
  // go, as it may when a part of the platform does not answer for a while, it turns back, and finds all undone.
  CANCELLED: { status: 'CANCELLED', saga: ['COMPLETED', 'COMPENSATED'] },
  DECLINED: { status: 'CANCELLED', saga: ['COMPENSATED'] },
  OUT_OF_STOCK: { status: 'CANCELLED', saga: ['COMPENSATED'] },
};

/** Faults of one check that are named; the others are counted. */
const FAULTS_NAMED = 4;

/** All checks. */
export function checkOrders(evidence: OrderEvidence): OrderCheck[] {
  return [
    checkOutcomes(evidence),
    checkSagas(evidence),
    checkStock(evidence),
    checkPayments(evidence),
    checkMoney(evidence),
    checkSales(evidence),
    checkParked(evidence),
  ].map((check) => ({ ...check, faults: named(check.faults) }));
}

function named(faults: readonly string[]): string[] {
  if (faults.length <= FAULTS_NAMED) return [...faults];
  return [...faults.slice(0, FAULTS_NAMED), `and ${plural(faults.length - FAULTS_NAMED, 'fault')} more`];
}

function checkOutcomes({ plan, runs, seen }: OrderEvidence): OrderCheck {
  const shown = new Map(seen.orders.map((order) => [order.orderId, order]));
  const faults = runs.flatMap(({ faults: own, repeatKnown, order }) => [
    ...own,
    ...(repeatKnown === false ? [`${order.orderId}: the same order again was not known as one`] : []),
  ]);
  for (const { orderId, ending, total } of plan.orders) {
    const { status, total: shownTotal } = shown.get(orderId) ?? { status: 'nowhere', total: '0' };
    if (status !== ENDS[ending].status)
      faults.push(`${orderId} is ${status} in place of ${ENDS[ending].status}`);
    if (!total.eq(shownTotal)) faults.push(`${orderId} comes to ${shownTotal} in place of ${plain(total)}`);
  }
  const repeats = runs.filter(({ repeatKnown }) => repeatKnown !== undefined).length;
  return {
    name: 'outcomes',
    what: `every order ended as the book foresaw, at its total; ${plural(repeats, 'order')} sent twice took effect once`,
    faults,
  };
}

function checkSagas({ plan, seen }: OrderEvidence): OrderCheck {
  const faults = plan.orders.flatMap(({ orderId, ending }) => {
    const status = seen.sagas.get(orderId)?.status ?? 'missing';
    return ENDS[ending].saga.includes(status)
      ? []
      : [`the saga of ${orderId} is ${status} in place of ${ENDS[ending].saga.join(' or ')}`];
  });
  faults.push(...seen.unfinished.map(({ sagaId, status }) => `the list has saga ${sagaId} as ${status}`));
  return {
    name: 'sagas',
    what: `all ${count(plan.orders.length)} sagas ended, and as they were to end`,
    faults,
  };
}

function checkStock({ books, seen }: OrderEvidence): OrderCheck {
  const levels = new Map(seen.levels.map((level) => [level.productId, level]));
  const sums = { received: 0, adjusted: 0, returned: 0, shipped: 0, there: 0 };
  const faults: string[] = [];
  for (const [productId, stock] of books.stock) {
    const { onHand: shown = '0', reserved = '0' } = levels.get(productId) ?? {};
    if (shown !== String(onHand(stock)))
      faults.push(`of ${productId} ${shown} are there in place of ${onHand(stock)}`);
    if (reserved !== '0') faults.push(`of ${productId} ${reserved} are still reserved`);
    sums.received += stock.received;
    sums.adjusted += stock.adjusted;
    sums.returned += stock.returned;
    sums.shipped += stock.shipped;
    sums.there += Number(shown);
  }
  const { received, adjusted, returned, shipped, there } = sums;
  if (received + adjusted + returned !== there + shipped)
    faults.push('what came in is not what is there and what left');
  return {
    name: 'stock',
    what:
      `${plural(books.stock.size, 'product')} to the last unit: ${count(received)} received ` +
      `${adjusted < 0 ? '−' : '+'} ${count(Math.abs(adjusted))} corrected + ${count(returned)} returned = ` +
      `${count(there)} on hand + ${count(shipped)} shipped, and nothing is reserved`,
    faults,
  };
}

function checkPayments({ plan, seen }: OrderEvidence): OrderCheck {
  const payments = new Map(seen.payments.map((payment) => [payment.orderId, payment]));
  const faults = plan.orders.flatMap((order) => {
    const { orderId, ending, total } = order;
    const { captured = '0', refunded = '0', authorized = '0', released = '0' } = payments.get(orderId) ?? {};
    const delivered = ending === 'DELIVERED';
    const problems: string[] = [];
    if (!new Exact(captured).eq(delivered ? total : 0)) problems.push(`captured ${captured}`);
    if (!new Exact(refunded).eq(delivered ? refundOf(order) : 0)) problems.push(`refunded ${refunded}`);
    if (!new Exact(authorized).eq(new Exact(captured).plus(released)))
      problems.push('held is neither taken nor let go');
    return problems.map((problem) => `${orderId} of ${plain(total)}, ${ending}: ${problem}`);
  });
  return { name: 'payments', what: 'every payment took its order’s total once, or let go of it', faults };
}

function checkMoney({ books, seen }: OrderEvidence): OrderCheck {
  const sum = (of: 'captured' | 'refunded') =>
    seen.payments.reduce((total, payment) => total.plus(payment[of]), NOTHING);
  const [captured, refunded] = [sum('captured'), sum('refunded')];
  const revenue = seen.byDay.reduce((total, day) => total.plus(day.revenue), NOTHING);
  const faults: string[] = [];
  if (!captured.eq(books.captured))
    faults.push(`captured ${plain(captured)} in place of ${plain(books.captured)}`);
  if (!refunded.eq(books.refunded))
    faults.push(`refunded ${plain(refunded)} in place of ${plain(books.refunded)}`);
  if (!captured.minus(refunded).eq(revenue)) faults.push(`the sales view comes to ${plain(revenue)}`);
  return {
    name: 'money',
    what:
      `to the last penny: ${plain(captured)} captured − ${plain(refunded)} refunded = ` +
      `${plain(revenue)} revenue of the sales view`,
    faults,
  };
}

function checkSales({ books, seen }: OrderEvidence): OrderCheck {
  const faults = [
    ...differences(books.byProduct, seen.byProduct),
    ...differences(books.byCountry, seen.byCountry),
  ];
  return {
    name: 'sales',
    what: `orders, units and revenue of ${plural(books.byProduct.size, 'product')} and ${plural(books.byCountry.size, 'country', 'countries')}`,
    faults,
  };
}

function differences(book: SalesBook, shown: readonly ListedSales[]): string[] {
  const wanted = new Set([...book].map(([key, figures]) => salesText(key, figures)));
  const found = shown.map(({ key, orders, units, revenue }) =>
    salesText(key, { orders, units: Number(units), revenue: new Exact(revenue) }),
  );
  return [
    ...found.filter((text) => !wanted.has(text)).map((text) => `the view has ${text}`),
    ...[...wanted].filter((text) => !found.includes(text)).map((text) => `the view lacks ${text}`),
  ];
}

function checkParked({ seen }: OrderEvidence): OrderCheck {
  const faults = seen.parked === 0 ? [] : [`${plural(seen.parked, 'thing')} parked`];
  return { name: 'parked', what: 'nothing waits for an operator', faults };
}
