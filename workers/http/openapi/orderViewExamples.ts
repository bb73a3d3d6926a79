/** Examples of what reads of orders from the views answer. */

const order = {
  orderId: 'order-1',
  customerId: 'customer-1',
  status: 'SHIPPED',
  currency: 'GBP',
  total: '15.65',
  lines: 2,
  units: '5',
  country: 'United Kingdom',
  reason: null,
  placedAt: '2026-11-21T09:30:00.000Z',
  updatedAt: '2026-11-21T11:02:07.120Z',
  version: 3,
};

const level = {
  productId: 'tea',
  onHand: '120',
  reserved: '3',
  available: '117',
  updatedAt: '2026-11-21T09:30:00.020Z',
  version: 7,
};

const payment = {
  paymentId: 'payment-1',
  orderId: 'order-1',
  customerId: 'customer-1',
  amount: '15.65',
  currency: 'GBP',
  method: 'card',
  provider: 'sandbox',
  status: 'CAPTURED',
  authorized: '15.65',
  captured: '15.65',
  released: '0',
  refunded: '0',
  requestedAt: '2026-11-21T09:30:00.040Z',
  updatedAt: '2026-11-21T11:02:07.300Z',
  version: 4,
};

const figures = { currency: 'GBP', orders: 1, units: '5', revenue: '15.65' };

/** Replies by `operationId`. */
export const ORDER_VIEW_EXAMPLES = {
  getOrders: { reply: { orders: [order], nextCursor: null } },
  getOrderHistory: {
    reply: {
      orderId: 'order-1',
      events: [
        {
          at: '2026-11-21T09:30:00.000Z',
          aggregateType: 'order',
          aggregateId: 'order-1',
          version: 1,
          eventType: 'OrderPlaced',
          words: 'Placed: 5 units in 2 lines for 15.65 GBP',
        },
      ],
      nextCursor: null,
    },
  },
  getInventoryLevels: { reply: { inventory: [level], nextCursor: null } },
  getPayments: { reply: { payments: [payment], nextCursor: null } },
  getSales: {
    reply: { by: 'day', sales: [{ key: '2026-11-21', ...figures }], totals: [figures], nextCursor: null },
  },
} as const;
