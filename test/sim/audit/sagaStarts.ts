/** What starts the sagas of an order and what they are told, as the auditor derives it: from the logs of order and payment. */
import type { Body } from '../workload/commands.ts';
import { eventIdFor } from './exact.ts';
import type { LedgerOf } from './ledger.ts';
import type { SagaInput } from './protocol.ts';
import type { OrderTold } from './shopBooks.ts';

/** `fulfil-<orderId>` or `cancel-<orderId>`. */
const SAGA_ID = /^(fulfil|cancel)-(.+)$/;

/** Ids of an order's sagas. */
export const fulfilmentOf = (orderId: string): string => `fulfil-${orderId}`;
export const cancellationOf = (orderId: string): string => `cancel-${orderId}`;

/** The command that starts a saga of an order; undefined where its order gives no reason to. */
export function startOf(sagaId: string, ledgerOf: LedgerOf): Body | undefined {
  const [, kind, orderId] = SAGA_ID.exec(sagaId) ?? [];
  if (orderId === undefined) return undefined;
  const order = ledgerOf({ aggregateType: 'order', aggregateId: orderId }).book as OrderTold;
  if (order.placed === undefined) return undefined;
  const { customerId, currency, total, payment, items: placed } = order.placed.data;
  const items = (placed as Record<string, unknown>[]).map(({ line, productId, quantity }) => ({
    line,
    productId,
    quantity,
  }));
  if (kind === 'fulfil') {
    const input = { orderId, customerId, currency, total, payment, items };
    return { type: 'StartSaga', data: { sagaId, definition: 'order-fulfilment', input } };
  }
  if (!isForItsOwnSaga(order)) return undefined;
  const input = { orderId, items, reason: order.cancelled?.data.reason };
  return { type: 'StartSaga', data: { sagaId, definition: 'order-cancellation', input } };
}

/** Whether the order was confirmed and then cancelled by somebody else than the saga that fulfils it. */
export function isForItsOwnSaga({ cancelled }: OrderTold): boolean {
  return cancelled?.data.statusBefore === 'CONFIRMED' && cancelled.sagaId === undefined;
}

/** The event of the order or its payment that a saga was told of. */
export function toldEvent(
  eventId: string,
  input: SagaInput | undefined,
  ledgerOf: LedgerOf,
): Body | undefined {
  const aggregateId = String(input?.orderId);
  for (const aggregateType of ['order', 'payment']) {
    const event = ledgerOf({ aggregateType, aggregateId }).events.find(
      ({ hash }) => eventIdFor(hash) === eventId,
    );
    if (event === undefined) continue;
    return { type: 'ObserveEvent', data: { eventType: event.type, aggregateId, data: event.data } };
  }
  return undefined;
}
