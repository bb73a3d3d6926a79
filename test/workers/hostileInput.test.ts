/** Requests that no good client sends: each gets a clear problem that names the place, and changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, footprint, opened, opening, verdict } from '../support/api.ts';

const ID = 'hostile';
const DEPOSITS = `/v1/accounts/${ID}/deposits`;
const TRADES = `/v1/accounts/${ID}/trades`;
const LIMITS = `/v1/accounts/${ID}/limits`;
const TRANSFERS = '/v1/transfers';
const SERVICE_KEYS = '/v1/service-keys';
const transfer = { transferId: 'x', fromAccountId: ID, toAccountId: 'x', amount: '1', currency: 'USD' };
const serviceKey = { keyId: 'x', secretHash: '0'.repeat(64), roles: ['risk'], description: 'x' };
const trade = { tradeId: 't-1', symbol: 'IBM', quantity: '10', price: '189.12', side: 'BUY' };

let untouched: Awaited<ReturnType<typeof footprint>>;

beforeAll(async () => {
  await opened(ID);
  untouched = await footprint(ID);
});

afterAll(async () => {
  expect(await footprint(ID)).toEqual(untouched);
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<string> {
  return verdict(await call('POST', path, { body, headers }));
}

async function message(path: string, body: unknown): Promise<string> {
  const reply = await call('POST', path, { body });
  return (reply.body.errors as { message: string }[])[0]?.message ?? '';
}

describe('values in a body', () => {
  it.each<[string, unknown, string]>([
    ['no object', [], ''],
    ['no object at all', 'null', ''],
    ['nothing in it', {}, 'amount'],
    ['an unknown field', { amount: '1', ammount: '1' }, 'ammount'],
    ['several', { amount: '1', b: 1, 'c d': 2 }, 'b ["c d"]'],
    ['fields of Object', { amount: '1', constructor: 1, toString: 2 }, 'constructor toString'],
    ['a boolean', { amount: true }, 'amount'],
    ['null', { amount: null }, 'amount'],
    ['a list', { amount: ['1'] }, 'amount'],
    ['an object', { amount: { value: '1' } }, 'amount'],
    ['zero', { amount: '0' }, 'amount'],
    ['zero with decimals', { amount: '0.00' }, 'amount'],
    ['a negative amount', { amount: '-1' }, 'amount'],
    ['negative zero', { amount: '-0' }, 'amount'],
    ['an exponent', { amount: '1e3' }, 'amount'],
    ['NaN', { amount: 'NaN' }, 'amount'],
    ['infinity', { amount: 'Infinity' }, 'amount'],
    ['hexadecimal', { amount: '0x10' }, 'amount'],
    ['a plus sign', { amount: '+1' }, 'amount'],
    ['leading zeros', { amount: '007' }, 'amount'],
    ['a bare point', { amount: '.5' }, 'amount'],
    ['an open point', { amount: '5.' }, 'amount'],
    ['a comma', { amount: '1,000' }, 'amount'],
    ['space', { amount: ' 1' }, 'amount'],
    ['digits of another script', { amount: '١٢٣' }, 'amount'],
    ['nothing', { amount: '' }, 'amount'],
    ['16 digits before the point', { amount: '1000000000000000' }, 'amount'],
    ['9 decimals', { amount: '0.000000001' }, 'amount'],
    ['a long number', { amount: '9'.repeat(10_000) }, 'amount'],
    ['a small number', '{"amount":0.000000001}', 'amount'],
    ['a small number with an exponent', '{"amount":1e-9}', 'amount'],
    ['a large number with an exponent', '{"amount":1e21}', 'amount'],
    ['a number as text field', { amount: '1', reference: 5 }, 'reference'],
    ['an empty text', { amount: '1', reference: '' }, 'reference'],
    ['a long text', { amount: '1', reference: 'x'.repeat(257) }, 'reference'],
    ['a second line', { amount: '1', reference: 'rent\nmarch' }, 'reference'],
    ['a second line of Unicode', { amount: '1', reference: 'rent\u2028march' }, 'reference'],
    ['a second paragraph', { amount: '1', reference: 'rent\u2029march' }, 'reference'],
    ['two faults', { amount: '-1', reference: '' }, 'amount reference'],
  ])('%s', async (_name, body, paths) => {
    expect(await post(DEPOSITS, body)).toBe(`400 invalid_request ${paths}`);
  });

  it.each<[object, string]>([
    [{ tradeId: undefined }, 'tradeId'],
    [{ tradeId: 'a b' }, 'tradeId'],
    [{ tradeId: 7 }, 'tradeId'],
    [{ symbol: 'ibm' }, 'symbol'],
    [{ symbol: '../IBM' }, 'symbol'],
    [{ side: 'buy' }, 'side'],
    [{ side: 'HOLD' }, 'side'],
    [{ quantity: '0' }, 'quantity'],
    [{ fee: '-1' }, 'fee'],
    [{ executedAt: 'yesterday' }, 'executedAt'],
    [{ executedAt: '2024-02-30T00:00:00Z' }, 'executedAt'],
    [{ executedAt: '2024-01-01T00:00:00' }, 'executedAt'],
    [{ executedAt: '2024-01-01' }, 'executedAt'],
    [{ executedAt: 1_700_000_000_000 }, 'executedAt'],
    [{ executedAt: '9999-12-31T23:59:59-01:00' }, 'executedAt'],
    [{ executedAt: '0000-12-31T23:59:59.999Z' }, 'executedAt'],
    [{ executedAt: '0001-01-01T00:00:00+01:00' }, 'executedAt'],
    [{ side: 'x', symbol: '', price: 'x' }, 'symbol price side'],
  ])('a trade with %o', async (more, paths) => {
    expect(await post(TRADES, { ...trade, ...more })).toBe(`400 invalid_request ${paths}`);
  });

  it('are explained', async () => {
    expect(await message(DEPOSITS, {})).toBe('is required');
    expect(await message(DEPOSITS, { amount: '1e3' })).toBe(
      'must be a decimal number in plain notation, such as "189.12"',
    );
    expect(await message(DEPOSITS, { amount: '1', x: 1 })).toBe('is not a known field');
    expect(await message(`/v1/accounts/${ID}/freeze`, { reason: 'a\ud800' })).toMatch(/surrogate|Unicode/);
  });

  it.each([
    ['/v1/reports/large-positions', 'minValue: or minQuantity has to be given'],
    ['/v1/reports/large-holders', 'minValue: or minQuantity has to be given'],
    [`/v1/accounts/${ID}/portfolio/difference`, 'at: is required, or version'],
  ])('say of %s that either of two would do', async (path, detail) => {
    expect((await call('GET', path)).body).toMatchObject({ code: 'invalid_request', detail });
  });

  it.each<[string, string, unknown, string]>([
    ['a number as text', DEPOSITS, { amount: '1', reference: 5 }, 'must be a string'],
    // It is also too long for a text, of which nothing is said.
    ['a list as text', DEPOSITS, { amount: '1', reference: Array(300).fill(1) }, 'must be a string'],
    ['an empty text', DEPOSITS, { amount: '1', reference: '' }, 'must not be empty'],
    [
      'a long text',
      DEPOSITS,
      { amount: '1', reference: 'x'.repeat(257) },
      'must have at most 256 characters',
    ],
    ['a list as body', DEPOSITS, [], 'must be an object'],
    ['a value that is not listed', TRADES, { ...trade, side: 'HOLD' }, 'must be one of BUY, SELL'],
    ['a word for a flag', LIMITS, { allowShort: 'yes' }, 'must be true or false'],
    ['part of a second', TRANSFERS, { ...transfer, expiresInSeconds: 1.5 }, 'must be a whole number'],
    ['too few', TRANSFERS, { ...transfer, expiresInSeconds: 0 }, 'must be at least 1'],
    ['too many', TRANSFERS, { ...transfer, expiresInSeconds: 1e9 }, 'must be at most 2592000'],
    ['no role', SERVICE_KEYS, { ...serviceKey, roles: [] }, 'must not be empty'],
    [
      'roles beyond number',
      SERVICE_KEYS,
      { ...serviceKey, roles: Array(6).fill('risk') },
      'must have at most 5 items',
    ],
  ])('say what is wanted in place of %s', async (_name, path, body, expected) => {
    const { status, body: reply } = await call(path === LIMITS ? 'PUT' : 'POST', path, {
      body: body as object,
    });
    expect([status, reply.errors]).toEqual([400, [{ path: expect.any(String), message: expected }]]);
  });

  it('do not make a reply longer than the request could be worth', async () => {
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`field-${index}`, 1]));
    const reply = await call('POST', DEPOSITS, { body: many });
    expect(reply.body.errors).toHaveLength(20);
    const long = await call('POST', DEPOSITS, { body: { ['x'.repeat(60_000)]: 1, amount: '1' } });
    expect(JSON.stringify(long.body).length).toBeLessThan(1_000);
  });

  it.each(['{}', '{"maxOrderNotional":"0"}', '{"allowShort":null}', '{"allowShort":"yes"}'])(
    'limits %s',
    async (body) => {
      expect(verdict(await call('PUT', LIMITS, { body }))).toMatch(/^400 invalid_request/);
    },
  );

  it('an opening that fits nothing', async () => {
    const bad = opening('x', {
      accountType: 'individual',
      currency: 'usd',
      customerId: '',
      initialBalance: -1,
    });
    const reply = await post('/v1/accounts', bad);
    expect(reply).toBe('400 invalid_request customerId accountType currency initialBalance');
  });
});

describe('texts of a body', () => {
  it.each<[string, string, string]>([
    ['a key twice', '{"amount":"1","amount":"2"}', 'amount'],
    ['a key twice in two spellings', '{"amount":"1","\\u0061mount":"2"}', 'amount'],
    ['NaN', '{"amount":NaN}', 'amount'],
    ['Infinity', '{"amount":-Infinity}', 'amount'],
    ['an exponent beyond all amounts', '{"amount":1e400}', 'amount'],
    ['negative zero', '{"amount":-0}', 'amount'],
    ['negative zero with decimals', '{"amount":-0.0}', 'amount'],
    ['16 digits', '{"amount":1234567890123456}', 'amount'],
    ['a huge number', `{"amount":${'9'.repeat(400)}}`, 'amount'],
    ['__proto__', '{"amount":"1","__proto__":{"a":1}}', '__proto__'],
    ['a comma at the end', '{"amount":"1",}', ''],
    ['a comment', '{"amount":"1"} // ok', ''],
    ['single quotes', "{'amount':'1'}", ''],
    ['half an object', '{"amount":"1"', ''],
    ['two values', '{"amount":"1"}{}', ''],
    ['a byte order mark', '\ufeff{"amount":"1"}', ''],
    ['nothing', '', ''],
    ['space', ' \n', ''],
    [
      'deep nesting',
      '['.repeat(60_000),
      '[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]',
    ],
    ['a lone surrogate', '{"amount":"1","reference":"\\ud800"}', 'reference'],
  ])('%s', async (_name, body, paths) => {
    expect(await post(DEPOSITS, body)).toBe(`400 invalid_request ${paths}`);
  });

  it.each<[string, number[]]>([
    ['bytes that are no UTF-8', [0x7b, 0xff, 0x7d]],
    ['half a character', [...new TextEncoder().encode('{"amount":"1","reference":"'), 0xe2, 0x82]],
    ['an overlong quote', [0x7b, 0xc0, 0xa2, 0x7d]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
    ['gzip', [0x1f, 0x8b, 0x08, 0x00]],
  ])('%s', async (_name, bytes) => {
    expect(await post(DEPOSITS, Uint8Array.from(bytes))).toBe('400 invalid_request ');
  });
});

describe('the size and type of a body', () => {
  const spaced = (bytes: number) => '{"amount":"x"}'.padEnd(bytes, ' ');

  it('is bounded, with Content-Length and without', async () => {
    const limit = 64 * 1024;
    for (const [bytes, expected] of [
      [limit, '400 invalid_request amount'],
      [limit + 1, '413 request_too_large'],
    ] as const) {
      expect(await post(DEPOSITS, spaced(bytes))).toBe(expected);
      expect(await post(DEPOSITS, spaced(bytes), { 'Content-Length': String(bytes) })).toBe(expected);
      expect(await post(DEPOSITS, streamed(spaced(bytes)))).toBe(expected);
    }
  });

  it('is not what Content-Length claims', async () => {
    expect(await post(DEPOSITS, spaced(70_000), { 'Content-Length': '10' })).toBe('413 request_too_large');
    expect(await post(DEPOSITS, spaced(10), { 'Content-Length': '99999999999' })).toBe(
      '413 request_too_large',
    );
  });

  it('stops reading an endless body', async () => {
    let chunks = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks++;
        controller.enqueue(new Uint8Array(16 * 1024).fill(0x20));
      },
    });
    expect(await post(DEPOSITS, endless)).toBe('413 request_too_large');
    expect(chunks).toBeLessThan(20);
  });

  it('breaks off', async () => {
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"amount":'));
        controller.error(new Error('the connection broke'));
      },
    });
    expect(await post(DEPOSITS, broken)).toBe('400 invalid_request ');
  });

  it.each([
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/problem+json',
    'application/json, text/plain',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    '',
    ';;;',
  ])('has to be JSON in UTF-8, not "%s"', async (type) => {
    expect(await post(DEPOSITS, { amount: '1' }, { 'Content-Type': type })).toBe(
      '415 unsupported_media_type',
    );
  });

  it.each(['application/json;charset=UTF-8', 'APPLICATION/JSON ; charset="utf-8"; profile=x'])(
    'may be "%s"',
    async (type) => {
      expect(await post(DEPOSITS, { amount: 'x' }, { 'Content-Type': type })).toBe(
        '400 invalid_request amount',
      );
    },
  );

  it('is missing, or compressed', async () => {
    expect(verdict(await call('POST', DEPOSITS))).toBe('415 unsupported_media_type');
    const headers = { 'Content-Type': 'application/json' };
    expect(verdict(await call('POST', DEPOSITS, { headers }))).toBe('400 invalid_request ');
    expect(await post(DEPOSITS, { amount: '1' }, { 'Content-Encoding': 'gzip' })).toBe(
      '415 unsupported_media_type',
    );
  });
});

describe('batches', () => {
  const send = (body: unknown, headers: Record<string, string> = {}) => post('/v1/commands', body, headers);
  const ndjson = { 'Content-Type': 'application/x-ndjson' };

  it('need a body of their own shape', async () => {
    expect(await send({})).toBe('400 invalid_request commands');
    expect(await send([])).toBe('400 invalid_request ');
    expect(await send({ commands: [] })).toBe('400 invalid_request commands');
    expect(await send({ commands: {} })).toBe('400 invalid_request commands');
    expect(await send({ commands: [{}], dryRun: true })).toBe('400 invalid_request dryRun');
    expect(await send('', ndjson)).toBe('400 invalid_request ');
    expect(await send('\n\r\n \n', ndjson)).toBe('400 invalid_request ');
    expect(await send({ commands: [{}] }, { 'Content-Type': 'text/csv' })).toBe('415 unsupported_media_type');
  });

  it('run nothing where the JSON around the commands is malformed', async () => {
    const command = JSON.stringify({
      commandId: 'c',
      aggregateType: 'account',
      aggregateId: ID,
      type: 'DepositFunds',
      data: { amount: '1' },
    });
    const twice = command.replace('"amount"', '"amount":"1","amount"');
    expect(await send(`{"commands":[${command},${twice}]}`)).toBe(
      '400 invalid_request commands[1].data.amount',
    );
    expect(await send(`{"commands":[${command},`)).toBe('400 invalid_request commands[1]');
    expect((await footprint(ID)).version).toBe(untouched.version);
  });

  it('have at most 10,000 commands and 8 MiB', async () => {
    const lines = (count: number) => '{}\n'.repeat(count);
    expect(await send(lines(10_000), ndjson)).toBe('200');
    expect(await send(lines(10_001), ndjson)).toBe('413 request_too_large');
    expect(await send({ commands: Array.from({ length: 10_001 }, () => ({})) })).toBe(
      '413 request_too_large',
    );
    // Known before the text is parsed, so before it turns out that it is cut off.
    expect(await send(`{"commands":[${'{},'.repeat(10_001)}`)).toBe('413 request_too_large');
    const nested = `{"commandId":"c","data":[${'[],'.repeat(700_000)}[]]}`;
    expect(await send(`{"commands":[${nested}]}`)).toBe('413 request_too_large');
    expect(await send(nested, ndjson)).toBe('413 request_too_large');
    const sized = (bytes: number) => '{"commands":[{}]}'.padEnd(bytes, ' ');
    const limit = 8 * 1024 * 1024;
    expect(await send(sized(limit))).toBe('200');
    expect(await send(sized(limit + 1))).toBe('413 request_too_large');
    expect(await send(streamed(sized(limit + 1)))).toBe('413 request_too_large');
    expect(await send(sized(limit + 1), { 'Content-Length': String(limit + 1) })).toBe(
      '413 request_too_large',
    );
  });

  it('do not make a reply of many times their size', async () => {
    const bad = `{${Array.from({ length: 60 }, (_, index) => `"${index}":0`).join(',')}}\n`;
    const body = bad.repeat(10_000);
    const reply = await call('POST', '/v1/commands', { body, headers: ndjson });
    expect(JSON.stringify(reply.body).length).toBeLessThan(2 * body.length);
  });
});

function streamed(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream() as ReadableStream<Uint8Array>;
}
