/** GraphQL: what it answers is what REST answers, whoever asks. */
import { beforeAll, describe, expect, it } from 'vitest';
import { call, eventually, opened, testEnv } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { ask, codesOf, counting, dataOf } from '../support/graphql.ts';

const MINE = 'mine-1';
const THEIRS = 'theirs-1';

const ACCOUNT = `accountId customerId accountType status currency cash { total reserved available } fees
  positions { symbol quantity averageCost realizedPnl }
  limits { allowShort maxOrderNotional maxPositionNotional maxPositionQuantity } version`;

function trade(account: string, tradeId: string, more: object = {}) {
  const body = { tradeId, symbol: 'IBM', side: 'BUY', quantity: '2', price: '100.5', ...more };
  return call('POST', `/v1/accounts/${account}/trades`, { body });
}

/** The version that every view of an account has come to. */
async function viewsAt(account: string, version: number): Promise<void> {
  await eventually(async () => {
    const { headers } = await call('GET', `/v1/accounts/${account}/portfolio`);
    expect(headers.get('X-View-Version')).toBe(String(version));
    const { body } = await call('GET', `/v1/accounts/${account}/trades?limit=1`);
    expect(body.trades).toMatchObject([{ version }]);
    const feed = await call('GET', `/v1/events?aggregateId=${account}`);
    expect(feed.body.events).toHaveLength(version);
  });
}

beforeAll(async () => {
  for (const account of [MINE, THEIRS]) {
    await opened(account);
    for (const [index, symbol] of ['IBM', 'AAPL', 'IBM'].entries())
      await trade(account, `t-${index}`, { symbol });
    await viewsAt(account, 4);
  }
});

