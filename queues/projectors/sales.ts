/**
 * What was sold: a row for each line of each order, by the day, product and country that sales are asked for by, and one for
 * what was refunded of it. Sums are made on reading, over orders that are confirmed and not cancelled.
 */
import { negate, parseDecimal } from '../../schemas/decimal.ts';
import type { OrderEvent } from '../../schemas/order.ts';
import type { PaymentEvent } from '../../schemas/payment.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import { limbColumns, limbsOf } from '../kernel/exactSum.ts';
import type { Collector, ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { salesAudit } from './orderAudits.ts';

const LINE_COLUMNS = [
  'aggregate_id',
  'line',
  'day',
  'product_id',
  'country',
  'currency',
  'is_first',
  'is_first_of_product',
  ...limbColumns('units'),
  ...limbColumns('amount'),
];

const insertSql = (colour: Colour) => `
  INSERT INTO sales_${colour} (${LINE_COLUMNS.join(', ')}, aggregate_type, is_sold)
  SELECT ${LINE_COLUMNS.map((_, index) => `value ->> ${index}`).join(', ')}, 'order', 0 FROM jsonb_each(?)`;

const updateSql = (colour: Colour) => `
  UPDATE sales_${colour} AS sale SET is_sold = change.value ->> 1
  FROM jsonb_each(?) AS change WHERE sale.aggregate_type = 'order' AND sale.aggregate_id = change.value ->> 0`;

/** Of a payment only the amount counts: the rest is its order's. */
const refundSql = (colour: Colour) => `
  INSERT INTO sales_${colour} (aggregate_type, aggregate_id, line, day, product_id, country, currency, is_sold, is_first,
    is_first_of_product, ${[...limbColumns('units'), ...limbColumns('amount')].join(', ')})
  SELECT 'payment', value ->> 0, 0, '', '', '', '', 0, 0, 0, 0, 0, 0, value ->> 1, value ->> 2, value ->> 3
  FROM jsonb_each(?) WHERE true
  ON CONFLICT DO UPDATE SET ${limbColumns('amount')
    .map((column) => `${column} = excluded.${column}`)
    .join(', ')}`;

/** Characters of the day in a time: `2010-12-01`. */
const DAY_LENGTH = 10;

type SaleRow = readonly (string | number)[];

export const salesProjector: RebuildableProjector = {
  view: 'sales',
  aggregateTypes: ['order', 'payment'],
  table: {
    name: (colour) => `sales_${colour}`,
    key: ['aggregate_type', 'aggregate_id', 'line'],
    typeColumn: 'aggregate_type',
    idColumn: 'aggregate_id',
    clearRows: 20_000,
  },
  audit: salesAudit,
  collector: ({ colour }) => salesCollector(colour),
};

function salesCollector(colour: Colour): Collector {
  const lines: SaleRow[] = [];
  /** Whether an order counts, by its id. */
  const sold = new Map<string, 0 | 1>();
  /** What was refunded of a payment, by its id. */
  const refunded = new Map<string, SaleRow>();
  return {
    add(event) {
      const { aggregateId, eventType } = event;
      switch (eventType as (OrderEvent | PaymentEvent)['type']) {
        case 'OrderPlaced':
          lines.push(...linesOf(event));
          break;
        case 'OrderConfirmed':
          sold.set(aggregateId, 1);
          break;
        case 'OrderCancelled':
          sold.set(aggregateId, 0);
          break;
        case 'PaymentRefunded':
        // A bank may send back what it had taken.
        case 'RefundFailed': {
          const { standing }: PaymentEvent['data'] = event.current;
          refunded.set(aggregateId, [aggregateId, ...limbsOf(negate(parseDecimal(standing.refunded)))]);
          break;
        }
      }
    },
    statements: () => [
      ...jsonStatements(insertSql(colour), lines),
      ...jsonStatements(updateSql(colour), [...sold]),
      ...jsonStatements(refundSql(colour), [...refunded.values()]),
    ],
  };
}

/** The rows of an order that was placed. */
function linesOf({ aggregateId, recordedAt, current }: ProjectedEvent): SaleRow[] {
  const { items, currency, country }: Extract<OrderEvent, { type: 'OrderPlaced' }>['data'] = current;
  const day = new Date(recordedAt).toISOString().slice(0, DAY_LENGTH);
  const products = new Set<string>();
  return items.map(({ line, productId, quantity, amount }, index) => {
    const isFirstOfProduct = !products.has(productId);
    products.add(productId);
    return [
      aggregateId,
      line,
      day,
      productId,
      country ?? '',
      currency,
      index === 0 ? 1 : 0,
      isFirstOfProduct ? 1 : 0,
      ...limbsOf(BigInt(quantity)),
      ...limbsOf(parseDecimal(amount)),
    ];
  });
}
