/** Logs that were lost and are put back, over the API: what is held meanwhile, and what goes on afterwards. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import { keyOf } from '../../queues/kernel/positions.ts';
import type { AggregateType } from '../../schemas/aggregates.ts';
import { type PublishedEvent, parseEventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import { actorStub } from '../../workers/aggregates.ts';
import { type Env, viewDatabases } from '../../workers/env.ts';
import { sagasAt } from '../../workers/sagas.ts';
import { call, opened, testEnv, verdict } from '../support/api.ts';

const WAIT = { timeout: 20_000, interval: 50 };
const OPEN = { ...testEnv, RESTORE: 'open' };
const NO_EVENT = '0'.repeat(64);

interface Copy {
  readonly aggregateType: AggregateType;
  readonly aggregateId: string;
  readonly events: readonly PublishedEvent[];
}

/** A log as the archive has it. */
async function copyOf(aggregateType: AggregateType, aggregateId: string): Promise<Copy> {
  // What the archivist asks for.
  const actor = actorStub(testEnv, { aggregateType, aggregateId }) as unknown as {
    messages(fromVersion: number, limit: number, isWhole: boolean): Promise<string[]>;
  };
  const texts = await actor.messages(1, -1, true);
  return { aggregateType, aggregateId, events: texts.flatMap((text) => parseEventsMessage(text).events) };
}

/** The object loses all that it ever stored. */
async function lose({ aggregateType, aggregateId }: Copy): Promise<void> {
  const stub = actorStub(testEnv, { aggregateType, aggregateId }) as unknown as DurableObjectStub;
  await runInDurableObject(stub, async (_, { storage }) => {
    await storage.deleteAlarm();
    await storage.deleteAll();
  });
  await evictDurableObject(stub);
}

const pathOf = ({ aggregateType, aggregateId }: Copy) => `/v1/restore/${aggregateType}/${aggregateId}`;

function fill(copy: Copy, from = 1, to = copy.events.length) {
  const events = copy.events.slice(from - 1, to).map(({ recordedAt, fingerprint, ...event }) => ({
    ...event,
    recordedAt: new Date(recordedAt).toISOString(),
    ...(fingerprint === undefined ? {} : { fingerprint: String(fingerprint) }),
  }));
  const previousHash = copy.events[from - 2]?.hash ?? NO_EVENT;
  return call('POST', pathOf(copy), { body: { previousHash, events }, env: OPEN });
}

function release(copy: Copy, env: Env = OPEN) {
  const { version, hash } = copy.events.at(-1) as PublishedEvent;
  return call('POST', `${pathOf(copy)}/release`, { body: { version, hash }, env });
}

