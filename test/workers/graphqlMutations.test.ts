/** Mutations: the commands of REST with its ids, versions, rules and refusals, decided by the same aggregates. */
import { describe, expect, it } from 'vitest';
import { ROLES, type Role } from '../../schemas/role.ts';
import { ACCESS, type AccessRow } from '../../workers/access/table.ts';
import { call, footprint, opened, TEST_TOKEN, testEnv } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { type AskedWith, ask, codesOf, dataOf } from '../support/graphql.ts';

const TRADE = `mutation ($id: ID!, $trade: ExecuteTradeInput!, $key: String, $version: SafeInt) {
  executeTrade(id: $id, input: $trade, idempotencyKey: $key, expectedVersion: $version) {
    aggregateId version events { eventType version } tradeId cash position { symbol quantity } replayed } }`;

const trade = (tradeId: string, more: object = {}) => ({
  tradeId,
  symbol: 'IBM',
  side: 'BUY',
  quantity: '2',
  price: '100.5',
  ...more,
});

describe('a mutation', () => {
  it('does what the command does over REST, and a repeat of either is a repeat of both', async () => {
    const id = await opened('both-1');
    const variables = { id, trade: trade('t-1'), key: 'key-1' };
    const first = await dataOf(TRADE, { variables });
    expect(first.executeTrade).toEqual({
      aggregateId: id,
      version: 2,
      events: [{ eventType: 'TradeExecuted', version: 2 }],
      tradeId: 't-1',
      cash: '99799',
      position: { symbol: 'IBM', quantity: '2' },
      replayed: false,
    });
    const before = await footprint(id);
    expect((await dataOf(TRADE, { variables })).executeTrade).toEqual({
      ...first.executeTrade,
      replayed: true,
    });
    const headers = { 'Idempotency-Key': 'key-1' };
    const rest = await call('POST', `/v1/accounts/${id}/trades`, { body: trade('t-1'), headers });
    expect(rest.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await footprint(id)).toEqual(before);
    const other = { ...variables, trade: trade('t-1', { quantity: '3' }) };
    expect(await codesOf(TRADE, { variables: other })).toEqual(['command_id_reused']);
  });

  it('takes decimals as strings and as numbers, in variables and in the text', async () => {
    const id = await opened('decimals-1', { initialBalance: '0' });
    const deposit = (amount: string) =>
      `mutation { depositFunds(id: "${id}", input: { amount: ${amount} }) { version } }`;
    await dataOf(deposit('"0.1"'));
    await dataOf(deposit('0.2'));
    await dataOf(deposit('3'));
    const { data } = await ask(
      `mutation ($amount: Decimal!) { depositFunds(id: "${id}", input: { amount: $amount }) { version } }`,
      { variables: { amount: 0.7 } },
    );
    expect(data.depositFunds.version).toBe(5);
    expect(await dataOf(`{ account(id: "${id}") { cash { total } } }`)).toEqual({
      account: { cash: { total: '4' } },
    });
    for (const amount of ['1e3', '-1', '"NaN"', '0.123456789']) {
      expect(await codesOf(deposit(amount)), amount).toEqual(['invalid_request']);
    }
  });

  it('says where its input is not valid, as REST does', async () => {
    const id = await opened('faults-1');
    const { errors } = await ask(TRADE, {
      variables: { id, trade: trade('t 1', { quantity: '-2', symbol: 'ibm' }), key: 'a b' },
    });
    expect(errors[0]?.extensions).toMatchObject({ code: 'invalid_request', status: 400 });
    const more = await ask(TRADE, {
      variables: { id, trade: trade('t 1', { quantity: '-2', symbol: 'ibm' }) },
    });
    expect(more.errors[0]?.extensions.errors?.map(({ path }) => path)).toEqual([
      'input.tradeId',
      'input.symbol',
      'input.quantity',
    ]);
    const unlike = { ...trade('t-1'), side: 'HOLD', price: null, more: 1 };
    const ofTypes = await ask(TRADE, { variables: { id, trade: unlike } });
    expect(ofTypes.errors.map(({ extensions }) => extensions.errors?.map(({ path }) => path))).toEqual([
      ['trade.price'],
      ['trade.side'],
      ['trade'],
    ]);
    expect(await codesOf(TRADE, { variables: { id: 'no id', trade: trade('t-1') } })).toEqual([
      'invalid_request',
    ]);
    expect(await codesOf(`mutation { setLimits(id: "${id}", input: { speed: 1 }) { version } }`)).toContain(
      'invalid_request',
    );
    expect((await footprint(id)).version).toBe(1);
  });

  it('holds to the expected version, and says which there is', async () => {
    const id = await opened('versions-1');
    const variables = { id, trade: trade('t-1'), version: 7 };
    const { errors } = await ask(TRADE, { variables });
    expect(errors[0]?.extensions).toMatchObject({
      code: 'version_conflict',
      status: 412,
      currentVersion: 1,
    });
    await dataOf(TRADE, { variables: { ...variables, version: 1 } });
  });

  it('does not run with a header that would count for nothing', async () => {
    const id = await opened('headers-1');
    for (const [name, argument] of [
      ['Idempotency-Key', 'idempotencyKey'],
      ['If-Match', 'expectedVersion'],
      ['If-None-Match', 'expectedVersion'],
    ] as const) {
      const headers = { Authorization: `Bearer ${TEST_TOKEN}`, [name]: '"1"' };
      const { errors } = await ask(TRADE, { variables: { id, trade: trade('t-1') }, headers });
      expect(errors[0]?.extensions).toMatchObject({
        code: 'invalid_request',
        errors: [{ path: name, message: `is the argument ${argument} of a mutation` }],
      });
    }
    expect((await footprint(id)).version).toBe(1);
  });

  it('is refused by name, without a trace', async () => {
    const id = await opened('refused-1');
    const variables = { id, trade: trade('t-1', { quantity: '100000' }) };
    const { errors } = await ask(TRADE, { variables });
    expect(errors).toMatchObject([
      { path: ['executeTrade'], extensions: { code: 'insufficient_funds', status: 422 } },
    ]);
    expect((await footprint(id)).version).toBe(1);
  });

  it('tells null from nothing: a limit that is null is lifted, one that is not there stays', async () => {
    const id = await opened('limits-1');
    const limits = (input: string) => `mutation { setLimits(id: "${id}", input: ${input}) { version } }`;
    await dataOf(limits('{ maxOrderNotional: "10", maxPositionQuantity: "5" }'));
    await dataOf(limits('{ maxOrderNotional: null }'));
    const { account } = await dataOf(
      `{ account(id: "${id}") { limits { maxOrderNotional maxPositionQuantity } } }`,
    );
    expect(account.limits).toEqual({ maxOrderNotional: null, maxPositionQuantity: '5' });
  });

  it('runs after those before it, and one that is refused stops none', async () => {
    const id = await opened('serial-1', { initialBalance: '0' });
    const document = `mutation {
      a: depositFunds(id: "${id}", input: { amount: 1 }) { version }
      b: withdrawFunds(id: "${id}", input: { amount: 2 }) { version }
      c: depositFunds(id: "${id}", input: { amount: 4 }) { version }
    }`;
    const { data, errors } = await ask(document);
    expect(data).toEqual({ a: { version: 2 }, b: null, c: { version: 3 } });
    expect(errors).toMatchObject([{ path: ['b'], extensions: { code: 'insufficient_funds' } }]);
    expect((await footprint(id)).version).toBe(3);
  });

  it('starts the sagas that its command starts', async () => {
    const from = await opened('transfer-from');
    const to = await opened('transfer-to');
    const { transferFunds } = await dataOf(
      `mutation { transferFunds(input: { transferId: "x-1", fromAccountId: "${from}", toAccountId: "${to}", amount: "5", currency: "USD" }) { sagaId replayed } }`,
    );
    const { saga } = await dataOf(`{ saga(id: "${transferFunds.sagaId}") { sagaId definition status } }`);
    expect(saga).toMatchObject({ sagaId: transferFunds.sagaId });
  });

  it('needs no route of its own', async () => {
    await dataOf('mutation { receiveStock(id: "p-1", input: { quantity: 5 }) { version } }');
    const reserve =
      'mutation { reserveStock(id: "p-1", input: { reservationId: "r-1", quantity: "2" }) { version } }';
    const { data, errors } = await ask(reserve);
    expect(errors).toEqual([]);
    expect(data.reserveStock.version).toBe(2);
  });
});

