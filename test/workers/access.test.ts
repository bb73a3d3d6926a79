/** Every route with every role, on an own account and on another's: the answers are what the table says. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ACCESS, type AccessRow } from '../../workers/access/table.ts';
import { rowName } from '../../workers/http/access.ts';
import { EXAMPLES } from '../../workers/http/openapi/examples.ts';
import { isPublic, type Operation } from '../../workers/http/operation.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';
import { CALLERS, expected } from '../support/accessMatrix.ts';
import { ANONYMOUS, call, eventually, opened, type Reply, verdict } from '../support/api.ts';
import { as, withClaims } from '../support/callers.ts';

const MINE = 'mine-1';
const THEIRS = 'theirs-1';

const guarded = ROUTES.filter((route) => !isPublic(route));

beforeAll(async () => {
  await opened(MINE);
  await opened(THEIRS);
});

/** A well-formed request to the operation about an account. */
function send(operation: Operation, account: string, headers: Record<string, string>): Promise<Reply> {
  const path = operation.path
    .replace('{aggregateType}', 'account')
    .replace('{view}', 'trades')
    .replace(/\{\w+\}/g, account);
  const body = EXAMPLES[operation.operationId]?.request?.['application/json'];
  const about = body && (JSON.parse(JSON.stringify(body).replaceAll('"acc-1"', `"${account}"`)) as unknown);
  return call(operation.method.toUpperCase(), path, { body: about, headers });
}

describe.each(guarded.map((route): [string, Operation] => [route.operationId, route]))(
  '%s',
  (_, operation) => {
    const row = ACCESS[rowName(operation)] as AccessRow;

    it('asks everybody for a token', async () => {
      expect(verdict(await send(operation, MINE, ANONYMOUS))).toBe('401 unauthenticated');
    });

    it('refuses who has no role', async () => {
      expect(verdict(await send(operation, MINE, await withClaims({ accounts: [MINE] })))).toBe(
        '403 forbidden',
      );
    });

    it.each(CALLERS)(
      'answers $role (confined: $isConfined) as the table says',
      async ({ role, isConfined }) => {
        const headers = await as(role, isConfined ? [MINE] : undefined);
        for (const account of [MINE, THEIRS]) {
          const reply = await send(operation, account, headers);
          const isForbidden = verdict(reply) === '403 forbidden';
          const wanted = expected(row, role, isConfined, account === MINE);
          expect(isForbidden ? 'forbidden' : 'passes', `${account}: ${verdict(reply)}`).toBe(wanted);
          expect(reply.status).not.toBe(401);
        }
      },
    );
  },
);

describe('commands in a batch', () => {
  const command = (aggregateId: string, type: string, data: object) => ({
    commandId: crypto.randomUUID(),
    aggregateType: 'account',
    aggregateId,
    type,
    data,
  });

  it('are each held against the row of its type and the owner of its account', async () => {
    const headers = await as('trader', [MINE]);
    const before = (await call('GET', `/v1/accounts/${THEIRS}`)).body;
    const commands = [
      command(MINE, 'WithdrawFunds', { amount: '1' }),
      command(THEIRS, 'WithdrawFunds', { amount: '1' }),
      command(MINE, 'DepositFunds', { amount: '1' }),
      command(MINE, 'SetLimits', { allowShort: true }),
      command('nobody', 'WithdrawFunds', { amount: '1' }),
      command(MINE, 'WithdrawFunds', { amount: '2' }),
    ];
    const { body } = await call('POST', '/v1/commands', { body: { commands }, headers });
    const results = body.results as { status: string; code?: string }[];
    // An account that is frozen by a test before this one refuses by its own name.
    const isDecided = ({ code }: { code?: string }) => code !== 'forbidden';
    expect(results.map(isDecided)).toEqual([true, false, false, false, false, true]);
    expect((await call('GET', `/v1/accounts/${THEIRS}`)).body).toEqual(before);
  });
});

describe('the feed', () => {
  it('gives a trader the events of its own accounts and nothing of others', async () => {
    const headers = await as('trader', [MINE]);
    await eventually(async () => {
      const { body } = await call('GET', '/v1/events?limit=1000');
      const all = body.events as { aggregateType: string; aggregateId: string }[];
      expect(new Set(all.map(({ aggregateId }) => aggregateId))).toContain(THEIRS);
      const { body: page } = await call('GET', '/v1/events?limit=1000', { headers });
      const own = page.events as { aggregateType: string; aggregateId: string }[];
      expect(own.length).toBeGreaterThan(0);
      // What is no account's is nobody's own, whatever its id.
      const isMine = (event: (typeof all)[number]) =>
        event.aggregateType === 'account' && event.aggregateId === MINE;
      expect(own).toEqual(all.filter(isMine));
    });
    const { body: nothing } = await call('GET', `/v1/events?aggregateId=${THEIRS}`, { headers });
    expect(nothing.events).toEqual([]);
    const { body: none } = await call('GET', '/v1/events', { headers: await as('trader', []) });
    expect(none.events).toEqual([]);
  });
});

describe('who did it', () => {
  it('stands in every event, and cannot pass for somebody else', async () => {
    const headers = await withClaims({ sub: 'local-administrator', roles: ['operations'] });
    await call('POST', '/v1/accounts', {
      body: {
        accountId: 'who-2',
        customerId: 'c',
        accountType: 'INDIVIDUAL',
        currency: 'USD',
      },
      headers,
    });
    const { body } = await call('GET', '/v1/accounts/who-2/events');
    expect(body.events).toMatchObject([{ metadata: { userId: 'user:local-administrator' } }]);
  });
});
