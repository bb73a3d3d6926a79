/**
 * What was sold: a row for each line of each order, by the day, product and country that sales are asked for by. Sums are
 * made on reading, over the lines of orders that are confirmed and not cancelled.
 */
import { parseDecimal } from '../../schemas/decimal.ts';
import type { OrderEvent } from '../../schemas/order.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import { limbColumns, limbsOf } from '../kernel/exactSum.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { salesAudit } from './orderAudits.ts';

const COLUMNS = [
  'order_id',
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
  INSERT INTO sales_${colour} (${COLUMNS.join(', ')}, is_sold)
  SELECT ${COLUMNS.map((_, index) => `value ->> ${index}`).join(', ')}, 0 FROM json_each(?)`;

const updateSql = (colour: Colour) => `
  UPDATE sales_${colour} AS sale SET is_sold = change.value ->> 1
  FROM json_each(?) AS change WHERE sale.order_id = change.value ->> 0`;

/** Characters of the day in a time: `2010-12-01`. */
const DAY_LENGTH = 10;

type SaleRow = readonly (string | number)[];

/** The rows of an order that was placed. */
function rowsOf({ aggregateId, recordedAt, current }: ProjectedEvent): SaleRow[] {
  const { items, currency, shipTo }: Extract<OrderEvent, { type: 'OrderPlaced' }>['data'] = current;
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
      shipTo.country ?? '',
      currency,
      index === 0 ? 1 : 0,
      isFirstOfProduct ? 1 : 0,
      ...limbsOf(BigInt(quantity)),
      ...limbsOf(parseDecimal(amount)),
    ];
  });
}

export const salesProjector: RebuildableProjector = {
  view: 'sales',
  aggregateTypes: ['order'],
  table: {
    name: (colour) => `sales_${colour}`,
    key: ['order_id', 'line'],
    idColumn: 'order_id',
    clearRows: 20_000,
  },
  audit: salesAudit,
  collector({ colour }) {
    const rows: SaleRow[] = [];
    /** Whether an order counts, by its id. */
    const sold = new Map<string, 0 | 1>();
    return {
      add(event) {
        if (event.eventType === 'OrderPlaced') rows.push(...rowsOf(event));
        if (event.eventType === 'OrderConfirmed') sold.set(event.aggregateId, 1);
        if (event.eventType === 'OrderCancelled') sold.set(event.aggregateId, 0);
      },
      statements: () => [
        ...jsonStatements(insertSql(colour), rows),
        ...jsonStatements(updateSql(colour), [...sold]),
      ],
    };
  },
};
