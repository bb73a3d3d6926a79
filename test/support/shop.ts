/** Products, stock and orders as tests send them over HTTP. */
import { expect } from 'vitest';
import type { CommandTarget } from '../../schemas/envelope.ts';
import { call, testEnv } from './api.ts';

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

/** Places an order and answers its id. */
export async function placed(orderId: string, more: object = {}): Promise<string> {
  const { status } = await call('POST', '/v1/orders', { body: ordering(orderId, more) });
  expect(status).toBe(202);
  return orderId;
}

/** Places an order and confirms it, as its saga does. */
export async function confirmed(orderId: string, more: object = {}): Promise<string> {
  await placed(orderId, more);
  const order: CommandTarget = testEnv.ORDERS.getByName(orderId);
  const context = { userId: 'test', correlationId: 'test', causationId: null };
  const [outcome] = await order.execute([{ commandId: 'confirm', type: 'ConfirmOrder', data: {} }], context);
  expect(outcome?.status).toBe('accepted');
  return orderId;
}

/** What the shop's carrier is told. */
export const SHIPPING = { carrier: 'Royal Mail', trackingNumber: 'RM123456785GB' };
