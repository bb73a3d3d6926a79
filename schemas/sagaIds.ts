/** Ids of sagas: made from what they are about, so that a saga that is asked for twice is the same one. */

/** The saga that fulfils an order. */
export function fulfilmentSagaId(orderId: string): string {
  return `fulfil-${orderId}`;
}

/** The saga that undoes a confirmed order which was cancelled. */
export function cancellationSagaId(orderId: string): string {
  return `cancel-${orderId}`;
}

/** The saga that carries a transfer between two accounts out. */
export function transferSagaId(transferId: string): string {
  return `transfer-${transferId}`;
}
