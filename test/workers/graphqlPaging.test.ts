/** Lists of GraphQL from either end: what is read backwards is what is read forwards, in the same order, row by row. */
import { beforeAll, describe, expect, it } from 'vitest';
import { call, eventually, opened, testEnv } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { ask, codesOf, counting, dataOf } from '../support/graphql.ts';
import { placed } from '../support/shop.ts';
import { range } from '../support/stream.ts';

const ACCOUNT = 'paged-0';
const ORDERS = 5;

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: object }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/** Every list that is read from either end: where it is, its field with whatever it needs, and what is shown of a row. */
const LISTS: readonly (readonly [name: string, holder: string, filters: string, node: string])[] = [
  ['accounts', '', '', 'accountId'],
  ['trades', '', `id: "${ACCOUNT}"`, 'tradeId version'],
  ['trades', '', `id: "${ACCOUNT}", symbol: "IBM"`, 'tradeId version'],
  ['trades', `account(id: "${ACCOUNT}")`, '', 'tradeId version'],
  ['events', `account(id: "${ACCOUNT}")`, '', 'version hash'],
  ['orders', '', '', 'orderId placedAt'],
  ['orders', '', 'customerId: "customer-1"', 'orderId placedAt'],
  ['payments', '', '', 'paymentId'],
  ['inventoryLevels', '', '', 'productId'],
  ['sagas', '', '', 'sagaId'],
  ['sales', '', 'by: product', 'key currency revenue'],
  ['history', 'order(id: "paged-1")', '', 'words aggregateType version'],
];

/** A page, by the arguments that choose it. */
async function page([name, holder, filters, node]: (typeof LISTS)[number], paging: string): Promise<Page> {
  const args = [filters, paging].filter((each) => each !== '').join(', ');
  const field = `${name}(${args}) { edges { cursor node { ${node} } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`;
  const data = await dataOf(holder === '' ? `{ ${field} }` : `{ holder: ${holder} { ${field} } }`);
  return holder === '' ? data[name] : data.holder[name];
}

beforeAll(async () => {
  for (const index of range(0, 5)) await opened(`paged-${index}`);
  for (const index of range(1, 6)) {
    const body = { tradeId: `t-${index}`, symbol: index % 3 === 0 ? 'AAPL' : 'IBM', side: 'BUY' };
    await call('POST', `/v1/accounts/${ACCOUNT}/trades`, { body: { ...body, quantity: '1', price: '2' } });
  }
  for (const index of range(1, ORDERS)) {
    const id = `paged-${index}`;
    await call('POST', `/v1/inventory/${id}/receipts`, { body: { quantity: '10' } });
    await placed(id, { items: [{ productId: id, quantity: '1', unitPrice: '2.50' }] });
  }
  await eventually(async () => {
    const whole = await Promise.all(LISTS.map((list) => page(list, 'first: 100')));
    for (const each of whole) expect(each.edges.length).toBeGreaterThan(3);
    const { orders } = await dataOf('{ orders(status: CONFIRMED) { edges { cursor } } }');
    expect(orders.edges).toHaveLength(ORDERS);
  }, 50_000);
}, 60_000);

describe.each(LISTS)('%s of %s (%s)', (...list) => {
  it('has the same rows, order and cursors from the end', async () => {
    const whole = await page(list, 'first: 100');
    for (const last of [1, 2, 3, 1_000]) {
      const seen: Page['edges'][number][] = [];
      let before = '';
      for (let more = true; more; ) {
        const { edges, pageInfo } = await page(list, `last: ${last}${before}`);
        expect(edges.length).toBe(Math.min(last, whole.edges.length - seen.length));
        seen.unshift(...edges);
        more = pageInfo.hasPreviousPage;
        expect(more).toBe(seen.length < whole.edges.length);
        expect(pageInfo).toMatchObject({
          hasNextPage: before !== '',
          startCursor: edges[0]?.cursor,
          endCursor: edges.at(-1)?.cursor,
        });
        before = `, before: "${pageInfo.startCursor}"`;
      }
      expect(seen).toEqual(whole.edges);
    }
  });

  it('is cut by both cursors, from either end', async () => {
    const { edges } = await page(list, 'first: 100');
    const [after, before] = [edges[0]?.cursor, edges.at(-1)?.cursor];
    const between = `after: "${after}", before: "${before}"`;
    const inner = edges.slice(1, -1);
    const first = await page(list, `${between}, first: 1`);
    expect(first.edges).toEqual(inner.slice(0, 1));
    expect(first.pageInfo).toMatchObject({ hasPreviousPage: true, hasNextPage: inner.length > 1 });
    const last = await page(list, `${between}, last: 1`);
    expect(last.edges).toEqual(inner.slice(-1));
    expect(last.pageInfo).toMatchObject({ hasPreviousPage: inner.length > 1, hasNextPage: true });
    const all = await page(list, `${between}, last: 1000`);
    expect(all.edges).toEqual(inner);
    expect(all.pageInfo).toMatchObject({ hasPreviousPage: false, hasNextPage: true });
    const none = await page(list, `after: "${before}", before: "${after}", last: 3`);
    expect(none).toEqual({
      edges: [],
      pageInfo: { hasPreviousPage: false, hasNextPage: true, startCursor: null, endCursor: null },
    });
  });
});

