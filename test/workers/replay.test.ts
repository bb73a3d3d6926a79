/**
 * History is read again and again, in every way that there is, and nothing happens by it: with a sink attached to everything
 * through which an aggregate can act on the world, which hears of the first new command and of nothing before it.
 */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SandboxActor } from '../../actors/index.ts';
import { EventSourcedActor } from '../../actors/kernel/eventSourcedActor.ts';
import type { ReplayedEvent } from '../../local/replay/checkedEvents.ts';
import { type FeedPage, replay } from '../../local/replay/replay.ts';
import type { Selection } from '../../local/replay/selection.ts';
import { type AggregateKey, keyOf } from '../../queues/kernel/positions.ts';
import { CONSUMER_GROUPS } from '../../schemas/consumerGroups.ts';
import { partOf, SANDBOX_PARTS, sandboxName } from '../../schemas/partition.ts';
import { actorStub } from '../../workers/aggregates.ts';
import { call, opened, testEnv } from '../support/api.ts';
import { confirmed } from '../support/shop.ts';

const WAIT = { timeout: 20_000, interval: 50 };

interface Log extends AggregateKey {
  readonly head: number;
}

/** What has left an aggregate: announcements, commands to others, calls of a bank, requests. */
const heard: string[] = [];

/** Attaches the sink; what it hears is passed on. */
function attach(): void {
  const listen = <Target extends object>(target: Target, method: keyof Target & string) => {
    const original = target[method] as (...given: unknown[]) => unknown;
    vi.spyOn(target as Record<string, (...given: unknown[]) => unknown>, method).mockImplementation(function (
      this: unknown,
      ...given
    ) {
      heard.push(`${method} ${JSON.stringify(given).slice(0, 200)}`);
      return original.apply(this, given);
    });
  };
  for (const { binding } of Object.values(CONSUMER_GROUPS)) {
    const queue = Object.getPrototypeOf(testEnv[binding]) as Queue;
    if (!vi.isMockFunction(queue.sendBatch)) listen(queue, 'sendBatch');
  }
  listen(EventSourcedActor.prototype, 'execute');
  listen(EventSourcedActor.prototype, 'executeBrief');
  listen(SandboxActor.prototype, 'perform');
  listen(globalThis, 'fetch');
}

async function logs(): Promise<Log[]> {
  const found: Log[] = [];
  for (let query: string | null = ''; query !== null; ) {
    const { body } = await call('GET', `/v1/archive/completeness${query}`);
    for (const { aggregateType, aggregateId, head } of body.logs as unknown as Log[]) {
      found.push({ aggregateType, aggregateId, head });
    }
    query = body.next === null ? null : `?after=${body.next}`;
  }
  return found;
}

/** Everything that is still on its way arrives: sagas, announcements to patient groups, webhooks. */
async function settle(): Promise<void> {
  await vi.waitFor(async () => {
    const before = await logs();
    for (const log of before) {
      await runDurableObjectAlarm(actorStub(testEnv, log as never) as unknown as DurableObjectStub);
      const bank = sandboxName(partOf(log.aggregateId, SANDBOX_PARTS));
      if (log.aggregateType === 'payment') await runDurableObjectAlarm(testEnv.SANDBOX.getByName(bank));
    }
    expect(await logs()).toEqual(before);
    for (const log of before) {
      const lacking = (await actorStub(testEnv, log as never).told()).filter(
        ({ lacksSince }) => lacksSince !== null,
      );
      expect(lacking, keyOf(log)).toEqual([]);
    }
  }, WAIT);
}

async function replayed(selection: Selection): Promise<ReplayedEvent[]> {
  const events: ReplayedEvent[] = [];
  await replay(
    {
      sink: { cursor: undefined, take: async (page) => void events.push(...page) },
      read: async (path) => (await call('GET', path)).body as unknown as FeedPage,
      now: () => 0,
      sleep: async () => undefined,
    },
    selection,
  );
  return events;
}

