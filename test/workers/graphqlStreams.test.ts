/** Subscriptions of GraphQL, as the public clients of graphql-transport-ws and of graphql-sse follow them. */
import { exports } from 'cloudflare:workers';
import { createClient as createSseClient } from 'graphql-sse';
import { beforeAll, describe, expect, it } from 'vitest';
import { call, eventually, opened, TEST_TOKEN } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { collect, socketClient, WorkerSocket } from '../support/graphqlSocket.ts';
import { deposit, range } from '../support/stream.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

const EVENTS = `subscription ($id: ID!, $after: SafeInt) { events(aggregateType: account, id: $id, afterVersion: $after) {
  version events { version eventType } } }`;

const PORTFOLIO = `subscription ($id: ID!, $after: SafeInt) { portfolio(id: $id, afterVersion: $after) {
  version account { version cash { total } } } }`;

interface Events {
  readonly events: {
    readonly version: number;
    readonly events: readonly { readonly version: number; readonly eventType: string }[];
  };
}

const versionsOf = (results: readonly Events[]) =>
  results.flatMap(({ events }) => events.events.map(({ version }) => version));

const pay = (id: string) => call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } });

async function payMany(id: string, count: number): Promise<void> {
  const body = range(1, count)
    .map(() => JSON.stringify(deposit(id)))
    .join('\n');
  await call('POST', '/v1/commands', { body, headers: { 'Content-Type': 'application/x-ndjson' } });
}

/** A client of graphql-sse that asks the Worker itself. */
function sseClient(headers: Record<string, string> = { Authorization: `Bearer ${TEST_TOKEN}` }) {
  return createSseClient({
    url: 'http://folio.test/v1/graphql',
    headers,
    retryAttempts: 0,
    fetchFn: (url: string, init: RequestInit) => worker.fetch(url, init as never),
  });
}

