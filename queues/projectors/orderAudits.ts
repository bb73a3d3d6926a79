/** How the views of orders are held against what the orders' actors say: nothing here is shared with the projectors. */
import { fromLimbSums, limbSums } from '../kernel/exactSum.ts';
import { keysJson } from '../kernel/positions.ts';
import type { ViewAudit } from '../kernel/projector.ts';
import { unlike } from './unlike.ts';

/** An order's state, as far as views show it. */
interface OwnOrder {
  readonly customerId: string;
  readonly status: string;
  readonly currency: string;
  readonly total: string;
  readonly items: readonly { productId: string; quantity: string; amount: string }[];
  readonly country: string | null;
  readonly reason: string | null;
}

const countUnits = (items: OwnOrder['items']) =>
  items.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);

/** An order's row says what its actor says. */
export const ordersAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT order_id AS aggregateId, customer_id, status, currency, total, lines, units, country, reason, version ' +
      `FROM json_each(?) AS sought CROSS JOIN orders_${colour} ON order_id = sought.value ->> 1`,
    parameters: [keysJson(keys)],
  }),
  fault([row], { state }, version) {
    const { customerId, status, currency, total, items, country, reason } = state as OwnOrder;
    const own = [customerId, status, currency, total, items.length, String(countUnits(items))];
    if (row === undefined) return 'there is no row';
    const shown = [row.customer_id, row.status, row.currency, row.total, row.lines, row.units];
    return unlike([...shown, row.country, row.reason, row.version], [...own, country, reason, version]);
  },
};

/** What an order contributes to sales comes to what its actor says, by product; a payment, to what it took back. */
export const salesAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT aggregate_type AS aggregateType, aggregate_id AS aggregateId, product_id, country, currency, ' +
      'min(is_sold) AS is_sold, sum(is_first) AS firsts, sum(is_first_of_product) AS products, ' +
      `${limbSums('units')} AS units, ${limbSums('amount')} AS amount ` +
      `FROM json_each(?) AS sought CROSS JOIN sales_${colour} ON aggregate_type = sought.value ->> 0 ` +
      'AND aggregate_id = sought.value ->> 1 GROUP BY aggregate_type, aggregate_id, product_id, country, currency',
    parameters: [keysJson(keys)],
  }),
  fault(rows, { state }) {
    if ('standing' in (state as object)) {
      const { refunded } = (state as OwnPayment).standing;
      return unlike(
        [String(fromLimbSums(String(rows[0]?.amount ?? '["0"]')))],
        [String(-digitsOf(refunded))],
      );
    }
    const { items, country, currency, status } = state as OwnOrder;
    const isSold = status === 'PENDING' || status === 'CANCELLED' ? 0 : 1;
    const own = [...Map.groupBy(items, ({ productId }) => productId)].map(([productId, lines]) => {
      const first = items[0]?.productId === productId ? 1 : 0;
      const place = [country ?? '', currency, isSold, first, 1];
      return [productId, ...place, countUnits(lines), amountOf(lines)].join(' ');
    });
    const shown = rows.map((row) => {
      const place = [row.country, row.currency, row.is_sold, row.firsts, row.products];
      const sums = [row.units, row.amount].map((limbs) => fromLimbSums(String(limbs)));
      return [row.product_id, ...place, ...sums].join(' ');
    });
    return unlike(shown.sort(), own.sort());
  },
};

/** The sum of amounts in units of 10^-8, from their digits. */
function amountOf(lines: OwnOrder['items']): bigint {
  return lines.reduce((sum, { amount }) => sum + digitsOf(amount), 0n);
}

function digitsOf(amount: string): bigint {
  const [whole = '', decimals = ''] = amount.split('.');
  return BigInt(whole + decimals.padEnd(8, '0'));
}

/** There are as many rows as events, but for a payment that was barred before it belonged to an order. */
export const orderHistoryAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT aggregate_type AS aggregateType, aggregate_id AS aggregateId, order_id, count(*) AS events, ' +
      'min(version) AS first, max(version) AS last ' +
      `FROM json_each(?) AS sought CROSS JOIN order_history_${colour} ON aggregate_type = sought.value ->> 0 ` +
      'AND aggregate_id = sought.value ->> 1 GROUP BY aggregate_type, aggregate_id, order_id',
    parameters: [keysJson(keys)],
  }),
  fault(rows, { state }, version) {
    const { orderId } = state as { readonly orderId: string };
    const [row, other] = rows;
    if (row === undefined) return orderId === '' ? undefined : 'there are no rows';
    if (other !== undefined) return `rows are of the orders ${row.order_id} and ${other.order_id}`;
    return unlike([row.order_id, row.events, row.first, row.last], [orderId, version, 1, version]);
  },
};

/** A product's row says what its actor says. */
export const inventoryAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT product_id AS aggregateId, on_hand, reserved, available, version ' +
      `FROM json_each(?) AS sought CROSS JOIN inventory_${colour} ON product_id = sought.value ->> 1`,
    parameters: [keysJson(keys)],
  }),
  fault([row], { state }, version) {
    const { onHand, reserved } = state as { readonly onHand: string; readonly reserved: string };
    if (row === undefined) return 'there is no row';
    const available = String(BigInt(onHand) - BigInt(reserved));
    return unlike(
      [row.on_hand, row.reserved, row.available, row.version],
      [onHand, reserved, available, version],
    );
  },
};

/** A payment's state, as far as views show it. */
interface OwnPayment {
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: string;
  readonly currency: string;
  readonly method: string;
  readonly provider: string;
  readonly standing: Readonly<Record<'status' | 'authorized' | 'captured' | 'released' | 'refunded', string>>;
}

/** A payment's row says what its actor says; one that was barred before it belonged to an order has none. */
export const paymentsAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT payment_id AS aggregateId, order_id, customer_id, amount, currency, method, provider, status, authorized, ' +
      `captured, released, refunded, version FROM json_each(?) AS sought CROSS JOIN payments_${colour} ` +
      'ON payment_id = sought.value ->> 1',
    parameters: [keysJson(keys)],
  }),
  fault([row], { state }, version) {
    const { orderId, customerId, amount, currency, method, provider, standing } = state as OwnPayment;
    if (row === undefined) return orderId === '' ? undefined : 'there is no row';
    const { status, authorized, captured, released, refunded } = standing;
    const own = [orderId, customerId, amount, currency, method, provider];
    const shown = [row.order_id, row.customer_id, row.amount, row.currency, row.method, row.provider];
    return unlike(
      [...shown, row.status, row.authorized, row.captured, row.released, row.refunded, row.version],
      [...own, status, authorized, captured, released, refunded, version],
    );
  },
};