describe('a page from the end', () => {
  it('costs as many statements as one from the beginning', async () => {
    const nested = (paging: string) => `{
      accounts(${paging}) { edges { node { trades(${paging}) { edges { cursor } } } } }
      orders(${paging}) { edges { node { history(${paging}) { edges { cursor } } } } }
      sales(${paging}) { edges { cursor } } payments(${paging}) { edges { cursor } } sagas(${paging}) { edges { cursor } } }`;
    const counts: number[] = [];
    for (const paging of ['first: 5', 'last: 5']) {
      const { env, counted } = counting(testEnv);
      await dataOf(nested(paging), { env });
      counts.push(counted.statements);
    }
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBe(counts[0]);
  });

  it('is held to the limits of every page', async () => {
    const { errors } = await ask('{ orders(last: 1001) { edges { cursor } } }');
    expect(errors).toMatchObject([
      { extensions: { code: 'invalid_request', errors: [{ path: 'last', message: 'must be 1 to 1000' }] } },
    ]);
    const wide = `query ($last: Int) { accounts(last: $last) { edges { node { trades(last: 1000) { edges { cursor } } } } } }`;
    expect(await codesOf(wide, { variables: { last: 1_000 } })).toEqual(['query_too_complex']);
    expect(await codesOf(wide, { variables: { last: 2 } })).toEqual([]);
    expect(await codesOf('{ orders(last: 1, before: "AAAA") { edges { cursor } } }')).toEqual([
      'invalid_request',
    ]);
  });

  it('has one end: first and last together are refused, and null is neither', async () => {
    const { errors } = await ask('{ orders(first: 1, last: 1) { edges { cursor } } }');
    expect(errors).toMatchObject([
      {
        extensions: {
          code: 'invalid_request',
          errors: [{ path: 'last', message: 'must not be sent with `first`' }],
        },
      },
    ]);
    const query = `query ($first: Int, $after: String, $last: Int, $before: String) {
      orders(first: $first, after: $after, last: $last, before: $before) { edges { node { orderId } } } }`;
    const nothing = { after: null, before: null };
    const first = await dataOf(query, { variables: { first: 1, last: null, ...nothing } });
    const last = await dataOf(query, { variables: { first: null, last: 1, ...nothing } });
    expect(first.orders.edges).toHaveLength(1);
    expect(last.orders.edges).toHaveLength(1);
    expect(last).not.toEqual(first);
  });

  it('is that of the accounts which the caller may see', async () => {
    const headers = await as('trader', ['paged-1', 'paged-2', 'paged-3']);
    const query = `query ($before: String) { accounts(last: 2, before: $before) {
      edges { node { accountId } } pageInfo { hasPreviousPage startCursor } } }`;
    const { accounts } = await dataOf(query, { headers });
    const idsOf = ({ edges }: { edges: { node: { accountId: string } }[] }) =>
      edges.map(({ node }) => node.accountId);
    expect(idsOf(accounts)).toEqual(['paged-2', 'paged-3']);
    expect(accounts.pageInfo.hasPreviousPage).toBe(true);
    const rest = await dataOf(query, { headers, variables: { before: accounts.pageInfo.startCursor } });
    expect(idsOf(rest.accounts)).toEqual(['paged-1']);
    expect(rest.accounts.pageInfo.hasPreviousPage).toBe(false);
  });

  it.each([
    ['events', 'a time'],
    ['serviceKeys', '1,000'],
  ])('of %s is refused by name, with what to do instead', async (list, instead) => {
    for (const paging of ['last: 1', 'first: 1, before: "MQ"']) {
      const { data, errors } = await ask(`{ ${list}(${paging}) { edges { cursor } } }`);
      expect(data).toEqual({ [list]: null });
      expect(errors).toMatchObject([{ extensions: { code: 'forward_only', status: 400 } }]);
      expect(errors[0]?.message).toContain(instead);
    }
  });
});