describe('over a WebSocket', () => {
  it('a subscription replays, goes on with what is committed, and resumes after a version', async () => {
    const id = await opened('ws-1');
    await pay(id);
    const client = socketClient();
    let paid = false;
    const first = await collect<Events>(client, EVENTS, { id, after: 0 }, (results) => {
      const versions = versionsOf(results);
      if (versions.length >= 2 && !paid) {
        paid = true;
        void pay(id);
      }
      return versions.length >= 3;
    });
    expect(versionsOf(first)).toEqual([1, 2, 3]);
    await pay(id);
    const after = first.at(-1)?.events.version;
    const second = await collect<Events>(client, EVENTS, { id, after }, (results) => results.length === 1);
    expect(versionsOf(second)).toEqual([4]);
    await client.dispose();
  });

  it('queries and mutations are answered beside subscriptions', async () => {
    const id = await opened('ws-2');
    const client = socketClient();
    const portfolio = collect<{ portfolio: { version: number; account: { cash: { total: string } } } }>(
      client,
      PORTFOLIO,
      { id },
      (results) => results.at(-1)?.portfolio.version === 2,
    );
    // Once a query is answered, the subscription that was sent before it is on its way.
    await collect(client, `{ account(id: "${id}") { version } }`, {}, () => true);
    await eventually(async () => {
      const watched = WorkerSocket.opened.at(-1)?.sent.some((text) => text.includes('subscription'));
      expect(watched).toBe(true);
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const deposited = await collect<{ depositFunds: { version: number } }>(
      client,
      `mutation { depositFunds(id: "${id}", input: { amount: 5 }) { version } }`,
      {},
      () => true,
    );
    expect(deposited[0]?.depositFunds.version).toBe(2);
    expect((await portfolio).at(-1)?.portfolio.account.cash.total).toBe('100005');
    await client.dispose();
  });

  it('fifty disconnects in mid-stream lose nothing and double nothing', async () => {
    const id = await opened('ws-broken');
    // The client sends the variables as they are when it connects again, so what they name moves along.
    const variables: { id: string; after: number } = { id, after: 0 };
    const client = socketClient({
      retryAttempts: 100,
      retryWait: () => Promise.resolve(),
      shouldRetry: () => true,
    });
    const versions: number[] = [];
    const last = 1 + 50 * 10;
    const done = new Promise<void>((resolve, reject) => {
      client.subscribe<Record<string, unknown>>(
        { query: EVENTS, variables },
        {
          next: ({ data }) => {
            const { events } = data as unknown as Events;
            versions.push(...events.events.map(({ version }) => version));
            variables.after = events.version;
            if (events.version === last) resolve();
          },
          error: reject,
          complete: resolve,
        },
      );
    });
    for (let round = 0; round < 50; round++) {
      await payMany(id, 10);
      WorkerSocket.opened.at(-1)?.close(4_900, 'the network broke');
    }
    await done;
    expect(versions).toEqual(range(1, last));
    await client.dispose();
  });

  it('a reader that does not take what it is sent is not sent more than it can be, and then it is left', async () => {
    const id = await opened('ws-slow');
    for (let round = 0; round < 5; round++) await payMany(id, 2_000);
    const client = socketClient();
    const whole = `subscription { events(aggregateType: account, id: "${id}", afterVersion: 0) { version events { version data metadata { commandId } hash } } }`;
    const results: unknown[] = [];
    const stop = client.subscribe(
      { query: whole },
      { next: (result) => results.push(result), error: () => undefined, complete: () => undefined },
    );
    await eventually(async () => expect(WorkerSocket.opened.at(-1)?.readyState).toBe(WorkerSocket.OPEN));
    const socket = WorkerSocket.opened.at(-1) as WorkerSocket;
    socket.isReading = false;
    const bytes = () => socket.received.reduce((sum, text) => sum + text.length, 0);
    let before = -1;
    await eventually(async () => {
      const now = bytes();
      const isStill = now === before && now > 0;
      before = now;
      if (!isStill) throw new Error(`${now} bytes so far`);
    });
    // A bound of the stream, and what was on its way when it was reached.
    expect(bytes()).toBeLessThan(3 * 1024 * 1024);
    stop();
    await client.dispose();
  });

  it('is for whoever may, and says so by the codes of REST', async () => {
    const [mine, theirs] = [await opened('ws-mine'), await opened('ws-theirs')];
    const connectionParams = await as('trader', [mine]);
    const client = socketClient({ connectionParams });
    const codes = async (query: string, variables: Record<string, unknown>) => {
      const error = await collect(client, query, variables, () => true).catch((caught: unknown) => caught);
      return (error as { errors?: { extensions: { code: string } }[] }).errors?.[0]?.extensions.code;
    };
    expect(await codes(EVENTS, { id: theirs, after: 0 })).toBe('forbidden');
    expect(await codes(PORTFOLIO, { id: theirs })).toBe('forbidden');
    expect(await codes(EVENTS, { id: mine, after: 9 })).toBe('invalid_request');
    expect(await codes(`{ account(id: "${theirs}") { version } }`, {})).toBe('forbidden');
    expect(versionsOf(await collect<Events>(client, EVENTS, { id: mine, after: 0 }, () => true))).toEqual([
      1,
    ]);
    await client.dispose();
  });

  it.each([
    ['without a token', {}, 4401],
    ['with a token that is none', { Authorization: 'Bearer nonsense' }, 4401],
  ])('is closed %s', async (_, connectionParams, code) => {
    const closed = await new Promise<{ code: number }>((resolve) => {
      const client = socketClient({
        connectionParams,
        lazy: false,
        on: { closed: (event) => resolve(event as { code: number }) },
        onNonLazyError: () => undefined,
      });
      void client;
    });
    expect(closed.code).toBe(code);
  });

  it('takes the token of the request as well', async () => {
    const id = await opened('ws-header');
    WorkerSocket.headers = { Authorization: `Bearer ${TEST_TOKEN}` };
    try {
      const client = socketClient({ connectionParams: {} });
      const results = await collect<Events>(client, EVENTS, { id, after: 0 }, () => true);
      expect(versionsOf(results)).toEqual([1]);
      await client.dispose();
    } finally {
      WorkerSocket.headers = {};
    }
  });

  it.each([
    ['no JSON', 'nonsense', 4400],
    ['a message of no type', '{"type":"nonsense"}', 4400],
    ['more than a body may be', `{"type":"ping","payload":{"x":"${'x'.repeat(70_000)}"}}`, 1009],
    [
      'an operation before it said who it is',
      '{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}',
      4401,
    ],
  ])('ends where it is sent %s', async (_, text, code) => {
    const socket = new WorkerSocket('ws://folio.test/v1/graphql', 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => {
      socket.onclose = (event) => resolve(event.code);
    });
    socket.onopen = () => socket.send(text);
    expect(await closed).toBe(code);
  });

  it('speaks its own protocol alone', async () => {
    const headers = { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'graphql-ws' };
    const { status, body } = await call('GET', '/v1/graphql', { headers });
    expect([status, body.code]).toEqual([426, 'upgrade_required']);
  });
});

describe('over Server-Sent Events', () => {
  it('a subscription replays and goes on, and a query is one event', async () => {
    const id = await opened('gsse-1');
    await pay(id);
    const client = sseClient();
    const versions: number[] = [];
    for await (const { data } of client.iterate<Record<string, unknown>>({
      query: EVENTS,
      variables: { id, after: 0 },
    })) {
      versions.push(...versionsOf([data as unknown as Events]));
      if (versions.length === 2) void pay(id);
      if (versions.length === 3) break;
    }
    expect(versions).toEqual([1, 2, 3]);
    const answers: unknown[] = [];
    for await (const { data } of client.iterate({ query: `{ account(id: "${id}") { version } }` }))
      answers.push(data);
    expect(answers).toEqual([{ account: { version: 3 } }]);
    client.dispose();
  });

  it('what has one result is JSON for clients that take both, and subscriptions are events', async () => {
    const id = await opened('gsse-both');
    const typeOf = async (query: string, accept: string) => {
      const response = await worker.fetch('http://folio.test/v1/graphql', {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${TEST_TOKEN}`,
          Accept: accept,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ query }),
      });
      await response.body?.cancel();
      return response.headers.get('Content-Type');
    };
    const query = `{ account(id: "${id}") { version } }`;
    const subscription = `subscription { portfolio(id: "${id}", afterVersion: 0) { version } }`;
    const json = 'application/graphql-response+json; charset=utf-8';
    const events = 'text/event-stream';
    const both = 'application/graphql-response+json, application/json, text/event-stream, multipart/mixed';
    expect(await typeOf(query, both)).toBe(json);
    expect(await typeOf('{ nothing }', both)).toBe(json);
    expect(await typeOf(subscription, both)).toBe(events);
    expect(await typeOf(query, 'text/event-stream, application/json;q=0.5')).toBe(events);
    expect(await typeOf(query, 'text/event-stream;q=0, */*')).toMatch(/json/);
    expect(await typeOf(subscription, 'text/event-stream, multipart/mixed')).toBe(events);
  });

  it('what cannot be run is an event with errors', async () => {
    const mine = await opened('gsse-mine');
    await opened('gsse-theirs');
    const client = sseClient(await as('trader', [mine]));
    const codes = async (query: string) => {
      for await (const { errors } of client.iterate({ query })) {
        return errors?.map(({ extensions }) => (extensions as { code: string }).code);
      }
      return undefined;
    };
    expect(await codes('subscription { portfolio(id: "gsse-theirs") { version } }')).toEqual(['forbidden']);
    expect(await codes('subscription { portfolio(id: "gsse-nobody") { version } }')).toEqual(['forbidden']);
    expect(await codes('subscription { nothing }')).toEqual(['invalid_request']);
    client.dispose();
  });

  it('goes at the pace of its reader', async () => {
    const id = await opened('gsse-slow');
    for (let round = 0; round < 3; round++) await payMany(id, 2_000);
    const body = JSON.stringify({ query: EVENTS, variables: { id, after: 0 } });
    const response = await worker.fetch('http://folio.test/v1/graphql', {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${TEST_TOKEN}`,
        Accept: 'text/event-stream',
        'Content-Type': 'application/json',
      },
      body,
    });
    expect(response.headers.get('Content-Type')).toBe('text/event-stream');
    expect(response.headers.get('X-Accel-Buffering')).toBe('no');
    await new Promise((resolve) => setTimeout(resolve, 300));
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('"version":6001,"eventType"')) break;
    }
    const versions = Array.from(text.matchAll(/"version":(\d+),"eventType"/g), ([, version]) =>
      Number(version),
    );
    expect(versions).toEqual(range(1, 6_001));
  });
});

