/** GraphQL over the shop: what a page of orders leads to is asked of the view databases once, however many orders there are. */
import { beforeAll, describe, expect, it } from 'vitest';
import { call, eventually, testEnv } from '../support/api.ts';
import { counting, dataOf } from '../support/graphql.ts';
import { placed } from '../support/shop.ts';
import { range } from '../support/stream.ts';

/** So many rows that a statement for each would show. */
const ORDERS = 15;

beforeAll(async () => {
  const ids = range(1, ORDERS).map((index) => `gq-${index}`);
  await Promise.all(
    ids.map(async (id) => {
      await call('POST', `/v1/inventory/${id}/receipts`, { body: { quantity: '10' } });
      await call('PUT', `/v1/products/${id}`, { body: { name: 'Tea', unitPrice: '2.50', currency: 'GBP' } });
      await placed(id, { items: [{ productId: id, quantity: '1', unitPrice: '2.50' }] });
    }),
  );
  await eventually(async () => {
    const { body } = await call('GET', '/v1/payments');
    expect(body.payments).toHaveLength(ORDERS);
  }, 50_000);
}, 60_000);

/** The rows of a page, and how many statements it may cost in all: of each of two databases as many as it has levels. */
describe('statements', () => {
  it.each<[string, number, string]>([
    ['payments of orders', 8, 'orders { node { orderId payments { paymentId } } }'],
    ['histories of orders', 10, 'orders { node { history(first: 3) { edges { node { words } } } } }'],
    [
      'stock and products of the lines of orders',
      8,
      'orders { node { order { items { stock { available } product { name } } } } }',
    ],
    [
      'orders of payments, and what those lead to',
      22,
      `payments { node { order { payments { amount } history(first: 2) { edges { cursor } }
        order { items { stock { onHand } } } } } }`,
    ],
    ['products of stock', 4, 'inventoryLevels { node { product { name } } }'],
    ['sagas', 4, 'sagas { node { sagaId status } }'],
    ['events', 16, 'events { node { eventType } }'],
  ])('for %s do not grow with the rows of a page', async (_, most, asked) => {
    const [list = '', rest = ''] = asked.split(/ (.*)/s);
    const { env, counted } = counting(testEnv);
    const data = await dataOf(`{ ${list}(first: ${ORDERS}) { edges ${rest} } }`, { env });
    expect(data[list].edges).toHaveLength(ORDERS);
    expect(counted.statements).toBeGreaterThan(0);
    expect(counted.statements).toBeLessThanOrEqual(most);
  });
});