describe('access', () => {
  const MINE = 'access-mine';
  const THEIRS = 'access-theirs';

  /** What the table says, read once more: this is not the code that decides. */
  function expected(row: AccessRow, role: Role, isConfined: boolean, isMine: boolean): boolean {
    const cell = row[role];
    if (cell === undefined || (row.of === 'platform' && isConfined)) return false;
    return (cell !== 'own' && !isConfined) || isMine;
  }

  const COMMANDS: Readonly<Record<string, string>> = {
    DepositFunds: 'depositFunds(id: $id, input: { amount: "1" })',
    WithdrawFunds: 'withdrawFunds(id: $id, input: { amount: "1" })',
    ExecuteTrade:
      'executeTrade(id: $id, input: { tradeId: "t", symbol: "IBM", side: BUY, quantity: 1, price: 1 })',
    SetLimits: 'setLimits(id: $id, input: { allowShort: false })',
    OpenAccount:
      'openAccount(input: { accountId: $id, customerId: "c", accountType: INDIVIDUAL, currency: "USD" })',
    TransferFunds:
      'transferFunds(input: { transferId: "t", fromAccountId: $id, toAccountId: "elsewhere", amount: "1", currency: "USD" })',
    PutProduct: 'putProduct(id: $id, input: { name: "n", unitPrice: "1", currency: "USD" })',
  };

  it.each(Object.entries(COMMANDS))('to %s is what the table says', async (type, call) => {
    for (const account of [MINE, THEIRS]) {
      if ((await footprint(account)).version === 0) await opened(account);
    }
    for (const role of ROLES) {
      for (const isConfined of [true, false]) {
        if (role === 'trader' && !isConfined) continue;
        const headers = await as(role, isConfined ? [MINE] : undefined);
        for (const id of [MINE, THEIRS]) {
          const asked: AskedWith = { headers, variables: { id } };
          const codes = await codesOf(`mutation ($id: ID!) { ${call} { version } }`, asked);
          const may = expected(ACCESS[type] as AccessRow, role, isConfined, id === MINE);
          expect(!codes.includes('forbidden'), `${role} ${isConfined} ${id}: ${codes}`).toBe(may);
        }
      }
    }
  });

  it('is on record where it is denied', async () => {
    const day = new Date().toISOString().slice(0, 10);
    const log = () => testEnv.ACCESS_LOGS.getByName(day).events(1, 1_000);
    const headers = await as('auditor');
    await codesOf('mutation { freezeAccount(id: "some-account", input: { reason: "r" }) { version } }', {
      headers,
    });
    const recorded = JSON.parse(await log()) as { data: Record<string, unknown> }[];
    expect(recorded.map(({ data }) => data)).toContainEqual(
      expect.objectContaining({ operation: 'FreezeAccount', aggregateId: 'some-account' }),
    );
  });
});
