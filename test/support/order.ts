/** Events and commands of an order, with what a test does not care about filled in. */
import { orderDecider } from '../../actors/order/decider.ts';
import type { OrderCommand, OrderEvent, OrderLine } from '../../schemas/order.ts';
import { specify } from './given.ts';
import { encryptedOf } from './personal.ts';

type Data<Of extends { type: string; data: unknown }, Type extends Of['type']> = Extract<
  Of,
  { type: Type }
>['data'];
type Placing = Data<OrderCommand, 'PlaceOrder'>;

/** The order's rules under specification. */
export const { given, state: stateAfter } = specify(orderDecider);

export const item = (productId: string, quantity: string, unitPrice: string) => ({
  productId,
  quantity,
  unitPrice,
});

const PLACING: Placing = {
  orderId: 'o-1',
  customerId: 'c-1',
  currency: 'GBP',
  items: [item('tea', '3', '2.55'), item('cup', '2', '4')],
  payment: { method: 'card', token: encryptedOf('c-1') },
  shipTo: encryptedOf('c-1'),
  country: 'United Kingdom',
};

export const place = (more: Partial<Placing> = {}): OrderCommand => ({
  type: 'PlaceOrder',
  data: { ...PLACING, ...more },
});
export const confirm: OrderCommand = { type: 'ConfirmOrder', data: {} };
export const ship = (items?: [line: number, quantity: string][]): OrderCommand => ({
  type: 'ShipOrder',
  data: {
    carrier: 'Royal Mail',
    trackingNumber: 'RM1',
    ...(items === undefined ? {} : { items: items.map(([line, quantity]) => ({ line, quantity })) }),
  },
});
export const recordShipment = (shipmentId: string, status: 'DISPATCHED' | 'DELIVERED'): OrderCommand => ({
  type: 'RecordShipment',
  data: { shipmentId, status },
});
export const deliver: OrderCommand = { type: 'DeliverOrder', data: {} };
export const cancel = (reason = 'changed my mind'): OrderCommand => ({
  type: 'CancelOrder',
  data: { reason },
});

/** An order of 3 tea at 2.55 and 2 cup at 4. */
export const placed = (more: Partial<Data<OrderEvent, 'OrderPlaced'>> = {}): OrderEvent => ({
  type: 'OrderPlaced',
  data: {
    ...PLACING,
    items: [line(1, 'tea', '3', '2.55', '7.65'), line(2, 'cup', '2', '4', '8')],
    total: '15.65',
    ...more,
  },
});
export const confirmed: OrderEvent = { type: 'OrderConfirmed', data: {} };
export const shipped = (
  items: [line: number, quantity: string][] = [
    [1, '3'],
    [2, '2'],
  ],
  status: 'CONFIRMED' | 'SHIPPED' = 'SHIPPED',
  shipmentId = 'o-1-1',
): OrderEvent => ({
  type: 'OrderShipped',
  data: {
    shipmentId,
    carrier: 'Royal Mail',
    trackingNumber: 'RM1',
    items: items.map(([number, quantity]) => ({
      line: number,
      productId: number === 1 ? 'tea' : 'cup',
      quantity,
    })),
    status,
  },
});
export const recorded = (shipmentId: string, status: 'DISPATCHED' | 'DELIVERED'): OrderEvent => ({
  type: 'ShipmentRecorded',
  data: { shipmentId, status },
});
export const delivered: OrderEvent = { type: 'OrderDelivered', data: {} };
export const cancelled = (statusBefore: 'PENDING' | 'CONFIRMED' = 'PENDING'): OrderEvent => ({
  type: 'OrderCancelled',
  data: {
    reason: 'changed my mind',
    statusBefore,
    sagaId: statusBefore === 'PENDING' ? 'fulfil-o-1' : 'cancel-o-1',
  },
});

function line(
  number: number,
  productId: string,
  quantity: string,
  unitPrice: string,
  amount: string,
): OrderLine {
  return { line: number, productId, quantity, unitPrice, amount };
}
