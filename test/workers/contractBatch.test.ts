/** The public contract, statement by statement: section "Batch". */
import { describe, expect, it } from 'vitest';
import { call, footprint, opened, opening } from '../support/api.ts';

interface Command {
  commandId: string;
  aggregateType: string;
  aggregateId: string;
  type: string;
  data: unknown;
  expectedVersion?: number;
}

let sequence = 0;

function command(aggregateId: string, type: string, data: unknown, more: Partial<Command> = {}): Command {
  return { commandId: `c-${++sequence}`, aggregateType: 'account', aggregateId, type, data, ...more };
}

function trade(id: string, tradeId: string, more: object = {}, commandId = tradeId): Command {
  const data = { tradeId, symbol: 'IBM', quantity: '1', price: '10', side: 'BUY', ...more };
  return command(id, 'ExecuteTrade', data, { commandId });
}

function openingData(more: object = {}) {
  const { accountId: _, ...data } = opening('', more);
  return data;
}

async function run(commands: readonly unknown[]) {
  const { status, body } = await call('POST', '/v1/commands', { body: { commands } });
  expect(status).toBe(200);
  return body;
}

async function runLines(lines: string) {
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const { status, body } = await call('POST', '/v1/commands', { body: lines, headers });
  expect(status).toBe(200);
  return body;
}