describe('restoring', () => {
  it('is refused where the environment was not opened for it, and of what does not exist', async () => {
    const copy: Copy = { aggregateType: 'account', aggregateId: 'r-0', events: [] };
    expect(verdict(await call('GET', pathOf(copy)))).toBe('409 restore_closed');
    const body = { version: 1, hash: NO_EVENT };
    expect(verdict(await call('POST', `${pathOf(copy)}/release`, { body }))).toBe('409 restore_closed');
    expect(verdict(await call('GET', '/v1/restore/nothing/r-0', { env: OPEN }))).toBe(
      '404 aggregate_not_found',
    );
    expect((await call('GET', pathOf(copy), { env: OPEN })).body).toEqual({
      head: 0,
      version: 0,
      hash: NO_EVENT,
      restoring: false,
    });
  });

  it('says of every fault what it is, and then nothing is stored', async () => {
    await opened('r-1');
    await call('POST', '/v1/accounts/r-1/deposits', { body: { amount: '10' } });
    const copy = await copyOf('account', 'r-1');
    await lose(copy);
    const other = { ...copy, events: copy.events.map((event) => ({ ...event, recordedAt: 5 })) };
    expect(verdict(await fill(other))).toBe('422 event_altered');
    expect(verdict(await fill(copy, 2))).toBe('409 log_gap');
    const events = [{ version: 0, data: 5 }];
    expect(
      (await call('POST', pathOf(copy), { body: { previousHash: 'x', events }, env: OPEN })).status,
    ).toBe(400);
    expect(await call('GET', pathOf(copy), { env: OPEN })).toMatchObject({
      body: { head: 0, restoring: false },
    });
  });

  it('holds an account until all of it is there: whoever asks is asked to come back', async () => {
    const copy = await opened('r-2')
      .then(() => call('POST', '/v1/accounts/r-2/deposits', { body: { amount: '10' } }))
      .then(() => copyOf('account', 'r-2'));
    const { body: before } = await call('GET', '/v1/accounts/r-2');
    await lose(copy);
    expect((await fill(copy, 1, 1)).body).toMatchObject({ head: 1, restoring: true });
    const answer = await call('GET', '/v1/accounts/r-2');
    expect(verdict(answer)).toBe('503 unavailable');
    expect(answer.body.detail).toMatch(/^The log is held until the restoration that fills it has ended/);
    expect(verdict(await call('POST', '/v1/accounts/r-2/deposits', { body: { amount: '1' } }))).toBe(
      '503 unavailable',
    );
    expect(verdict(await call('GET', '/v1/audit/account/r-2'))).toBe('503 unavailable');
    expect(verdict(await release(copy))).toBe('409 log_gap');
    // Also to a new instance.
    await evictDurableObject(actorStub(testEnv, copy) as unknown as DurableObjectStub);
    expect(verdict(await call('GET', '/v1/accounts/r-2'))).toBe('503 unavailable');
    expect((await fill(copy)).body).toMatchObject({ head: 2, restoring: true });
    expect((await release(copy)).body).toMatchObject({ head: 2, restoring: false });
    expect((await release(copy)).status).toBe(200);
    expect((await call('GET', '/v1/accounts/r-2')).body).toEqual(before);
    expect(await copyOf('account', 'r-2')).toEqual(copy);
    const { body } = await call('POST', '/v1/accounts/r-2/deposits', { body: { amount: '1' } });
    expect(body.version).toBe(3);
  });

  it('fills up a log that has lost its end where it is, and no other', async () => {
    for (const id of ['r-3', 'r-4']) {
      await opened(id);
      for (const amount of ['10', '20'])
        await call('POST', `/v1/accounts/${id}/deposits`, { body: { amount } });
      const copy = await copyOf('account', id);
      await lose(copy);
      await fill(copy, 1, 2);
      expect((await release({ ...copy, events: copy.events.slice(0, 2) })).status).toBe(200);
      const { hash } = copy.events[1] as PublishedEvent;
      const hold = (body: object) => call('POST', `${pathOf(copy)}/hold`, { body, env: OPEN });
      expect(verdict(await call('POST', `${pathOf(copy)}/hold`, { body: { version: 2, hash } }))).toBe(
        '409 restore_closed',
      );
      expect(verdict(await fill(copy, 3))).toBe('409 log_in_use');
      expect(verdict(await hold({ version: 2, hash: NO_EVENT }))).toBe('409 log_differs');
      if (id === 'r-4') {
        // It has gone on without what it lost.
        expect((await call('POST', '/v1/accounts/r-4/deposits', { body: { amount: '7' } })).status).toBe(200);
        const before = await copyOf('account', id);
        expect(verdict(await hold({ version: 2, hash }))).toBe('409 log_differs');
        expect(verdict(await fill(copy))).toBe('409 log_differs');
        expect(await copyOf('account', id)).toEqual(before);
        continue;
      }
      // What is under way is decided before, and then it has gone on, or not at all.
      expect((await hold({ version: 2, hash })).body).toMatchObject({ head: 2, restoring: true });
      expect(verdict(await call('POST', '/v1/accounts/r-3/deposits', { body: { amount: '7' } }))).toBe(
        '503 unavailable',
      );
      expect((await fill(copy)).body).toMatchObject({ head: 3, restoring: true });
      expect((await release(copy)).status).toBe(200);
      expect(await copyOf('account', id)).toEqual(copy);
      expect((await call('GET', '/v1/accounts/r-3')).body).toMatchObject({ version: 3 });
    }
  });

  it('leaves views that had heard of more than the copy has to the reconciler, which makes them anew', async () => {
    await opened('r-5');
    for (const amount of ['10', '20']) await call('POST', '/v1/accounts/r-5/deposits', { body: { amount } });
    const shown = async () =>
      (await call('GET', '/v1/accounts/r-5/portfolio', { headers: { 'Cache-Control': 'no-cache' } })).headers;
    await vi.waitFor(async () => expect((await shown()).get('X-View-Version')).toBe('3'), WAIT);
    const copy = await copyOf('account', 'r-5');
    const archived = { ...copy, events: copy.events.slice(0, 2) };
    await lose(copy);
    await fill(archived);
    expect((await release(archived)).status).toBe(200);
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const look = (body: object) => call('POST', '/v1/reconciliation/check', { body });
    expect((await look({ aggregateType: 'account', aggregateId: 'r-5' })).body.opened).toBeGreaterThan(0);
    const { findings } = (await call('GET', '/v1/reconciliation')).body;
    expect(JSON.stringify(findings)).toContain('its log does not go that far');
    await vi.waitFor(async () => {
      const { body } = await call('POST', '/v1/reconciliation/repair', { body: { reason: 'restored' } });
      expect(body).toMatchObject({ next: null });
    }, WAIT);
    await look({ aggregateType: 'account', aggregateId: 'r-5' });
    log.mockRestore();
    expect((await shown()).get('X-View-Version')).toBe('2');
    const open = JSON.stringify((await call('GET', '/v1/reconciliation')).body.findings);
    expect(open).not.toContain('view.accounts.account.r-5');
  });

  it('lets a running saga go on where it stood, and nothing that it did is done again', async () => {
    await call('POST', '/v1/inventory/r-tea/receipts', { body: { quantity: '10' } });
    const items = [{ productId: 'r-tea', quantity: '3', unitPrice: '2' }];
    const order = {
      orderId: 'r-order',
      customerId: 'c-1',
      currency: 'GBP',
      items,
      payment: { method: 'card', token: 'tok_ok' },
    };
    await call('POST', '/v1/orders', {
      body: { ...order, shipTo: { line1: '1 High St', country: 'United Kingdom' } },
    });
    const isStatus = (path: string, status: string) =>
      vi.waitFor(async () => expect((await call('GET', path)).body).toMatchObject({ status }), WAIT);
    await isStatus('/v1/orders/r-order', 'CONFIRMED');
    await isStatus('/v1/sagas/fulfil-r-order', 'RUNNING');
    const copies = [
      await copyOf('order', 'r-order'),
      await copyOf('payment', 'r-order'),
      await copyOf('inventory', 'r-tea'),
      await copyOf('saga', 'fulfil-r-order'),
    ];
    for (const copy of copies) await lose(copy);
    for (const copy of copies) expect((await fill(copy)).body).toMatchObject({ restoring: true });
    // The order is first: it tells everybody that it was placed, while its saga is still held.
    for (const copy of copies) expect((await release(copy)).status).toBe(200);
    expect((await call('GET', '/v1/orders/r-order')).body.status).toBe('CONFIRMED');
    const { body: stock } = await call('GET', '/v1/inventory/r-tea');
    expect([stock.onHand, stock.reserved]).toEqual(['10', '3']);
    const shipping = { carrier: 'Royal Mail', trackingNumber: 'RM1' };
    expect((await call('POST', '/v1/orders/r-order/ship', { body: shipping })).status).toBe(200);
    await isStatus('/v1/sagas/fulfil-r-order', 'COMPLETED');
    expect((await call('GET', '/v1/payments/r-order')).body).toMatchObject({
      status: 'CAPTURED',
      captured: '6',
    });
    const { body: after } = await call('GET', '/v1/inventory/r-tea');
    expect([after.onHand, after.reserved]).toEqual(['7', '0']);
    for (const copy of copies) {
      const now = await copyOf(copy.aggregateType, copy.aggregateId);
      expect(now.events.slice(0, copy.events.length)).toEqual(copy.events);
      expect(new Set(now.events.map(({ metadata }) => metadata.commandId)).size).toBe(
        now.events.filter(({ fingerprint }) => fingerprint !== undefined).length,
      );
    }
  });

  it('lets a log go of which sagas are told nothing while no view database answers', async () => {
    await opened('r-unheard');
    const copy = await copyOf('account', 'r-unheard');
    await lose(copy);
    await fill(copy);
    const fail = () => {
      throw new Error('no database is to be asked');
    };
    const database = { prepare: fail, batch: fail };
    const env = { ...OPEN, VIEWS_0: database, VIEWS_1: database } as unknown as Env;
    expect((await release(copy, env)).body).toMatchObject({ head: 1, restoring: false });
  });

  it.each([
    ['a log is put back that had gone further', 'restored'],
    ['somebody looks, who mends it', 'repaired'],
  ])('has sagas hear of what comes in the place of what they knew, once %s', async (_, how) => {
    const orderId = `r-${how}`;
    await call('POST', '/v1/inventory/r-milk/receipts', { body: { quantity: '10' } });
    await call('POST', '/v1/orders', {
      body: {
        orderId,
        customerId: 'c-1',
        currency: 'GBP',
        items: [{ productId: 'r-milk', quantity: '3', unitPrice: '2' }],
        payment: { method: 'card', token: 'tok_ok' },
        shipTo: { line1: '1 High St', country: 'United Kingdom' },
      },
    });
    const isStatus = (path: string, status: string) =>
      vi.waitFor(async () => expect((await call('GET', path)).body).toMatchObject({ status }), WAIT);
    await isStatus(`/v1/orders/${orderId}`, 'CONFIRMED');
    const part = partOf(orderId, viewDatabases(testEnv).length);
    // They had heard of events that neither the log nor its copy has.
    await vi.waitFor(async () => {
      const sql = "UPDATE saga_positions SET version = 9 WHERE aggregate_type = 'order' AND aggregate_id = ?";
      const updated = await viewDatabases(testEnv)[part]?.prepare(sql).bind(orderId).run();
      expect(updated?.meta.changes).toBe(1);
    }, WAIT);
    const key = { aggregateType: 'order', aggregateId: orderId };
    const told = async () => (await sagasAt(testEnv, [key])).get(keyOf(key));
    if (how === 'restored') {
      const copy = await copyOf('order', orderId);
      // Of a log that has lost nothing they are not told again.
      expect((await release(copy)).status).toBe(200);
      expect(await told()).toBe(9);
      await lose(copy);
      await fill(copy);
      expect((await release(copy)).status).toBe(200);
    }
    const shipping = { carrier: 'Royal Mail', trackingNumber: 'RM1' };
    expect((await call('POST', `/v1/orders/${orderId}/ship`, { body: shipping })).status).toBe(200);
    if (how === 'repaired') {
      const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
      await call('POST', '/v1/reconciliation/check', {
        body: { aggregateType: 'order', aggregateId: orderId },
      });
      const findingIds = [`outbox.sagas.order.${orderId}`];
      const { body } = await call('POST', '/v1/reconciliation/repair', {
        body: { reason: 'a wrong cursor', findingIds },
      });
      log.mockRestore();
      expect(body.results).toMatchObject([{ findingId: findingIds[0], status: 'CLOSED' }]);
    }
    await isStatus(`/v1/sagas/fulfil-${orderId}`, 'COMPLETED');
    expect((await call('GET', `/v1/payments/${orderId}`)).body).toMatchObject({ captured: '6' });
  });
});