const byId = (a: ReplayedEvent, b: ReplayedEvent) => (a.eventId < b.eventId ? -1 : 1);

let before: Log[];
let all: ReplayedEvent[];

beforeAll(async () => {
  await opened('rp-1');
  await opened('rp-2');
  await call('POST', '/v1/accounts/rp-1/deposits', { body: { amount: '100' } });
  await call('POST', '/v1/transfers', {
    body: { transferId: 'rp-t', fromAccountId: 'rp-1', toAccountId: 'rp-2', amount: '10', currency: 'USD' },
  });
  await confirmed('rp-order');
  await settle();
  // Whoever wakes announces once more what it has announced since its cursor was stored: not while somebody listens.
  for (const log of await logs()) {
    await evictDurableObject(actorStub(testEnv, log as never) as unknown as DurableObjectStub);
  }
  await settle();
  before = await logs();
  attach();
  await vi.waitFor(async () => {
    all = await replayed({});
    expect(all.length).toBe(before.reduce((events, { head }) => events + head, 0));
  }, WAIT);
}, 2 * WAIT.timeout);

afterAll(() => vi.restoreAllMocks());

describe('history', () => {
  it('is replayed whole, by aggregate, by type and from a time: each is what the whole has of it', async () => {
    expect(new Set(all.map(({ aggregateType }) => aggregateType))).toEqual(
      new Set(before.map(({ aggregateType }) => aggregateType)),
    );
    const recordedAt = (event: ReplayedEvent) => (event as unknown as { recordedAt: string }).recordedAt;
    const from = recordedAt(all[Math.floor(all.length / 2)] as ReplayedEvent);
    const parts: [Selection, (event: ReplayedEvent) => boolean][] = [
      [{ aggregateType: 'order', aggregateId: 'rp-order' }, ({ aggregateType }) => aggregateType === 'order'],
      [{ aggregateType: 'saga' }, ({ aggregateType }) => aggregateType === 'saga'],
      [{ type: 'AccountOpened' }, ({ eventType }) => eventType === 'AccountOpened'],
      [{ from }, (event) => recordedAt(event) >= from],
      [{ to: from }, (event) => recordedAt(event) < from],
    ];
    for (const [selection, isSelected] of parts) {
      const wanted = all.filter(isSelected);
      expect(wanted.length).toBeGreaterThan(0);
      expect(wanted.length).toBeLessThan(all.length);
      // Between aggregates there is no order.
      expect((await replayed(selection)).sort(byId)).toEqual(wanted.sort(byId));
    }
  });

  it('is rebuilt into fresh views, gone back from, folded to any version, audited, and read as messages', async () => {
    const toTheEnd = async (path: string, sent: object = {}) => {
      for (;;) {
        const { status, body } = await call('POST', path, { body: sent });
        if (status !== 202) return body;
      }
    };
    expect(await toTheEnd('/v1/views/rebuild', { views: ['accounts', 'orders', 'sagas'] })).toMatchObject({
      status: 'SWITCHED',
    });
    expect(await toTheEnd('/v1/views/orders/rollback')).toMatchObject({ status: 'SWITCHED' });
    for (const { aggregateType, aggregateId, head } of before) {
      expect((await call('GET', `/v1/audit/${aggregateType}/${aggregateId}`)).body.ok).toBe(true);
      const actor = actorStub(testEnv, { aggregateType, aggregateId } as never);
      for (let version = 1; version <= head; version++) await actor.read({ version });
    }
  });

  it('and nothing left an aggregate by it, nor did any log grow', async () => {
    expect(heard).toEqual([]);
    expect(await logs()).toEqual(before);
  });

  it('while the first new command is heard of by all', async () => {
    await confirmed('rp-again');
    await settle();
    for (const method of ['execute', 'perform', 'sendBatch']) {
      expect(heard.filter((line) => line.startsWith(`${method} `)).length, method).toBeGreaterThan(0);
    }
  });
});