describe('a batch', () => {
  it('runs every type of command, in the order given within an aggregate', async () => {
    const id = 'bat-1';
    const body = await run([
      command(id, 'OpenAccount', openingData()),
      command(id, 'DepositFunds', { amount: '5', reference: 'r' }),
      trade(id, 't-1'),
      command(id, 'SetLimits', { allowShort: true }),
      command(id, 'FreezeAccount', { reason: 'r' }),
      trade(id, 't-2'),
      command(id, 'UnfreezeAccount', { reason: 'r' }),
      trade(id, 't-3', { side: 'SELL' }),
      command(id, 'WithdrawFunds', { amount: 100_005 }),
      command(id, 'CloseAccount', { reason: 'r' }),
    ]);
    expect(body).toMatchObject({ accepted: 9, refused: 1, replayed: 0 });
    expect(body.results).toMatchObject([
      ...[1, 2, 3, 4, 5].map((version) => ({ status: 'accepted', version })),
      { commandId: 't-2', status: 'refused', code: 'account_frozen' },
      ...[6, 7, 8, 9].map((version) => ({ status: 'accepted', version })),
    ]);
  });

  it('answers in the order given, across aggregates, with mixed outcomes', async () => {
    await opened('bat-2');
    await run([trade('bat-2', 't-0')]);
    const body = await run([
      trade('bat-2', 't-1'),
      trade('bat-nobody', 't-1'),
      trade('bat-2', 't-0'),
      command('bat-3', 'OpenAccount', openingData({ initialBalance: '5' }), { commandId: 'open' }),
      trade('bat-3', 't-1'),
      trade('bat-2', 't-1', {}, 'another-key'),
      trade('bat-2', 't-1', { quantity: '2' }, 'yet-another'),
      command('bat-2', 'DepositFunds', { amount: '1' }, { expectedVersion: 9 }),
      command('bat-2', 'DepositFunds', { amount: '1' }, { expectedVersion: 3, commandId: 'last' }),
    ]);
    expect(body).toMatchObject({ accepted: 3, refused: 4, replayed: 2 });
    expect(body.results).toMatchObject([
      { commandId: 't-1', status: 'accepted', version: 3 },
      { commandId: 't-1', status: 'refused', code: 'account_not_found' },
      { commandId: 't-0', status: 'replayed', version: 2 },
      { commandId: 'open', status: 'accepted', version: 1 },
      { commandId: 't-1', status: 'refused', code: 'insufficient_funds' },
      { commandId: 'another-key', status: 'replayed', version: 3 },
      { commandId: 'yet-another', status: 'refused', code: 'command_id_reused' },
      { status: 'refused', code: 'version_conflict' },
      { commandId: 'last', status: 'accepted', version: 4 },
    ]);
  });

  it('is the same as NDJSON, whatever ends its lines', async () => {
    await opened('bat-4');
    const lines = [trade('bat-4', 't-1'), trade('bat-4', 't-2'), trade('bat-4', 't-3')].map((one) =>
      JSON.stringify(one),
    );
    expect(await runLines(lines.join('\n'))).toMatchObject({ accepted: 3 });
    expect(await runLines(`${lines.join('\r\n')}\r\n`)).toMatchObject({ replayed: 3, accepted: 0 });
    expect(await runLines(`${lines[0]}\n`)).toMatchObject({ replayed: 1 });
  });

  it('refuses bad commands in their places and runs the others', async () => {
    await opened('bat-5');
    const good = (tradeId: string) => trade('bat-5', tradeId);
    const body = await run([
      good('t-1'),
      null,
      [],
      'text',
      {},
      trade('bat-5', 't-x', { price: '-1' }),
      { ...good('t-y'), extra: 1 },
      { ...good('t-y'), type: 'constructor' },
      { ...good('t-y'), type: undefined },
      { ...good('t-y'), aggregateType: 'order' },
      { ...good('t-y'), aggregateId: 'a b' },
      { ...good('t-y'), commandId: 'a b' },
      { ...good('t-y'), expectedVersion: '1' },
      { ...good('t-y'), data: { ...(good('t-y').data as object), price: undefined } },
      good('t-2'),
    ]);
    expect(body).toMatchObject({ accepted: 2, refused: 13, replayed: 0 });
    const results = body.results as unknown as {
      commandId: string | null;
      code?: string;
      errors?: { path: string }[];
    }[];
    const first = results
      .slice(1, -1)
      .map(({ code, commandId, errors }) => `${code} ${commandId} ${errors?.[0]?.path}`);
    expect(first).toEqual([
      'invalid_request null ',
      'invalid_request null ',
      'invalid_request null ',
      'invalid_request null commandId',
      'invalid_request t-x data.price',
      'invalid_request t-y extra',
      'invalid_request t-y type',
      'invalid_request t-y type',
      'invalid_request t-y aggregateType',
      'invalid_request t-y aggregateId',
      'invalid_request null commandId',
      'invalid_request t-y expectedVersion',
      'invalid_request t-y data.price',
    ]);
    expect((await footprint('bat-5')).version).toBe(3);
  });

  it('refuses bad lines in their places and runs the others', async () => {
    await opened('bat-6');
    const good = (tradeId: string) => JSON.stringify(trade('bat-6', tradeId));
    const lines = [
      good('t-1'),
      '{"commandId":',
      '',
      good('t-x').replace('"10"', '1e100'),
      good('t-x').replace('"price"', '"symbol"'),
      good('t-2'),
      '\ufeff{}',
    ];
    const body = await runLines(lines.join('\n'));
    expect(body).toMatchObject({ accepted: 2, refused: 5 });
    const errors = (body.results as unknown as { errors?: unknown[] }[]).map((result) => result.errors?.[0]);
    expect(errors).toMatchObject([
      undefined,
      { path: 'commandId', message: expect.stringMatching(/malformed JSON/) },
      { path: '', message: 'must not be empty' },
      { path: 'data.price', message: 'an exponent must not have more than 2 digits' },
      { path: 'data.symbol', message: 'this key is given more than once' },
      undefined,
      { path: '', message: 'must not begin with a byte order mark' },
    ]);
  });

  it('reads a line of NDJSON that is not UTF-8 as one bad line', async () => {
    await opened('bat-7');
    const line = (tradeId: string) =>
      new TextEncoder().encode(`${JSON.stringify(trade('bat-7', tradeId))}\n`);
    const bytes = Uint8Array.from([...line('t-1'), 0x22, 0xff, 0x22, 0x0a, ...line('t-2')]);
    const headers = { 'Content-Type': 'application/x-ndjson; charset=utf-8' };
    const { body } = await call('POST', '/v1/commands', { body: bytes, headers });
    expect(body).toMatchObject({
      accepted: 2,
      refused: 1,
      results: [{}, { errors: [{ message: 'not valid UTF-8' }] }, {}],
    });
  });

  it('takes the data of OpenAccount with its accountId or without, if that is the aggregate', async () => {
    const opening1 = command('bat-8', 'OpenAccount', opening('bat-8'), { commandId: 'open' });
    const mismatch = command('bat-8', 'OpenAccount', opening('bat-9'), { commandId: 'other' });
    const body = await run([mismatch, opening1, { ...opening1, data: openingData() }]);
    expect(body.results).toMatchObject([
      { commandId: 'other', code: 'invalid_request', errors: [{ path: 'data.accountId' }] },
      { commandId: 'open', status: 'accepted', version: 1 },
      { commandId: 'open', status: 'replayed', version: 1 },
    ]);
    // The same command as a single request is the same command.
    const single = await call('POST', '/v1/accounts', {
      body: opening('bat-8'),
      headers: { 'Idempotency-Key': 'open' },
    });
    expect([single.status, single.headers.get('Idempotency-Replayed')]).toEqual([201, 'true']);
  });

  it('stores its correlation id and each command id', async () => {
    const commands = [
      command('bat-10', 'OpenAccount', openingData(), { commandId: 'o' }),
      trade('bat-10', 't-1'),
    ];
    await call('POST', '/v1/commands', { body: { commands }, headers: { 'X-Correlation-Id': 'cor-7' } });
    const { body } = await call('GET', '/v1/accounts/bat-10/events');
    expect(body.events).toMatchObject([
      { metadata: { commandId: 'o', correlationId: 'cor-7' } },
      { metadata: { commandId: 't-1', correlationId: 'cor-7' } },
    ]);
  });

  it('takes 10,000 commands over a hundred accounts', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `bulk-${index}`);
    await run(ids.map((id) => command(id, 'OpenAccount', openingData())));
    const body = await run(
      Array.from({ length: 10_000 }, (_, index) => trade(ids[index % 100] as string, `t-${index}`)),
    );
    expect(body).toMatchObject({ accepted: 10_000, refused: 0, replayed: 0 });
    const results = body.results as unknown as { commandId: string; version: number }[];
    expect(
      results.every(
        ({ commandId, version }, index) =>
          commandId === `t-${index}` && version === 2 + Math.floor(index / 100),
      ),
    ).toBe(true);
  });
});