describe('a condition on what a subscription follows', () => {
  const FOLLOW = '{ portfolio(id: "conditions", afterVersion: 0) @skip(if: $not) { version } }';
  const cases: [string, string][] = [
    ['of a variable', `subscription ($not: Boolean!) ${FOLLOW}`],
    ['that says to leave it out', `subscription ${FOLLOW.replace('$not', 'true')}`],
    ['in a fragment', `subscription ($not: Boolean!) { ...it } fragment it on Subscription ${FOLLOW}`],
    [
      'of a fragment',
      'subscription ($not: Boolean!) { ... @include(if: $not) { portfolio(id: "x") { version } } }',
    ],
  ];

  beforeAll(() => opened('conditions'));

  it.each(cases)('is refused, %s, and ends nothing else', async (_, query) => {
    const client = socketClient();
    const after = 'subscription { portfolio(id: "conditions", afterVersion: 0) { version } }';
    const other = client.iterate<{ portfolio: { version: number } }>({ query: after });
    expect((await other.next()).value?.data?.portfolio.version).toBeGreaterThan(0);
    const refused = client.iterate({ query, variables: { not: true } });
    const codes = await refused.next().then(
      () => [],
      (errors: { extensions: { code: string } }[]) => errors.map(({ extensions }) => extensions.code),
    );
    expect(codes).toEqual(['invalid_request']);
    await pay('conditions');
    expect((await other.next()).value?.data?.portfolio.version).toBeGreaterThan(1);
    await client.dispose();
    const events = sseClient();
    for await (const { errors } of events.iterate({ query, variables: { not: true } }))
      expect(errors).toMatchObject([{ extensions: { code: 'invalid_request' } }]);
    events.dispose();
  });

  it('is taken below it', async () => {
    await opened('conditions-below');
    const client = socketClient();
    const query = `subscription ($not: Boolean!) {
      portfolio(id: "conditions-below", afterVersion: 0) { version account @skip(if: $not) { version } } }`;
    const { value } = await client.iterate({ query, variables: { not: true } }).next();
    expect(value?.data).toEqual({ portfolio: { version: 1 } });
    await client.dispose();
  });
});

