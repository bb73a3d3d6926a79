/** Ids of sagas: made from what they are about, so that a saga that is asked for twice is the same one. */

const FULFILMENT = 'fulfil-';
const CANCELLATION = 'cancel-';

/** The saga that fulfils an order. */
export function fulfilmentSagaId(orderId: string): string {
  return `${FULFILMENT}${orderId}`;
}

/** The saga that undoes a confirmed order which was cancelled. */
export function cancellationSagaId(orderId: string): string {
  return `${CANCELLATION}${orderId}`;
}

/** The order that a saga is about; undefined where it is about something else. */
export function orderOfSaga(sagaId: string): string | undefined {
  const prefix = [FULFILMENT, CANCELLATION].find((one) => sagaId.startsWith(one) && sagaId !== one);
  return prefix === undefined ? undefined : sagaId.slice(prefix.length);
}

/** The saga that carries a transfer between two accounts out. */
export function transferSagaId(transferId: string): string {
  return `transfer-${transferId}`;
}
