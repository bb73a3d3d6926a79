/** Orders: placed, shipped, delivered, cancelled. A saga confirms them. */
import type { Context } from 'hono';
import type { OrderState } from '../../../actors/order/decider.ts';
import { CancelOrder, DeliverOrder, PlaceOrder, ShipOrder } from '../../../schemas/order.ts';
import type { HttpEnv } from '../context.ts';
import type { Route } from '../operation.ts';
import { shownTo } from '../personalData.ts';
import { commandRoute, commandSuccess, type Resource, sendingRoute, stateRoute } from '../resource.ts';
import { OrderReply, SagaCommandReply } from '../shopReplies.ts';

const ORDERS: Resource = {
  aggregateType: 'order',
  noun: 'order',
  tag: 'Orders',
  path: '/v1/orders/{id}',
  notFound: 'order_not_found',
};

const placeOrder = sendingRoute(
  {
    method: 'post',
    path: '/v1/orders',
    operationId: 'placeOrder',
    tag: 'Orders',
    summary: 'Place an order',
    description:
      'A saga reserves the stock, has the payment authorised and confirms the order; it goes on after the answer. ' +
      'Idempotent by `orderId` as well: the same order again is a replay, another body under its id 409 ' +
      '`command_id_reused`. Lines are exact; what they come to must be whole minor units of the currency.',
    command: 'PlaceOrder',
    body: PlaceOrder,
    success: commandSuccess(202, 'The order is placed; its fulfilment goes on.', SagaCommandReply),
    problems: ['amount_precision', 'amount_out_of_range', 'nothing_to_pay', 'subject_erased'],
  },
  { status: 202 },
  ({ body: data }) => ({ aggregateType: 'order', aggregateId: data.orderId, type: 'PlaceOrder', data }),
);

const ENDED = ['order_not_found', 'order_cancelled', 'order_already_delivered'] as const;

export const orders: readonly Route[] = [
  placeOrder,
  commandRoute(ORDERS, {
    resource: 'cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel the order, before anything has left',
    description:
      'A saga releases what was reserved and gives back what was paid; it goes on after the answer.',
    type: 'CancelOrder',
    body: CancelOrder,
    success: commandSuccess(202, 'The order is cancelled; what was done for it is undone.', SagaCommandReply),
    refusals: [...ENDED, 'order_already_shipped'],
  }),
  commandRoute(ORDERS, {
    resource: 'ship',
    operationId: 'shipOrder',
    summary: 'Ship the order, or some of it',
    description:
      'Without `items` all that is left. Each call is a shipment of its own; its id is the order id with its number ' +
      '(`GET /v1/shipments/{id}`). The order is `SHIPPED` once every unit has left.',
    type: 'ShipOrder',
    body: ShipOrder,
    success: commandSuccess(200, 'The goods have left.'),
    refusals: [
      ...ENDED,
      'order_already_shipped',
      'order_not_confirmed',
      'too_many_shipments',
      'unknown_line',
      'quantity_exceeds_order',
    ],
  }),
  commandRoute(ORDERS, {
    resource: 'deliver',
    operationId: 'deliverOrder',
    summary: 'Say that everything has arrived',
    type: 'DeliverOrder',
    body: DeliverOrder,
    isBodyOptional: true,
    success: commandSuccess(200, 'The order is delivered.'),
    refusals: [...ENDED, 'order_not_confirmed', 'order_not_shipped'],
  }),
  stateRoute<OrderState>(ORDERS, {
    operationId: 'getOrder',
    schema: OrderReply,
    reply: orderReply,
    isPersonal: true,
  }),
];

async function orderReply(
  orderId: string,
  state: OrderState,
  version: number,
  c: Context<HttpEnv>,
): Promise<OrderReply> {
  const { customerId, status, currency, items, total, payment, shipTo, country, shipments, reason } = state;
  if (status === 'UNPLACED') throw new Error(`order ${orderId} has version ${version} but is not placed`);
  return {
    orderId,
    customerId,
    status,
    currency,
    items,
    total,
    payment: { method: payment.method },
    shipTo: await shownTo(c, { kind: 'address', subject: customerId, value: shipTo }),
    country,
    shipments: shipments.map(({ shipmentId, carrier, trackingNumber }) => ({
      shipmentId,
      carrier,
      trackingNumber,
    })),
    ...(reason === null ? {} : { reason }),
    version,
  };
}
