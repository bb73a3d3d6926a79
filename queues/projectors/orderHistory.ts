/** What happened to each order, in words: a row for every event of it, of its payment and of its shipments. */
import type { PaymentEvent } from '../../schemas/payment.ts';
import type { ShipmentEvent } from '../../schemas/shipment.ts';
import { HISTORY_AGGREGATES } from '../../schemas/tables/orderViews.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import { keyOf } from '../kernel/positions.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { orderHistoryAudit } from './orderAudits.ts';
import { type HistoryEvent, wordsOf } from './orderWords.ts';

/** Of the events of one aggregate only the first names the order: the rows of an earlier batch tell the others. */
const insertSql = (colour: Colour) => `
  INSERT INTO order_history_${colour} (aggregate_type, aggregate_id, version, order_id, event_type, words, recorded_at)
  SELECT value ->> 0, value ->> 1, value ->> 2, coalesce(value ->> 3, known.order_id), value ->> 4, value ->> 5, value ->> 6
  FROM jsonb_each(?) LEFT JOIN order_history_${colour} AS known
    ON known.aggregate_type = value ->> 0 AND known.aggregate_id = value ->> 1 AND known.version = 1
  WHERE coalesce(value ->> 3, known.order_id) IS NOT NULL`;

/** The order that an event names, if it does. */
function orderNamed({ aggregateType, aggregateId, eventType, current }: ProjectedEvent): string | undefined {
  if (aggregateType === 'order') return aggregateId;
  switch (eventType as (PaymentEvent | ShipmentEvent)['type']) {
    case 'PaymentAuthorizationRequested':
    case 'ShipmentCreated':
      return current.orderId;
    default:
      return undefined;
  }
}

export const orderHistoryProjector: RebuildableProjector = {
  view: 'order_history',
  aggregateTypes: HISTORY_AGGREGATES,
  table: {
    name: (colour) => `order_history_${colour}`,
    key: ['aggregate_type', 'aggregate_id', 'version'],
    typeColumn: 'aggregate_type',
    idColumn: 'aggregate_id',
    versionColumn: 'version',
    clearRows: 20_000,
  },
  audit: orderHistoryAudit,
  collector({ colour }) {
    const rows: (string | number | null)[][] = [];
    /** Orders named in this batch, by the aggregate that they were named by. */
    const named = new Map<string, string>();
    return {
      add(event) {
        const { aggregateType, aggregateId, version, eventType, recordedAt, current } = event;
        const words = wordsOf({ type: eventType, data: current } as HistoryEvent);
        const orderId = orderNamed(event) ?? named.get(keyOf(event));
        if (orderId !== undefined) named.set(keyOf(event), orderId);
        rows.push([aggregateType, aggregateId, version, orderId ?? null, eventType, words, recordedAt]);
      },
      statements: () => jsonStatements(insertSql(colour), rows),
    };
  },
};
