/** What the events of an order, of its payment and of its shipments say to people: one line each, and nothing personal. */
import type { OrderEvent } from '../../schemas/order.ts';
import type { PaymentEvent } from '../../schemas/payment.ts';
import type { ShipmentEvent } from '../../schemas/shipment.ts';

/** An event that an order's history tells of. */
export type HistoryEvent = OrderEvent | PaymentEvent | ShipmentEvent;

type Words = {
  readonly [Type in HistoryEvent['type']]: (
    data: Extract<HistoryEvent, { readonly type: Type }>['data'],
  ) => string;
};

const WORDS: Words = {
  OrderPlaced: ({ items, total, currency }) =>
    `Placed: ${unitsOf(items)} in ${counted(items.length, 'line')} for ${total} ${currency}`,
  OrderConfirmed: () => 'Confirmed: stock and payment are sure',
  OrderShipped: ({ items, carrier, trackingNumber, shipmentId, status }) =>
    `Shipped: ${unitsOf(items)} with ${carrier}, tracking number ${trackingNumber}, shipment ${shipmentId}` +
    (status === 'SHIPPED' ? '' : '; more is to come'),
  ShipmentRecorded: ({ shipmentId, status }) =>
    `Shipment ${shipmentId} ${status === 'DELIVERED' ? 'has arrived' : 'is under way'}`,
  OrderDelivered: () => 'Delivered',
  OrderCancelled: ({ reason }) => `Cancelled: ${reason}`,

  PaymentAuthorizationRequested: ({ amount, currency, method }) =>
    `Payment of ${amount} ${currency} by ${method} asked for`,
  PaymentAuthorized: ({ amount }) => `Payment authorised: ${amount} held`,
  PaymentDeclined: (data) => `Payment declined: ${failure(data)}`,
  PaymentFailed: (data) => `Payment failed: ${failure(data)}`,
  CaptureRequested: ({ amount }) => `Capture of ${amount} asked for`,
  PaymentCaptured: ({ amount }) => `${amount} captured`,
  CaptureFailed: ({ amount, ...data }) => `Capture of ${amount} failed: ${failure(data)}`,
  VoidRequested: ({ reason }) => `What is held for the payment is to be let go: ${reason}`,
  PaymentVoided: ({ amount, reason }) => `Payment voided, ${amount} let go: ${reason}`,
  VoidFailed: (data) => `What is held for the payment could not be let go: ${failure(data)}`,
  RefundRequested: ({ amount, reason }) =>
    `Refund of ${amount} asked for${reason === null ? '' : `: ${reason}`}`,
  PaymentRefunded: ({ amount }) => `${amount} refunded`,
  RefundFailed: ({ amount, ...data }) => `Refund of ${amount} failed: ${failure(data)}`,
  ProviderAnswerPending: ({ operation }) => `The payment provider will tell later: ${operation}`,
  ProviderCallFailed: ({ operation, failures, ...data }) =>
    `The payment provider did not answer, ${counted(failures, 'time')} so far: ${operation}, ${failure(data)}`,

  ShipmentCreated: ({ items, carrier, trackingNumber }) =>
    `Packed for ${carrier}: ${unitsOf(items)}, tracking number ${trackingNumber}`,
  ShipmentDispatched: ({ dispatchedAt }) => `Taken by the carrier at ${dispatchedAt}`,
  ShipmentDelivered: ({ deliveredAt }) => `Arrived at ${deliveredAt}`,
};

/** The event in words. */
export function wordsOf({ type, data }: HistoryEvent): string {
  return (WORDS[type] as (data: HistoryEvent['data']) => string)(data);
}

function unitsOf(items: readonly { readonly quantity: string }[]): string {
  return counted(
    items.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n),
    'unit',
  );
}

function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${String(count) === '1' ? '' : 's'}`;
}

function failure({ code, detail }: { readonly code: string; readonly detail: string }): string {
  return detail === '' ? code : `${detail} (${code})`;
}
