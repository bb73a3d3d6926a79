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

const figures = { currency: 'GBP', orders: 1, units: '5', revenue: '15.65' };

/** Replies by `operationId`. */
export const ORDER_VIEW_EXAMPLES = {
  getOrders: { reply: { orders: [order], nextCursor: null } },
  getSales: {
    reply: { by: 'day', sales: [{ key: '2026-11-21', ...figures }], totals: [figures], nextCursor: null },
  },
} as const;
