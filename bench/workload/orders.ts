/** Orders of three lines as requests to the product, and as bare work of the same extent to the baseline. */

import { RequestTemplate, STAMP } from '../load/requests.ts';
import { BENCH_TOKEN } from '../load/token.ts';
import type { Server } from '../servers/server.ts';

/** Products that the orders are of: three each, so that sagas meet at a product as they do in a shop. */
const PRODUCTS = 100;

/** Lines of the figure. */
const LINES = 3;

/** More than any run of the benchmarks orders. */
const STOCK = '900000000000';

/** What one order's way to its confirmation touches, counted in the logs of an order that went it. */
export interface SagaExtent {
  /** Commits of each new object: the order, its saga, its payment. */
  readonly fresh: readonly number[];
  /** Commits of objects that were there before: one a line at the stock, the bank's, and the directory's, which learns of each new one. */
  readonly shared: number;
}

/** Brings the stock in. */
export async function stockProducts(server: Server): Promise<void> {
  const commands = Array.from({ length: PRODUCTS }, (_, index) => ({
    commandId: 'receipt',
    aggregateType: 'inventory',
    aggregateId: productId(index),
    type: 'ReceiveStock',
    data: { quantity: STOCK },
  }));
  const response = await send(server, 'v1/commands', { commands });
  if (!response.startsWith(`{"accepted":${commands.length},`))
    throw new Error(`the stock was not taken in: ${response.slice(0, 500)}`);
}

/** Takes one order to its confirmation and counts what that took. */
export async function sagaExtent(server: Server): Promise<SagaExtent> {
  const orderId = 'extent';
  await send(server, 'bench/place', orderBody(orderId, 0));
  const logs = [`order/${orderId}`, `saga/fulfil-${orderId}`, `payment/${orderId}`];
  const fresh = await Promise.all(logs.map((log) => server.ask<number>(`bench/commits/${log}`)));
  return { fresh, shared: LINES + 1 + fresh.length };
}

/** Orders over all products in turn; each request is answered when its order is confirmed. */
export function orderTemplates(): RequestTemplate[] {
  return Array.from({ length: PRODUCTS }, (_, index) =>
    template('/bench/place', orderBody(`o-${STAMP}`, index), '{"status":"CONFIRMED"}'),
  );
}

/** The same bodies to the baseline, which spreads rows over as many objects, new and old. */
export function bareTemplates({ fresh, shared }: SagaExtent): RequestTemplate[] {
  const path = `/process/o-${STAMP}?fresh=${fresh.join(',')}&shared=${shared}`;
  return Array.from({ length: PRODUCTS }, (_, index) =>
    template(path, orderBody(`o-${STAMP}`, index), '{"accepted":1}'),
  );
}

function template(path: string, body: object, start: string): RequestTemplate {
  const contentType = 'application/json';
  const expects = { status: 200, start };
  return new RequestTemplate({
    path,
    contentType,
    body: JSON.stringify(body),
    commands: 1,
    target: 'order',
    expects,
  });
}

function orderBody(orderId: string, index: number) {
  return {
    orderId,
    customerId: `customer-${index}`,
    currency: 'GBP',
    items: Array.from({ length: LINES }, (_, line) => ({
      productId: productId((index * LINES + line) % PRODUCTS),
      quantity: '2',
      unitPrice: '2.55',
    })),
    payment: { method: 'card', token: 'tok_ok' },
    shipTo: { line1: '1 High Street', country: 'United Kingdom' },
  };
}

function productId(index: number): string {
  return `bench-product-${index}`;
}

async function send(server: Server, route: string, body: object): Promise<string> {
  const response = await fetch(`${server.url}/${route}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${BENCH_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`/${route} answered ${response.status} ${text.slice(0, 500)}`);
  return text;
}