describe('a message of a socket', () => {
  it('that two readers could understand differently runs nothing, as over HTTP', async () => {
    const id = await opened('ws-strict', { initialBalance: '1000' });
    const { webSocket } = await worker.fetch('http://folio.test/v1/graphql', {
      headers: { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'graphql-transport-ws' },
    });
    if (webSocket === null) throw new Error('no socket');
    const received: { type: string; id?: string; payload?: unknown }[] = [];
    webSocket.addEventListener('message', ({ data }) => void received.push(JSON.parse(String(data))));
    webSocket.accept();
    webSocket.send(
      JSON.stringify({ type: 'connection_init', payload: { Authorization: `Bearer ${TEST_TOKEN}` } }),
    );
    await eventually(async () => expect(received).toHaveLength(1));
    const TRADE =
      `mutation ($price: Decimal!) { executeTrade(id: \\"${id}\\", input: { tradeId: \\"t-1\\", symbol: \\"IBM\\",
      side: BUY, quantity: \\"0.00000001\\", price: $price }) { version } }`.replaceAll(/\s+/g, ' ');
    const send = async (operation: string, variables: string) => {
      webSocket.send(
        `{"type":"subscribe","id":"${operation}","payload":{"query":"${TRADE}","variables":${variables}}}`,
      );
      return eventually(async () => {
        const answer = received.find((message) => message.id === operation);
        if (answer === undefined) throw new Error('no answer yet');
        return answer;
      });
    };
    const refused = (path: string) => [{ extensions: { code: 'invalid_request', errors: [{ path }] } }];
    // A double has ...01 for it.
    expect(await send('a', '{"price":100000000.00000002}')).toMatchObject({
      type: 'error',
      payload: refused('variables.price'),
    });
    expect(await send('b', '{"price":"1","price":"2"}')).toMatchObject({
      type: 'error',
      payload: refused('variables.price'),
    });
    expect(await send('c', '{"price":100000000.5}')).toMatchObject({
      type: 'next',
      payload: { data: { executeTrade: { version: 2 } } },
    });
    webSocket.close();
  });
});

describe('an id that its client uses again', () => {
  it('brings every event once, and nothing once it is completed', async () => {
    const id = await opened('ws-again');
    const { webSocket } = await worker.fetch('http://folio.test/v1/graphql', {
      headers: { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'graphql-transport-ws' },
    });
    if (webSocket === null) throw new Error('no socket');
    const received: { type: string; payload?: { data?: Events } }[] = [];
    webSocket.addEventListener('message', ({ data }) => void received.push(JSON.parse(String(data))));
    webSocket.accept();
    const send = (message: object) => webSocket.send(JSON.stringify(message));
    const last = () =>
      versionsOf(received.flatMap(({ payload }) => (payload?.data ? [payload.data] : []))).at(-1);
    send({ type: 'connection_init', payload: { Authorization: `Bearer ${TEST_TOKEN}` } });
    await eventually(async () => expect(received).toHaveLength(1));
    const again = { type: 'subscribe', id: '1', payload: { query: EVENTS, variables: { id, after: 0 } } };
    for (const _ of range(1, 10)) for (const message of [again, { type: 'complete', id: '1' }]) send(message);
    send(again);
    await eventually(async () => expect(last()).toBe(1));
    const before = received.length;
    await pay(id);
    await eventually(async () => expect(last()).toBe(2));
    send({ type: 'complete', id: '1' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await pay(id);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(received.slice(before).map(({ type }) => type)).toEqual(['next']);
    webSocket.close();
  });
});
