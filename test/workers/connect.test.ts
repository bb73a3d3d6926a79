/** The service over Connect and gRPC-Web, as the public clients find it, and as no good client asks. */

import { exports } from 'cloudflare:workers';
import { create, type DescMessage, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { NullValue, timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DepositFundsRequestSchema,
  FolioService,
  GetAccountRequestSchema,
} from '../../workers/connect/generated/folio/v1/folio_pb.ts';
import { CONNECT_PATH } from '../../workers/connect/service.ts';
import type { Env } from '../../workers/env.ts';
import { app } from '../../workers/http/app.ts';
import { call, footprint, opened, opening, TEST_TOKEN, testEnv } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { connectClient, failure, sentProblem, TRANSPORTS } from '../support/connect.ts';

const worker = (exports as unknown as { default: Fetcher }).default;
const ORIGIN = 'http://folio.test';
const TOKEN = { Authorization: `Bearer ${TEST_TOKEN}` };

type Transport = keyof typeof TRANSPORTS;

/** The Worker refuses what only browsers understand of a request: `mode`, `credentials`, `redirect: 'error'`. */
function client(transport: Transport, headers: Record<string, string> = TOKEN, env?: Env) {
  return connectClient(transport, ORIGIN, headers, (input, init) => {
    const { method, headers: sent, body } = init ?? {};
    const request = new Request(String(input), {
      method: method ?? 'GET',
      headers: sent ?? {},
      body: body ?? null,
    });
    return Promise.resolve(env === undefined ? worker.fetch(request) : app.fetch(request, env));
  });
}

const ALL = Object.keys(TRANSPORTS) as Transport[];

/** Who calls, and an account of its own with 1000 in it, opened before the tests that follow. */
function caller(transport: Transport, part: string) {
  const folio = client(transport);
  const id = `${part}-${ALL.indexOf(transport)}`;
  beforeAll(async () => {
    const { version } = await folio.openAccount({ ...opening(id), initialBalance: '1000' });
    expect(version).toBe(1n);
  });
  return { folio, id };
}

describe.each(ALL)('%s: commands and queries', (transport) => {
  const { folio, id } = caller(transport, 'calls');

  it('runs a command once, and answers its repeat', async () => {
    const key = { idempotencyKey: 'deposit-1' };
    const headers: Headers[] = [];
    const deposit = () =>
      folio.depositFunds({ id, amount: '0.10', ...key }, { onHeader: (header) => void headers.push(header) });
    const first = await deposit();
    expect(first).toMatchObject({ aggregateId: id, version: 2n, events: [{ eventType: 'FundsDeposited' }] });
    expect(await deposit()).toEqual(first);
    expect(headers.map((header) => header.get('Idempotency-Replayed'))).toEqual([null, 'true']);
    expect(headers[0]?.get('ETag')).toBe('"2"');
    expect((await failure(folio.depositFunds({ id, amount: '9', ...key }))).code).toBe('AlreadyExists');
  });

  it('answers what HTTP answers, money and times to the last digit', async () => {
    const executedAt = timestampFromDate(new Date('2026-11-20T10:11:12.345Z'));
    const trade = { tradeId: 't-1', symbol: 'IBM', quantity: '3', price: '0.00000001', side: 'BUY' };
    const reply = await folio.executeTrade({ id, ...trade, executedAt });
    expect(reply).toMatchObject({ tradeId: 't-1', cash: '1000.09999997', position: { quantity: '3' } });
    const account = await folio.getAccount({ id });
    const { body } = await call('GET', `/v1/accounts/${id}`);
    expect(account).toMatchObject({
      ...body,
      version: BigInt(body.version as number),
      limits: { allowShort: false },
    });
    expect(account.limits?.maxOrderNotional).toBeUndefined();
    const { events, nextFromVersion } = await folio.getAccountEvents({ id, fromVersion: 3n, limit: 5n });
    expect(nextFromVersion).toBeUndefined();
    expect(events).toMatchObject([
      { eventType: 'TradeExecuted', schemaVersion: 1n, data: { executedAt: '2026-11-20T10:11:12.345Z' } },
    ]);
    const past = await folio.getAccount({ id, version: 1n });
    expect(past.cash).toMatchObject({ total: '1000' });
  });

  it('says every time that a trade may have: none is taken that Protobuf cannot say', async () => {
    const trade = { symbol: 'IBM', side: 'BUY', quantity: '1', price: '0.00000001' };
    const trades = `/v1/accounts/${id}/trades`;
    const times = ['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
    for (const executedAt of times)
      await call('POST', trades, { body: { ...trade, tradeId: executedAt.slice(0, 4), executedAt } });
    const early = { ...trade, tradeId: '0000', executedAt: '0000-12-31T23:59:59.999Z' };
    expect(await call('POST', trades, { body: early })).toMatchObject({ status: 400 });
    const { movements } = await folio.getStatement({ id });
    const executed = movements.flatMap((movement) => movement.trade?.executedAt ?? []);
    expect(executed.map((time) => timestampDate(time).toISOString())).toEqual(expect.arrayContaining(times));
  });

  it('tells a limit that is lifted from one that stays', async () => {
    const limit = (value: string) => ({ case: 'maxOrderNotional', value }) as const;
    await folio.setLimits({ id, maxOrderNotionalOrNull: limit('5000'), allowShort: true });
    await folio.setLimits({ id, allowShort: false });
    expect((await folio.getAccount({ id })).limits).toMatchObject({
      maxOrderNotional: '5000',
      allowShort: false,
    });
    await folio.setLimits({
      id,
      maxOrderNotionalOrNull: { case: 'maxOrderNotionalNull', value: NullValue.NULL_VALUE },
    });
    expect((await folio.getAccount({ id })).limits?.maxOrderNotional).toBeUndefined();
  });
});

describe.each(ALL)('%s: headers of a command', (transport) => {
  const { folio, id } = caller(transport, 'headers');

  it('count where the message does not say it, and are refused where the two differ', async () => {
    const deposit = (header: string, value: string, said: { idempotencyKey?: string } = {}) =>
      folio.depositFunds({ id, amount: '0.10', ...said }, { headers: { [header]: value } });
    const first = await deposit('Idempotency-Key', 'in-header');
    expect(await deposit('Idempotency-Key', 'in-header')).toEqual(first);
    expect(await deposit('Idempotency-Key', 'in-header', { idempotencyKey: 'in-header' })).toEqual(first);
    for (const [refused, code, where] of [
      [
        deposit('Idempotency-Key', 'one', { idempotencyKey: 'another' }),
        'invalid_request',
        'Idempotency-Key',
      ],
      [deposit('If-Match', '7'), 'invalid_request', 'If-Match'],
      [deposit('If-Match', '"77"'), 'version_conflict', undefined],
    ] as const) {
      const { problem } = await failure(refused);
      expect([problem.code, problem.errors[0]?.path]).toEqual([code, where]);
    }
    expect((await folio.getAccount({ id })).version).toBe(first.version);
  });
});

describe.each(ALL)('%s: what is one of several things', (transport) => {
  const { folio, id } = caller(transport, 'kinds');

  it('runs a batch of commands of several kinds', async () => {
    const common = { aggregateId: `${id}-b`, expectedVersion: 0n };
    const { initialBalance, accountId: _, ...data } = opening(`${id}-b`);
    const reply = await folio.runCommands({
      commands: [
        {
          variant: {
            case: 'openAccountCommand',
            value: { ...common, commandId: 'b-1', data: { ...data, initialBalance } },
          },
        },
        {
          variant: {
            case: 'withdrawFundsCommand',
            value: { aggregateId: `${id}-b`, commandId: 'b-2', data: { amount: '100001' } },
          },
        },
        { variant: { case: undefined } },
      ],
    });
    expect(reply).toMatchObject({ accepted: 1n, refused: 2n, replayed: 0n });
    expect(reply.results.map(({ status, code }) => code ?? status)).toEqual([
      'accepted',
      'insufficient_funds',
      'invalid_request',
    ]);
  });

  it('takes an address in parts and in one text', async () => {
    const order = {
      customerId: 'customer-1',
      currency: 'EUR',
      items: [{ productId: 'p-1', quantity: '1', unitPrice: '9.99' }],
      payment: { method: 'card', token: 'tok_visa' },
    };
    const parts = {
      case: 'address',
      value: { values: { city: 'London', line1: '12 St James Square' } },
    } as const;
    for (const [orderId, variant] of [
      [`${id}-parts`, parts],
      [`${id}-text`, { case: 'text', value: '12 St James Square' }],
    ] as const) {
      const { sagaId } = await folio.placeOrder({ ...order, orderId, shipTo: { variant } });
      expect(sagaId).not.toBe('');
      const { shipTo } = await folio.getOrder({ id: orderId });
      expect(shipTo?.variant).toMatchObject(variant === parts ? parts : { case: 'address', value: {} });
      const risk = client(transport, await as('risk'));
      expect((await risk.getOrder({ id: orderId })).shipTo?.variant).toEqual({ case: 'masked', value: true });
    }
  });
});

describe.each(ALL)('%s: failures and the gate', (transport) => {
  const { folio, id } = caller(transport, 'gate');

  it('says by a code and a problem why a call failed', async () => {
    const refused = await failure(folio.withdrawFunds({ id, amount: '1000000' }));
    expect(refused).toMatchObject({
      code: 'FailedPrecondition',
      problem: { code: 'insufficient_funds', status: 422n },
    });
    expect((await failure(folio.openAccount(opening(id)))).code).toBe('AlreadyExists');
    expect(await failure(folio.getAccount({ id: 'nobody' }))).toMatchObject({
      code: 'NotFound',
      problem: { code: 'account_not_found' },
    });
    const stale = await failure(folio.depositFunds({ id, amount: '1', expectedVersion: 7n }));
    expect(stale).toMatchObject({ code: 'Aborted', problem: { code: 'version_conflict' } });
    expect(stale.problem.currentVersion).toBe(1n);
    const invalid = await failure(
      folio.executeTrade({ id, tradeId: 'x y', symbol: 'IBM', quantity: '1e5', side: 'BUY' }),
    );
    expect(invalid.code).toBe('InvalidArgument');
    expect(invalid.problem.errors.map(({ path }) => path).sort()).toEqual(['price', 'quantity', 'tradeId']);
  });

  it('stands behind the same gate as everything', async () => {
    const anonymous = await failure(client(transport, {}).getAccount({ id }));
    expect(anonymous).toMatchObject({ code: 'Unauthenticated', problem: { code: 'unauthenticated' } });
    expect(anonymous.error.metadata.get('WWW-Authenticate')).toBe('Bearer realm="folio"');
    const trader = client(transport, await as('trader', [id]));
    expect((await trader.getAccount({ id })).accountId).toBe(id);
    expect((await failure(trader.depositFunds({ id, amount: '1' }))).code).toBe('PermissionDenied');
    expect((await failure(trader.getAccount({ id: 'somebody-elses' }))).code).toBe('PermissionDenied');
    expect((await failure(client(transport, await as('trader', [])).getOrders({}))).code).toBe(
      'PermissionDenied',
    );
  });

  it('keeps the correlation id', async () => {
    const correlated = client(transport, { ...TOKEN, 'X-Correlation-Id': `corr-${id}` });
    await correlated.depositFunds({ id, amount: '1' });
    const { problem } = await failure(correlated.depositFunds({ id, amount: '0' }));
    expect(problem.correlationId).toBe(`corr-${id}`);
    const { events } = await folio.getAccountEvents({ id, limit: 1000n });
    expect(events.at(-1)?.metadata).toMatchObject({
      correlationId: `corr-${id}`,
      userId: 'local-administrator',
    });
  });

  it('counts a call once against the quota', async () => {
    const bound = client(transport, TOKEN, { ...testEnv, RATE_CLIENT_REQUESTS: '2' });
    const left: (string | null)[] = [];
    const ask = () =>
      bound.getAccount({ id }, { onHeader: (header) => void left.push(header.get('RateLimit')) });
    await ask();
    await ask();
    expect(left.map((header) => /r=(\d+)/.exec(header ?? '')?.[1])).toEqual(['1', '0']);
    const { code, problem, error } = await failure(ask());
    expect([code, problem.code]).toEqual(['ResourceExhausted', 'rate_limited']);
    expect(Number(error.metadata.get('Retry-After'))).toBeGreaterThan(0);
  });
});

describe('what no good client sends', () => {
  const ID = 'connect-hostile';
  const DEPOSIT = `${CONNECT_PATH}/DepositFunds`;
  const good = toBinary(
    DepositFundsRequestSchema,
    create(DepositFundsRequestSchema, { id: ID, amount: '1' }),
  );
  let untouched: Awaited<ReturnType<typeof footprint>>;

  beforeAll(async () => {
    await opened(ID);
    untouched = await footprint(ID);
  });

  const send = (path: string, body: BodyInit | null, headers: Record<string, string>, method = 'POST') =>
    worker.fetch(new Request(`${ORIGIN}${path}`, { method, headers: { ...TOKEN, ...headers }, body }));

  const proto = { 'Content-Type': 'application/proto' };
  const json = { 'Content-Type': 'application/json' };
  const envelope = (flag: number, length: number, bytes: Uint8Array) =>
    Uint8Array.of(flag, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255, ...bytes);
  const groups = new Uint8Array(60_000).fill(0x0b);

  it.each<[string, BodyInit, Record<string, string>, string]>([
    [
      'bytes that are no message',
      Uint8Array.of(255, 255, 255, 255),
      proto,
      'invalid_argument invalid_request',
    ],
    ['a message that is cut off', good.slice(0, -1), proto, 'invalid_argument invalid_request'],
    ['groups without end', groups, proto, 'invalid_argument invalid_request'],
    ['text that is no UTF-8', Uint8Array.of(10, 2, 0xc3, 0x28), proto, 'invalid_argument invalid_request'],
    [
      'a field that is not known',
      Uint8Array.of(...good, 0xf8, 0x3f, 1),
      proto,
      'invalid_argument invalid_request #1023',
    ],
    ['nothing', new Uint8Array(), proto, 'invalid_argument invalid_request id'],
    [
      'a path in an id',
      JSON.stringify({ id: '../x', amount: '1' }),
      json,
      'invalid_argument invalid_request id',
    ],
    [
      'an id that goes up',
      JSON.stringify({ id: '..', amount: '1' }),
      json,
      'invalid_argument invalid_request id',
    ],
    ['no JSON', '{', json, 'invalid_argument invalid_request'],
    ['JSON that is no object', '[]', json, 'invalid_argument invalid_request'],
    [
      'a field twice',
      `{"id":"${ID}","amount":"1","amount":"2"}`,
      json,
      'invalid_argument invalid_request amount',
    ],
    [
      'a name that is not known',
      `{"id":"${ID}","amount":"1","x":1}`,
      json,
      'invalid_argument invalid_request',
    ],
    ['an amount that is a number', `{"id":"${ID}","amount":1}`, json, 'invalid_argument invalid_request'],
    [
      'a key with a line feed',
      `{"id":"${ID}","amount":"1","idempotencyKey":"a\\nb"}`,
      json,
      'invalid_argument invalid_request idempotencyKey',
    ],
    [
      'a version below zero',
      `{"id":"${ID}","amount":"1","expectedVersion":-1}`,
      json,
      'invalid_argument invalid_request expectedVersion',
    ],
    ['too many bytes', new Uint8Array(65_537), proto, 'resource_exhausted request_too_large'],
  ])('%s', async (_what, body, headers, verdict) => {
    const response = await send(DEPOSIT, body, headers);
    const answer = (await response.json()) as { code: string; message: string };
    const { code, errors } = sentProblem(answer);
    const paths = errors.map(({ path }) => path).filter((path) => path !== '');
    expect([answer.code, code, ...paths].join(' ')).toBe(verdict);
    expect(answer.message).not.toBe('');
    expect(response.status).toBeLessThan(500);
    expect(await footprint(ID)).toEqual(untouched);
  });

  const TRADE = { tradeId: 't-1', symbol: 'IBM', side: 'BUY', quantity: '1', price: '1' };

  it.each<[string, string, object, string]>([
    ['in a command', 'ExecuteTrade', { id: ID, ...TRADE, executedAt: '2013-02-30T00:00:00Z' }, 'executedAt'],
    ['in a query', 'GetAccount', { id: ID, at: '2013-04-31T00:00:00Z' }, 'at'],
    ['of an hour too many', 'GetAccount', { id: ID, at: '2013-04-30T24:00:00Z' }, 'at'],
    ['that is no time', 'GetAccount', { id: ID, at: 'yesterday' }, 'at'],
    ['that is no text', 'GetAccount', { id: ID, at: 5 }, 'at'],
    [
      'in a batch',
      'RunCommands',
      {
        commands: [
          {
            executeTradeCommand: {
              commandId: 'c-1',
              aggregateId: ID,
              data: { ...TRADE, executed_at: '2013-02-29T00:00:00Z' },
            },
          },
        ],
      },
      'commands[0].executeTradeCommand.data.executedAt',
    ],
  ])('a day that there is not, %s', async (_what, method, message, path) => {
    const response = await send(`${CONNECT_PATH}/${method}`, JSON.stringify(message), json);
    const answer = (await response.json()) as { code: string };
    const { code, errors } = sentProblem(answer);
    expect([response.status, answer.code, code]).toEqual([400, 'invalid_argument', 'invalid_request']);
    expect(errors.map((each) => each.path)).toEqual([path]);
    expect(await footprint(ID)).toEqual(untouched);
  });

  it.each<[string, object, string]>([
    ['ShipOrder', { id: 'no-order', carrier: 'DHL', trackingNumber: '1', items: { values: [] } }, 'items'],
    ['RebuildViews', { views: { values: [] } }, 'views'],
    ['RepairFindings', { reason: 'none to mend', findingIds: { values: [] } }, 'findingIds'],
  ])('an empty list of %s, of which none means all', async (method, message, path) => {
    const { input } = FolioService.methods.find(({ name }) => name === method) as { input: DescMessage };
    const bytes = toBinary(input, fromJson(input, message as JsonValue));
    for (const [body, headers] of [[JSON.stringify(message), json] as const, [bytes, proto] as const]) {
      const response = await send(`${CONNECT_PATH}/${method}`, body, headers);
      const { code, errors } = sentProblem((await response.json()) as never);
      expect([code, ...errors.map((each) => each.path)]).toEqual(['invalid_request', path]);
    }
  });

  it('a list by the number that it had when an empty one meant all', async () => {
    const item = Uint8Array.of(0x22, 2, 8, 1);
    const response = await send(`${CONNECT_PATH}/ShipOrder`, Uint8Array.of(10, 1, 0x78, ...item), proto);
    const { errors } = sentProblem((await response.json()) as never);
    expect(errors.map(({ path, message }) => `${path} ${message}`)).toEqual(['#4 is not a known field']);
  });

  it.each<[string, Uint8Array, string]>([
    ['an envelope that is cut off', Uint8Array.of(0, 0, 0), '3'],
    ['an envelope that promises more', envelope(0, 4_000_000_000, good), '3'],
    [
      'two messages',
      Uint8Array.of(...envelope(0, good.length, good), ...envelope(0, good.length, good)),
      '3',
    ],
    ['a message said to be compressed', envelope(1, good.length, good), '3'],
    ['a broken message', envelope(0, 2, Uint8Array.of(255, 255)), '3'],
  ])('over gRPC-Web: %s', async (_what, body, status) => {
    const response = await send(DEPOSIT, body, { 'Content-Type': 'application/grpc-web+proto' });
    expect(response.status).toBe(200);
    const text = new TextDecoder().decode(await response.arrayBuffer());
    const told = response.headers.get('Grpc-Status') ?? /grpc-status: ?(\d+)/i.exec(text)?.[1];
    expect(told).toBe(status);
    expect(await footprint(ID)).toEqual(untouched);
  });

  it.each<[string, string, string, Record<string, string>, number, string]>([
    ['a method that there is not', 'POST', `${CONNECT_PATH}/Nothing`, json, 404, 'unimplemented'],
    [
      'a service that there is not',
      'POST',
      '/v1/connect/folio.v9.Folio/DepositFunds',
      json,
      404,
      'unimplemented',
    ],
    ['compression', 'POST', DEPOSIT, { ...proto, 'Content-Encoding': 'gzip' }, 404, 'unimplemented'],
    ['a query', 'POST', `${DEPOSIT}?x=1`, json, 400, 'invalid_argument'],
    ['a command by GET', 'GET', `${DEPOSIT}?encoding=json&message=%7B%7D`, {}, 404, 'unimplemented'],
    [
      'a GET with a content type, and no account',
      'GET',
      `${CONNECT_PATH}/GetAccount?encoding=json&message=%7B%22id%22%3A%22no%22%7D`,
      { 'Content-Type': ';' },
      404,
      'not_found',
    ],
    ...[
      ['that is empty', { aggregateType: '', id: ID }],
      ['that leads to another operation', { aggregateType: '..', id: 'accounts' }],
      ['that leads nowhere', { aggregateType: '.', id: ID }],
    ].map(([what, message]): [string, string, string, Record<string, string>, number, string] => [
      `a part of a path ${what}`,
      'GET',
      `${CONNECT_PATH}/AuditAggregate?encoding=json&message=${encodeURIComponent(JSON.stringify(message))}`,
      {},
      400,
      'invalid_argument',
    ]),
    ['a GET without its message', 'GET', `${CONNECT_PATH}/GetAccount`, {}, 400, 'invalid_argument'],
    [
      'a GET of bad base64',
      'GET',
      `${CONNECT_PATH}/GetAccount?encoding=proto&base64=1&message=!`,
      {},
      400,
      'invalid_argument',
    ],
  ])('%s', async (_what, method, path, headers, status, code) => {
    const response = await send(
      path,
      method === 'POST' ? `{"id":"${ID}","amount":"1"}` : null,
      headers,
      method,
    );
    const answer = (await response.json()) as { code: string; message: string; details?: unknown };
    expect([response.status, answer.code]).toEqual([status, code]);
    expect(answer.message).not.toBe('');
    expect(answer.details).toMatchObject([{ type: 'folio.v1.Problem' }]);
    expect(await footprint(ID)).toEqual(untouched);
  });

  it('a timeout that is none, which is a matter of the protocol alone', async () => {
    const response = await send(DEPOSIT, `{"id":"${ID}","amount":"1"}`, {
      ...json,
      'Connect-Timeout-Ms': 'soon',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_argument' });
    expect(await footprint(ID)).toEqual(untouched);
  });

  it.each([
    ['text/plain', 415],
    ['application/grpc', 415],
    ['application/grpc+proto', 415],
    ['application/connect+proto', 415],
    ['application/grpc-web-text', 415],
    ['application/x-protobuf', 415],
  ])('a body of %s, which is no call', async (type, status) => {
    const response = await send(DEPOSIT, good, { 'Content-Type': type });
    const problem = await response.json();
    expect(problem).toMatchObject({ status, code: 'unsupported_media_type' });
    expect(await footprint(ID)).toEqual(untouched);
  });

  it('takes names of media types and of encodings in whatever case', async () => {
    const bytes = toBinary(GetAccountRequestSchema, create(GetAccountRequestSchema, { id: ID }));
    for (const [type, body] of [
      ['APPLICATION/JSON', `{"id":"${ID}"}`],
      ['Application/Proto', bytes],
      ['application/gRPC-web+PROTO', envelope(0, bytes.length, bytes)],
    ] as const) {
      const headers = { 'Content-Type': type, 'Content-Encoding': 'Identity' };
      const response = await send(`${CONNECT_PATH}/GetAccount`, body, headers);
      expect([type, response.status]).toEqual([type, 200]);
      expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toContain(ID);
    }
  });

  it('answers HEAD as it answers GET', async () => {
    const bytes = toBinary(GetAccountRequestSchema, create(GetAccountRequestSchema, { id: ID }));
    const message = Buffer.from(bytes).toString('base64url');
    const path = `${CONNECT_PATH}/GetAccount?connect=v1&encoding=proto&base64=1&message=${message}`;
    expect((await send(path, null, {}, 'GET')).status).toBe(200);
    expect((await send(path, null, {}, 'HEAD')).status).toBe(200);
  });
});
