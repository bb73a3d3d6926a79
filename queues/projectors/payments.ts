/** Where the money of each payment is, as its last event says. */
import type { PaymentEvent } from '../../schemas/payment.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { paymentsAudit } from './orderAudits.ts';

const insertSql = (colour: Colour) => `
  INSERT INTO payments_${colour} (payment_id, order_id, customer_id, amount, currency, method, provider, status, authorized,
    captured, released, refunded, version, requested_at, updated_at)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, '', '', '', '', '',
    value ->> 7, value ->> 8, value ->> 8
  FROM jsonb_each(?)`;

const updateSql = (colour: Colour) => `
  UPDATE payments_${colour} AS payment SET status = now.value ->> 1, authorized = now.value ->> 2,
    captured = now.value ->> 3, released = now.value ->> 4, refunded = now.value ->> 5, version = now.value ->> 6,
    updated_at = now.value ->> 7
  FROM jsonb_each(?) AS now WHERE payment.payment_id = now.value ->> 0`;

type Requested = Extract<PaymentEvent, { type: 'PaymentAuthorizationRequested' }>['data'];

/** A payment's first row; where its money is follows from its last event. */
function requestedRow({ aggregateId, version, recordedAt, current }: ProjectedEvent): (string | number)[] {
  const { orderId, customerId, amount, currency, method, provider }: Requested = current;
  return [aggregateId, orderId, customerId, amount, currency, method, provider, version, recordedAt];
}

export const paymentsProjector: RebuildableProjector = {
  view: 'payments',
  aggregateTypes: ['payment'],
  table: {
    name: (colour) => `payments_${colour}`,
    key: ['payment_id'],
    idColumn: 'payment_id',
    clearRows: 10_000,
  },
  audit: paymentsAudit,
  collector({ colour }) {
    const requested: (string | number)[][] = [];
    /** The last event of each payment. One that was barred before anybody asked for it has no row to be changed. */
    const newest = new Map<string, ProjectedEvent>();
    return {
      add(event) {
        const { standing }: PaymentEvent['data'] = event.current;
        // Here and not while the statements are made: what cannot be stored is poison of this event alone.
        if (typeof standing?.captured !== 'string')
          throw new TypeError('a payment event without its standing');
        if (event.eventType === 'PaymentAuthorizationRequested') requested.push(requestedRow(event));
        newest.set(event.aggregateId, event);
      },
      statements() {
        const standings = Array.from(newest.values(), ({ aggregateId, version, recordedAt, current }) => {
          const { status, authorized, captured, released, refunded } = (current as PaymentEvent['data'])
            .standing;
          return [aggregateId, status, authorized, captured, released, refunded, version, recordedAt];
        });
        return [
          ...jsonStatements(insertSql(colour), requested),
          ...jsonStatements(updateSql(colour), standings),
        ];
      },
    };
  },
};
