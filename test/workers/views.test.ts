import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { VIEWS } from '../../schemas/tables/views.ts';
import { call, testEnv } from '../support/api.ts';
import { upTo } from '../support/projection.ts';

/** The views that accounts are in. */
const ACCOUNT_VIEWS: readonly string[] = ['accounts', 'positions', 'trades', 'journal'];

const ids = upTo(10).map((number) => `acc-${number}`);

/** Sends trades of every account as one batch, and waits until the views have them. */
async function tradeEverywhere(round: number): Promise<void> {
  const commands = ids.flatMap((aggregateId) =>
    upTo(5).map((number) => ({
      commandId: `t-${round}-${number}`,
      aggregateType: 'account',
      aggregateId,
      type: 'ExecuteTrade',
      data: { tradeId: `t-${round}-${number}`, symbol: 'IBM', quantity: '1', price: '2', side: 'BUY' },
    })),
  );
  const { body } = await call('POST', '/v1/commands', { body: { commands } });
  expect(body.accepted).toBe(commands.length);
  await level();
}

/** Waits until no view lacks an event. */
async function level(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { body } = await call('GET', '/v1/views?heads=true');
      const behind = (body.views as { eventsBehind: number }[]).map(({ eventsBehind }) => eventsBehind);
      expect(behind).toEqual(VIEWS.map(() => 0));
    },
    { timeout: 20_000, interval: 50 },
  );
}

beforeAll(async () => {
  for (const accountId of ids) {
    const opening = { accountId, customerId: 'c', accountType: 'INDIVIDUAL', currency: 'USD' };
    await call('POST', '/v1/accounts', { body: { ...opening, initialBalance: '100000' } });
  }
  await tradeEverywhere(0);
});

/** Sends a request until it says that it is done. */
async function toTheEnd(path: string, body?: unknown) {
  for (;;) {
    const reply = await call('POST', path, body === undefined ? {} : { body });
    if (reply.status !== 202) return reply.body;
  }
}

const portfolios = () =>
  Promise.all(ids.map(async (id) => (await call('GET', `/v1/accounts/${id}/portfolio`)).body));

describe('views over HTTP', () => {
  it('say how they stand', async () => {
    const { body } = await call('GET', '/v1/views');
    expect(body.rebuild).toBe(null);
    expect(body.views).toMatchObject(
      VIEWS.map((view) => ({
        view,
        // All of them are accounts.
        aggregates: ACCOUNT_VIEWS.includes(view) ? 10 : 0,
        parked: 0,
        eventsBehind: null,
        databases: [
          { live: 'blue', building: false, kept: false },
          { live: 'blue', building: false, kept: false },
        ],
      })),
    );
  });

  it('are rebuilt in every database by one call, a reader of the feed notices nothing', async () => {
    const before = await portfolios();
    const page = await call('GET', '/v1/events?limit=30');
    const rebuilt = await toTheEnd('/v1/views/rebuild');
    expect(rebuilt).toMatchObject({
      status: 'SWITCHED',
      views: VIEWS,
      aggregatesTotal: 10,
      aggregatesDone: 10,
      aggregatesVerified: 10,
      eventsApplied: 60,
      differencesFound: 0,
    });
    const { body } = await call('GET', '/v1/views');
    expect(body.rebuild).toEqual(rebuilt);
    expect(body.views).toMatchObject(
      VIEWS.map(() => ({ databases: Array(2).fill({ live: 'green', building: false, kept: true }) })),
    );
    expect(await portfolios()).toEqual(before);
    const rest = await call('GET', `/v1/events?limit=1000&after=${page.body.next}`);
    const seen = [page, rest].flatMap((reply) => reply.body.events as { eventId: string }[]);
    expect(new Set(seen.map(({ eventId }) => eventId)).size).toBe(60);
    expect(seen.length).toBe(60);
    await tradeEverywhere(1);
    const later = await call('GET', `/v1/events?limit=1000&after=${rest.body.next}`);
    expect((later.body.events as unknown[]).length).toBe(50);
  });

  it('are rebuilt one by one where that is asked for, and gone back to', async () => {
    const rebuilt = await toTheEnd('/v1/views/rebuild', { views: ['trades'] });
    expect(rebuilt).toMatchObject({ status: 'SWITCHED', views: ['trades'], kind: 'rebuild' });
    const rolledBack = await toTheEnd('/v1/views/trades/rollback');
    expect(rolledBack).toMatchObject({
      status: 'SWITCHED',
      views: ['trades'],
      kind: 'revert',
      eventsApplied: 0,
    });
    await tradeEverywhere(2);
    const { body } = await call('GET', '/v1/accounts/acc-1/trades');
    expect((body.trades as unknown[]).length).toBe(15);
  });

  it('refuse nonsense', async () => {
    const refusals = await Promise.all([
      call('POST', '/v1/views/rebuild', { body: { views: [] } }),
      call('POST', '/v1/views/rebuild', { body: { views: ['trades', 'trades'] } }),
      call('POST', '/v1/views/rebuild', { body: { views: ['nonsense'] } }),
      call('POST', '/v1/views/nonsense/rollback'),
      call('GET', '/v1/views?heads=yes'),
      call('GET', '/v1/parked?limit=0'),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual(Array(6).fill(400));
  });

  it('give up a rebuild on request', async () => {
    const { body } = await call('POST', '/v1/views/rebuild/cancel');
    expect(body).toMatchObject({ status: 'SWITCHED' });
  });
});

describe('an account with an event that this release does not know, as after a release was taken back', () => {
  const id = ids[0] as string;

  beforeAll(async () => {
    const stub = testEnv.ACCOUNTS.getByName(id);
    const { version, hash } = await stub.standing();
    const event = {
      aggregateType: 'account',
      aggregateId: id,
      version: version + 1,
      eventType: 'HoldingSplit',
      schemaVersion: 1,
      recordedAt: Date.now(),
      data: '{}',
      metadata: canonicalJson({ causationId: null, commandId: 'new', correlationId: 'c', userId: 'u' }),
    };
    await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec(
        "INSERT INTO events VALUES (?, ?, 1, ?, 'new', 0, ?, ?, ?)",
        event.version,
        event.eventType,
        event.recordedAt,
        event.data,
        event.metadata,
        eventHash(hash as string, event),
      ),
    );
    await evictDurableObject(stub);
  });

  it('ends a rebuild, which says why and stands in the way of none', async () => {
    const reason = `journal of account/${id} contradicts its owner: this release cannot say what it is (account cannot fold HoldingSplit)`;
    const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    expect(await toTheEnd('/v1/views/rebuild')).toMatchObject({ status: 'FAILED', reason });
    const lines = print.mock.calls.map(([line]) => JSON.parse(line as string) as Record<string, unknown>);
    print.mockRestore();
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'rebuild of views',
        status: 'FAILED',
        reason,
        views: VIEWS.join(' '),
      }),
    );
    expect(await toTheEnd('/v1/views/rebuild', { views: ['sagas'] })).toMatchObject({ status: 'SWITCHED' });
  });
});