describe('a query', () => {
  it('gives an account as its actor has it, and had it', async () => {
    const { body } = await call('GET', `/v1/accounts/${MINE}`);
    const { body: before } = await call('GET', `/v1/accounts/${MINE}?version=2`);
    const query = `query ($id: ID!) { now: account(id: $id) { ${ACCOUNT} } before: account(id: $id, version: 2) { ${ACCOUNT} } }`;
    expect(await dataOf(query, { variables: { id: MINE } })).toEqual({ now: body, before });
  });

  it('gives a portfolio from the view, or from the actor where that is to be newer', async () => {
    const { body } = await call('GET', `/v1/accounts/${MINE}/portfolio`);
    const query = `{
      view: portfolio(id: "${MINE}") { source viewVersion staleSince account { ${ACCOUNT} } }
      actor: portfolio(id: "${MINE}", minVersion: 99) { source viewVersion account { version } }
    }`;
    expect(await dataOf(query)).toEqual({
      view: { source: 'view', viewVersion: 4, staleSince: null, account: body },
      actor: { source: 'actor', viewVersion: 4, account: { version: 4 } },
    });
  });

  it('gives trades page by page, each with a cursor that goes on after it', async () => {
    const { body } = await call('GET', `/v1/accounts/${MINE}/trades`);
    const all = (body.trades as { version: number }[]).map(({ version }) => version);
    const query = `query ($after: String, $first: Int) { trades(id: "${MINE}", first: $first, after: $after) {
      edges { cursor node { version } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
    const seen: number[] = [];
    let after: string | null = null;
    for (let more = true; more; ) {
      const { trades } = await dataOf(query, { variables: { first: 2, after } });
      const { edges, pageInfo } = trades;
      expect(pageInfo).toMatchObject({
        hasPreviousPage: after !== null,
        startCursor: edges[0].cursor,
        endCursor: edges.at(-1).cursor,
      });
      seen.push(...edges.map(({ node }: { node: { version: number } }) => node.version));
      after = pageInfo.endCursor;
      more = pageInfo.hasNextPage;
    }
    expect(seen).toEqual(all);
    const middle = (await dataOf(query, { variables: {} })).trades.edges[0].cursor;
    const { trades } = await dataOf(query, { variables: { after: middle } });
    expect(trades.edges.map(({ node }: { node: { version: number } }) => node.version)).toEqual(all.slice(1));
  });

  it('gives events with their data as it is stored, and by their own types in the newest shape', async () => {
    const { body } = await call('GET', `/v1/events?aggregateId=${MINE}`);
    const { events } = await dataOf(`{ events(aggregateId: "${MINE}") { edges { node {
      __typename eventId aggregateType aggregateId version eventType schemaVersion recordedAt data
      metadata { userId commandId correlationId causationId } previousHash hash
      ... on TradeExecutedEvent { current { symbol cash position { quantity } } } } } } }`);
    const nodes = events.edges.map(({ node }: { node: object }) => node);
    const stored = body.events as { eventType: string; data: Record<string, unknown> }[];
    expect(nodes.map(({ __typename: _, current: _c, ...event }: Record<string, unknown>) => event)).toEqual(
      stored,
    );
    expect(nodes[1]).toMatchObject({
      __typename: 'TradeExecutedEvent',
      current: {
        symbol: 'IBM',
        cash: stored[1]?.data.cash,
        position: { quantity: '2' },
      },
    });
  });

  it('follows the feed from every event on, without one left out or twice', async () => {
    const query = `query ($after: String) { events(first: 3, after: $after) {
      edges { cursor node { aggregateId version } } pageInfo { hasNextPage endCursor } } }`;
    const { body } = await call('GET', '/v1/events?limit=1000');
    const all = (body.events as { aggregateId: string; version: number }[]).map(
      ({ aggregateId, version }) => `${aggregateId} ${version}`,
    );
    const seen: string[] = [];
    let after: string | undefined;
    for (let more = true; more; ) {
      const { events } = await dataOf(query, { variables: { after } });
      // On from the middle of the page: cursors of edges count as those of pages do.
      const taken = events.edges.slice(0, 2);
      seen.push(
        ...taken.map(({ node }: { node: Record<string, unknown> }) => `${node.aggregateId} ${node.version}`),
      );
      after = taken.at(-1)?.cursor ?? events.pageInfo.endCursor;
      more = events.pageInfo.hasNextPage;
    }
    expect(seen.toSorted()).toEqual(all.toSorted());
  });

  it('gives the log of an account, whole', async () => {
    const { account } = await dataOf(
      `{ account(id: "${MINE}") { events(first: 3) { edges { node { version } } pageInfo { hasNextPage endCursor } } } }`,
    );
    expect(account.events.edges.map(({ node }: { node: { version: number } }) => node.version)).toEqual([
      1, 2, 3,
    ]);
    expect(account.events.pageInfo.hasNextPage).toBe(true);
    const rest = await dataOf(
      `{ account(id: "${MINE}") { events(after: "${account.events.pageInfo.endCursor}") { edges { node { version } } pageInfo { hasNextPage } } } }`,
    );
    expect(rest.account.events).toEqual({
      edges: [{ node: { version: 4 } }],
      pageInfo: { hasNextPage: false },
    });
  });

  it('says by the codes of REST what it cannot give, and gives the rest', async () => {
    const { data, errors } = await ask(
      `{ gone: product(id: "nothing") { name } a: account(id: "${MINE}") { version } }`,
    );
    expect(data).toEqual({ gone: null, a: { version: 4 } });
    expect(errors).toMatchObject([
      { path: ['gone'], extensions: { code: 'product_not_found', status: 404 } },
    ]);
  });
});

describe('statements', () => {
  const NESTED = (accounts: number) => `{ accounts(first: ${accounts}) { edges { node {
    accountId positions { symbol } trades(first: 2) { edges { node { symbol version } } } } } } }`;

  it('do not grow with the rows of a page', async () => {
    for (let index = 0; index < 8; index++) await opened(`many-${index}`);
    await eventually(async () => {
      const { accounts } = await dataOf(NESTED(100));
      expect(accounts.edges.length).toBe(10);
    });
    const counts: number[] = [];
    for (const first of [1, 10]) {
      const { env, counted } = counting(testEnv);
      const { accounts } = await dataOf(NESTED(first), { env });
      expect(accounts.edges).toHaveLength(first);
      counts.push(counted.batches);
    }
    // Two databases; of each a page of ids, and once the accounts and their trades where it has any of them.
    expect(counts).toEqual([4, 6]);
  });

  it('gives each account its own', async () => {
    const { accounts } = await dataOf(NESTED(100));
    for (const { node } of accounts.edges) {
      const { body } = await call('GET', `/v1/accounts/${node.accountId}/trades?limit=2`);
      const own = (body.trades as { symbol: string; version: number }[]).map(({ symbol, version }) => ({
        node: { symbol, version },
      }));
      expect(node.trades.edges).toEqual(own);
    }
  });
});

describe('access', () => {
  it('is that of REST: a trader sees its own', async () => {
    const headers = await as('trader', [MINE]);
    expect(await codesOf(`{ account(id: "${THEIRS}") { version } }`, { headers })).toEqual(['forbidden']);
    expect(await codesOf(`{ portfolio(id: "${THEIRS}") { source } }`, { headers })).toEqual(['forbidden']);
    expect(await codesOf(`{ trades(id: "${THEIRS}") { edges { cursor } } }`, { headers })).toEqual([
      'forbidden',
    ]);
    expect(await codesOf('{ orders { edges { cursor } } }', { headers })).toEqual(['forbidden']);
    const { accounts, events } = await dataOf(
      '{ accounts { edges { node { accountId } } } events { edges { node { aggregateId } } } }',
      { headers },
    );
    expect(accounts.edges).toEqual([{ node: { accountId: MINE } }]);
    expect(
      new Set(events.edges.map(({ node }: { node: { aggregateId: string } }) => node.aggregateId)),
    ).toEqual(new Set([MINE]));
  });

  it('keeps the schema to those who keep the platform', async () => {
    const query = '{ __schema { queryType { name } } }';
    expect(await dataOf(query)).toEqual({ __schema: { queryType: { name: 'Query' } } });
    const headers = await as('trader', [MINE]);
    expect(new Set(await codesOf(query, { headers }))).toEqual(new Set(['forbidden']));
    expect(await codesOf('{ __type(name: "Account") { name } }', { headers })).toContain('forbidden');
    expect(await dataOf('{ __typename }', { headers })).toEqual({ __typename: 'Query' });
    const [error] = (await ask('{ acount(id: "x") { version } }', { headers })).errors;
    expect(error?.message).not.toContain('account');
  });
});

/** After all that counts accounts and events: it opens one more. */
describe('a portfolio of the past', () => {
  it('is given as it was recorded and as it is known', async () => {
    const id = await opened('past-1');
    await trade(id, 't-1');
    await call('POST', `/v1/accounts/${id}/trades/t-1/correct`, { body: { price: '99', reason: 'misread' } });
    const asked = (knowledge: string) =>
      `portfolio(id: "${id}", version: 2, knowledge: ${knowledge}) { account { ${ACCOUNT} } source viewVersion
        asOf { at version recordedAt knowledge knownVersion } }`;
    const data = await dataOf(`{ was: ${asked('recorded')} known: ${asked('known')} }`);
    for (const [name, knowledge] of [
      ['was', 'recorded'],
      ['known', 'known'],
    ] as const) {
      const { body } = await call('GET', `/v1/accounts/${id}/portfolio?version=2&knowledge=${knowledge}`);
      const { asOf, ...account } = body;
      expect(data[name]).toEqual({ account, asOf, source: 'actor', viewVersion: null });
    }
    expect(data.was.account.cash).not.toEqual(data.known.account.cash);
    const codes = (args: string) => codesOf(`{ portfolio(id: "${id}", ${args}) { source } }`);
    for (const args of [
      'minVersion: -1',
      'minVersion: 1, version: 1',
      'knowledge: known',
      'version: 1, knownVersion: 2',
      'version: 99',
    ])
      expect(await codes(args), args).toEqual(['invalid_request']);
  });
});
