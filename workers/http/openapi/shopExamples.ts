/** Examples of what a shop does: products, stock, orders, shipments. */
import { commandExample, type Example } from './example.ts';

const productCommand = commandExample('tea');
const orderCommand = commandExample('order-1');

const tea = { name: 'Assam tea, 50 bags', unitPrice: '2.55', currency: 'GBP' };
const shipTo = {
  name: 'A. Lovelace',
  line1: '12 St James Square',
  city: 'London',
  country: 'United Kingdom',
};

const order = {
  orderId: 'order-1',
  customerId: 'customer-1',
  status: 'SHIPPED',
  currency: 'GBP',
  items: [{ line: 1, productId: 'tea', quantity: '3', unitPrice: '2.55', amount: '7.65', shipped: '3' }],
  total: '7.65',
  payment: { method: 'card' },
  shipTo,
  country: 'United Kingdom',
  shipments: [{ shipmentId: 'order-1-1', carrier: 'Royal Mail', trackingNumber: 'RM123456785GB' }],
  version: 4,
};

/** Examples by `operationId`. */
export const SHOP_EXAMPLES: Readonly<Record<string, Example>> = {
  putProduct: productCommand(tea, 'ProductPut', 1),
  getProduct: { reply: { productId: 'tea', ...tea, version: 1 } },
  receiveStock: productCommand({ quantity: '120', reference: 'delivery 4711' }, 'StockReceived', 1),
  adjustStock: productCommand({ quantity: '-2', reason: 'broken' }, 'StockAdjusted', 2),
  getInventory: {
    reply: { productId: 'tea', onHand: '118', reserved: '3', available: '115', version: 3 },
  },
  placeOrder: orderCommand(
    {
      orderId: 'order-1',
      customerId: 'customer-1',
      currency: 'GBP',
      items: [{ productId: 'tea', quantity: '3', unitPrice: '2.55' }],
      payment: { method: 'card', token: 'tok_ok' },
      shipTo,
    },
    'OrderPlaced',
    1,
    { sagaId: 'fulfil-order-1' },
  ),
  getOrder: { reply: order },
  cancelOrder: orderCommand({ reason: 'changed my mind' }, 'OrderCancelled', 3, {
    sagaId: 'cancel-order-1',
  }),
  shipOrder: orderCommand({ carrier: 'Royal Mail', trackingNumber: 'RM123456785GB' }, 'OrderShipped', 3),
  deliverOrder: orderCommand({}, 'OrderDelivered', 5),
  getShipment: {
    reply: {
      shipmentId: 'order-1-1',
      orderId: 'order-1',
      status: 'DISPATCHED',
      carrier: 'Royal Mail',
      trackingNumber: 'RM123456785GB',
      shipTo,
      items: [{ line: 1, productId: 'tea', quantity: '3' }],
      dispatchedAt: '2026-11-21T09:30:03.000Z',
      deliveredAt: null,
      version: 2,
    },
  },
};
