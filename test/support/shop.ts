/** Products, stock and orders as tests send them over HTTP. */
import { expect } from 'vitest';
import { call, eventually } from './api.ts';

/** The body that places an order of 3 tea at 2.55 and 2 cups at 4: 15.65 pounds. */
export function ordering(orderId: string, more: object = {}) {
  return {
    orderId,
    customerId: 'customer-1',
    currency: 'GBP',
    items: [
      { productId: 'tea', quantity: '3', unitPrice: '2.55' },
      { productId: 'cup', quantity: '2', unitPrice: '4' },
    ],
    payment: { method: 'card', token: 'tok_ok' },
    shipTo: { name: 'A. Lovelace', line1: '1 High St', country: 'United Kingdom' },
    ...more,
  };
}

/** More of everything than all orders of a test file need. */
const STOCK = '1000000';

let stocked: Promise<void> | undefined;

async function stockShelves(): Promise<void> {
  for (const productId of ['tea', 'cup']) {
    const { status } = await call('POST', `/v1/inventory/${productId}/receipts`, {
      body: { quantity: STOCK },
    });
    expect(status).toBe(200);
  }
}

/** Places an order and answers its id. What becomes of it is its saga's doing, and the stock's. */
export async function placed(orderId: string, more: object = {}): Promise<string> {
  const { status } = await call('POST', '/v1/orders', { body: ordering(orderId, more) });
  expect(status).toBe(202);
  return orderId;
}

/** Places an order that stays pending while a test looks: its bank says nothing until it is asked again. */
export async function pending(orderId: string): Promise<string> {
  stocked ??= stockShelves();
  await stocked;
  return placed(orderId, { payment: { method: 'card', token: 'tok_lost' } });
}

/** Places an order and waits until its saga has confirmed it. */
export async function confirmed(orderId: string): Promise<string> {
  stocked ??= stockShelves();
  await stocked;
  await placed(orderId);
  await eventually(async () =>
    expect((await call('GET', `/v1/orders/${orderId}`)).body.status).toBe('CONFIRMED'),
  );
  return orderId;
}

/** What the shop's carrier is told. */
export const SHIPPING = { carrier: 'Royal Mail', trackingNumber: 'RM123456785GB' };
