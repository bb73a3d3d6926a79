/** Personal data over HTTP: who sees it, where it is not, and that nobody sees it after an erasure. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { LOG_MIGRATIONS } from '../../actors/kernel/eventLog.ts';
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { migrate } from '../../actors/kernel/migrations.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { partOf, SANDBOX_PARTS, sandboxName } from '../../schemas/partition.ts';
import type { Role } from '../../schemas/role.ts';
import { actorStub } from '../../workers/aggregates.ts';
import { type Env, viewDatabases } from '../../workers/env.ts';
import { handleQueue } from '../../workers/queue.ts';
import { call, eventually, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { dataOf } from '../support/graphql.ts';
import { confirmed, ordering, SHIPPING } from '../support/shop.ts';

const NAME = 'Xanthippe-of-Athens';
const STREET = '7-Ceramicus-Lane';
const TOKEN = 'tok_hemlock_0399';
const SECRETS = [NAME, STREET, TOKEN];

const shipTo = { name: NAME, line1: STREET, city: 'Athens', country: 'Greece' };
const reason = 'ticket 4711';

const order = (orderId: string, customerId: string) =>
  ordering(orderId, { customerId, shipTo, payment: { method: 'card', token: TOKEN } });
const erase = (id: string) => call('POST', `/v1/subjects/${id}/erase`, { body: { reason } });

/** Every secret that is in a text. */
const found = (text: string) => SECRETS.filter((secret) => text.includes(secret));

/** Every row of an object's database, as a text. */
function dumped(stub: DurableObjectStub): Promise<string> {
  return runInDurableObject(stub, (_, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray();
    return tables
      .map(
        ({ name }) =>
          `${name}: ${JSON.stringify(storage.sql.exec(`SELECT * FROM "${name}"`).toArray().map(readable))}`,
      )
      .join('\n');
  });
}

/** Blobs as the text that may be in them. */
const readable = (row: Record<string, unknown>) =>
  Object.values(row).map((value) =>
    value instanceof ArrayBuffer ? Buffer.from(value).toString('latin1') : value,
  );

/** Every row of every view database. */
async function dumpedViews(): Promise<string> {
  const texts = await Promise.all(
    viewDatabases(testEnv).map(async (database) => {
      const tables = await database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
        .all<{ name: string }>();
      const rows = await Promise.all(
        tables.results.map(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all()),
      );
      return JSON.stringify(rows.map(({ results }) => results));
    }),
  );
  return texts.join('\n');
}

/** The objects that know something of an order, with what each has stored. */
async function everywhere(orderId: string, customerId: string): Promise<string> {
  const stubs: Record<string, DurableObjectStub> = {
    order: testEnv.ORDERS.getByName(orderId),
    payment: testEnv.PAYMENTS.getByName(orderId),
    saga: testEnv.SAGAS.getByName(`fulfil-${orderId}`),
    shipment: testEnv.SHIPMENTS.getByName(`${orderId}-1`),
    subject: testEnv.SUBJECTS.getByName(customerId),
    sandbox: testEnv.SANDBOX.getByName(sandboxName(partOf(orderId, SANDBOX_PARTS))),
    tea: testEnv.INVENTORY.getByName('tea'),
  };
  const texts = await Promise.all(
    Object.entries(stubs).map(async ([what, stub]) => {
      const text = await dumped(stub);
      expect(text, `${what} stores something`).toContain('[[');
      return text;
    }),
  );
  return [...texts, await dumpedViews()].join('\n');
}

describe('an order of a customer', () => {
  beforeAll(async () => {
    await confirmed('warm-up');
    expect((await call('POST', '/v1/orders', { body: order('p-1', 'x-1') })).status).toBe(202);
    await eventually(async () => expect((await call('GET', '/v1/orders/p-1')).body.status).toBe('CONFIRMED'));
    expect((await call('POST', '/v1/orders/p-1/ship', { body: SHIPPING })).status).toBe(200);
    await eventually(async () => expect((await call('GET', '/v1/shipments/p-1-1')).status).toBe(200));
    await eventually(async () =>
      expect((await call('GET', '/v1/payments/p-1')).body.status).toBe('CAPTURED'),
    );
    await eventually(async () => {
      const { body } = await call('GET', '/v1/events?aggregateId=p-1&limit=1000');
      expect((body.events as unknown[]).length).toBeGreaterThan(5);
    });
  });

  it.each<[Role, object]>([
    ['operations', shipTo],
    ['admin', shipTo],
    ['auditor', { $masked: true }],
    ['risk', { $masked: true }],
  ])('shows its address to %s as the table says', async (role, shown) => {
    const headers = await as(role);
    for (const path of ['/v1/orders/p-1', '/v1/orders/p-1?version=1', '/v1/shipments/p-1-1']) {
      const { body } = await call('GET', path, { headers });
      expect(body.shipTo, path).toEqual(shown);
    }
    expect((await call('GET', '/v1/orders/p-1', { headers })).body.country).toBe('Greece');
    const asked = await dataOf('{ order(id: "p-1") { shipTo country } shipment(id: "p-1-1") { shipTo } }', {
      headers,
    });
    expect(asked).toEqual({ order: { shipTo: shown, country: 'Greece' }, shipment: { shipTo: shown } });
  });

  it('shows nothing of it in the events, to whoever asks in whatever way', async () => {
    for (const path of [
      '/v1/events?aggregateId=p-1&limit=1000',
      '/v1/events?aggregateType=shipment&limit=1000',
      '/v1/orders?customerId=x-1',
      '/v1/orders/p-1/history',
      '/v1/payments/p-1',
      '/v1/sagas/fulfil-p-1',
      '/v1/sales?by=country',
    ]) {
      const { status, body } = await call('GET', path);
      expect(status, path).toBe(200);
      expect(found(JSON.stringify(body)), path).toEqual([]);
    }
    const { body } = await call('GET', '/v1/events?aggregateId=p-1&limit=1000');
    const placed = (body.events as { eventType: string; data: object }[])[0];
    expect(placed).toMatchObject({
      eventType: 'OrderPlaced',
      schemaVersion: 2,
      data: { country: 'Greece', shipTo: { $enc: { subject: 'x-1', keyVersion: 1 } } },
    });
  });

  it('is answered in full though the client has it: what it shows may have changed', async () => {
    const held = { headers: { 'If-None-Match': '*' } };
    expect((await call('GET', '/v1/orders/p-1', held)).status).toBe(200);
    expect((await call('GET', '/v1/shipments/p-1-1', held)).status).toBe(200);
  });

  it('is stored in the clear nowhere, and after the erasure shown nowhere; every chain holds', async () => {
    const before = await everywhere('p-1', 'x-1');
    expect(found(before)).toEqual([]);
    expect(before, 'what is not personal is found').toContain(SHIPPING.trackingNumber);

    expect((await erase('x-1')).status).toBe(200);
    for (const role of ['admin', 'auditor'] as const) {
      const headers = await as(role);
      for (const path of ['/v1/orders/p-1', '/v1/orders/p-1?version=1', '/v1/shipments/p-1-1'])
        expect((await call('GET', path, { headers })).body.shipTo, path).toEqual({ $erased: true });
    }
    expect(found(await everywhere('p-1', 'x-1'))).toEqual([]);
    const rows = await dumped(testEnv.SUBJECTS.getByName('x-1'));
    expect(rows).toContain('subject_keys: []');
    for (const [type, id] of [
      ['order', 'p-1'],
      ['payment', 'p-1'],
      ['shipment', 'p-1-1'],
      ['saga', 'fulfil-p-1'],
      ['subject', 'x-1'],
    ])
      expect((await call('GET', `/v1/audit/${type}/${id}`)).body, type).toMatchObject({ ok: true });
  });

  it("goes on to its end without the address: money goes back by the provider's own id", async () => {
    const refund = { commandId: 'refund-1', type: 'RefundPayment', data: { refundId: 'r-1', amount: '1' } };
    await call('POST', '/v1/commands', {
      body: { commands: [{ ...refund, aggregateType: 'payment', aggregateId: 'p-1' }] },
    });
    await eventually(async () => expect((await call('GET', '/v1/payments/p-1')).body.refunded).toBe('1'));
  });

  it('is not taken from who was erased, also where it was taken before', async () => {
    expect(verdict(await call('POST', '/v1/orders', { body: order('p-1', 'x-1') }))).toBe(
      '409 subject_erased',
    );
    expect(verdict(await call('POST', '/v1/orders', { body: order('p-new', 'x-1') }))).toBe(
      '409 subject_erased',
    );
    expect(verdict(await call('GET', '/v1/orders/p-new'))).toBe('404 order_not_found');
  });
});

describe('what waits for an operator', () => {
  it('says nothing personal: dead letters, poison events, and the events around them', async () => {
    await call('POST', '/v1/orders', { body: order('dead-1', 'x-2') });
    const texts = await actorStub(testEnv, { aggregateType: 'order', aggregateId: 'dead-1' }).messages(1, 10);
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const messages = [...texts, `{"shipTo":"${'x'.repeat(10)}"}`].map((body, index) => ({
      id: `dead-${index}`,
      body,
      attempts: 11,
      ack: () => undefined,
      retry: () => undefined,
    }));
    await handleQueue({ queue: 'folio-streams-dead', messages } as unknown as MessageBatch, testEnv);
    const { body } = await call('GET', '/v1/parked?limit=100');
    const ids = (body.parked as { id: string }[]).map(({ id }) => id);
    expect(ids).toContain('message.streams.order.dead-1');
    for (const id of ids)
      expect(found(JSON.stringify((await call('GET', `/v1/parked/${id}`)).body))).toEqual([]);
    const kept = await dumped(testEnv.DEAD_LETTERS.getByName('keeper'));
    expect(kept).toContain('dead-1');
    expect(found(kept + log.mock.calls.join())).toEqual([]);
    log.mockRestore();
  });
});

describe('an erasure in the middle of an order', () => {
  it('ends it: who is erased before the payment was asked for is not asked for money', async () => {
    const rounds = Array.from({ length: 6 }, (_, round) => round);
    await Promise.all(
      rounds.map(async (round) => {
        const [orderId, customerId] = [`mid-${round}`, `mid-x-${round}`];
        const placing = call('POST', '/v1/orders', { body: order(orderId, customerId) });
        // From before anything is stored to somewhere in the middle of the saga.
        if (round > 1) await placing;
        const erasing = await erase(customerId);
        const { status } = await placing;
        if (erasing.status === 404) {
          expect(status).toBe(202);
          return;
        }
        expect([202, 409]).toContain(status);
        if (status === 409) return;
        await eventually(async () => {
          const { body } = await call('GET', `/v1/orders/${orderId}`);
          expect(['CONFIRMED', 'CANCELLED']).toContain(body.status);
          expect(body.shipTo).toEqual({ $erased: true });
        }, 30_000);
        const { body } = await call('GET', `/v1/orders/${orderId}`);
        const { body: payment } = await call('GET', `/v1/payments/${orderId}`);
        expect(payment.status).toBe(body.status === 'CONFIRMED' ? 'AUTHORIZED' : 'DECLINED');
        expect(found(await dumped(testEnv.ORDERS.getByName(orderId)))).toEqual([]);
      }),
    );
  });
});

describe('personal data without its keys', () => {
  it('is not taken, and the client may try again; what is there is said to be unreadable', async () => {
    await call('POST', '/v1/orders', { body: order('lost-1', 'x-lost') });
    await runInDurableObject(testEnv.SUBJECTS.getByName('x-lost'), (_, { storage }) => {
      storage.sql.exec('DELETE FROM subject_keys');
    });
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    expect((await call('GET', '/v1/orders/lost-1')).body.shipTo).toEqual({ $unreadable: true });
    expect(log.mock.calls.join()).toContain('personal data cannot be read');
    log.mockRestore();
  });

  it('is refused where the subject does not answer: nothing is stored', async () => {
    const SUBJECTS = { getByName: () => ({ open: () => new Promise(() => undefined) }) };
    await call('POST', '/v1/orders', { body: order('hung-1', 'x-hung') });
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const asked = call('GET', '/v1/orders/hung-1', { env: { ...testEnv, SUBJECTS } as unknown as Env });
    await vi.advanceTimersByTimeAsync(6_000);
    vi.useRealTimers();
    expect(verdict(await asked)).toBe('503 unavailable');
    log.mockRestore();
  });
});

describe('hostile orders', () => {
  const place = async (more: object) =>
    verdict(await call('POST', '/v1/orders', { body: { ...order('hostile-1', 'x-3'), ...more } }));
  const envelope = {
    $enc: { ciphertext: 'A'.repeat(40), keyVersion: 1, nonce: 'A'.repeat(16), subject: 'x-1' },
  };

  it('bring no ciphertext of their own, and no country that is none', async () => {
    expect(await place({ shipTo: envelope })).toMatch(/^400 invalid_request shipTo/);
    expect(await place({ payment: { method: 'card', token: envelope } })).toBe(
      '400 invalid_request payment.token',
    );
    expect(await place({ shipTo: { line1: STREET, $enc: 'x' } })).toMatch(/^400 invalid_request shipTo/);
    expect(await place({ country: 'Greece' })).toMatch(/^400 invalid_request/);
    for (const country of ['7 Ceramicus Lane', 'x', 'a'.repeat(65)])
      expect(await place({ shipTo: { ...shipTo, country } })).toBe('400 invalid_request shipTo.country');
    for (const country of ['GR', "Côte d'Ivoire", 'Lao P.D.R. (Laos)', 'Österreich'])
      expect(
        (await place({ orderId: `from-${country.length}`, shipTo: { ...shipTo, country } })).slice(0, 3),
      ).toBe('202');
    expect(verdict(await call('GET', '/v1/orders/hostile-1'))).toBe('404 order_not_found');
  });

  it('that are refused leave no trace of their customer', async () => {
    const free = [{ productId: 'tea', quantity: '1', unitPrice: '0' }];
    expect(await place({ customerId: 'x-4', items: free })).toBe('422 nothing_to_pay');
    expect(verdict(await call('GET', '/v1/subjects/x-4'))).toBe('404 subject_not_found');
    expect(await dumped(testEnv.SUBJECTS.getByName('x-4'))).toBe('');
  });
});

describe('an order that was stored before there was encryption', () => {
  const id = 'old-1';
  const data = {
    currency: 'GBP',
    customerId: 'x-old',
    items: [{ amount: '2.5', line: 1, productId: 'tea', quantity: '1', unitPrice: '2.5' }],
    orderId: id,
    payment: { method: 'card', token: TOKEN },
    shipTo,
    total: '2.5',
  };
  const stored = {
    aggregateType: 'order',
    aggregateId: id,
    version: 1,
    eventType: 'OrderPlaced',
    schemaVersion: 1,
    recordedAt: 1_600_000_000_000,
    data: canonicalJson(data),
    metadata: canonicalJson({ causationId: null, commandId: 'old', correlationId: 'c', userId: 'u' }),
  };

  beforeAll(async () => {
    await runInDurableObject(testEnv.ORDERS.getByName(id), (_, { storage }) => {
      migrate(storage, LOG_MIGRATIONS);
      storage.sql.exec(
        "INSERT INTO events VALUES (1, 'OrderPlaced', 1, ?, 'old', 0, ?, ?, ?)",
        stored.recordedAt,
        stored.data,
        stored.metadata,
        eventHash(GENESIS_HASH_TEXT, stored),
      );
    });
    await evictDurableObject(testEnv.ORDERS.getByName(id));
  });

  it('is read as it is by who may see it, goes on, and keeps its bytes', async () => {
    expect((await call('GET', `/v1/orders/${id}`)).body).toMatchObject({ shipTo, country: 'Greece' });
    const { body } = await call('GET', `/v1/orders/${id}`, { headers: await as('auditor') });
    expect(body).toMatchObject({ shipTo: { $masked: true }, country: 'Greece' });
    const context = { userId: 'saga', correlationId: 'c', causationId: null };
    const confirm = { commandId: 'confirm', type: 'ConfirmOrder', data: {} };
    await testEnv.ORDERS.getByName(id).execute([confirm], context);
    expect((await call('POST', `/v1/orders/${id}/ship`, { body: SHIPPING })).status).toBe(200);
    await eventually(async () =>
      expect((await call('GET', `/v1/shipments/${id}-1`)).body).toMatchObject({
        status: 'DISPATCHED',
        shipTo,
      }),
    );
    // The shipment is told the same once more on its way: the same command, recognised by the same body.
    expect((await call('POST', `/v1/orders/${id}/deliver`)).status).toBe(200);
    await eventually(async () =>
      expect((await call('GET', `/v1/shipments/${id}-1`)).body).toMatchObject({ status: 'DELIVERED' }),
    );
    expect((await call('GET', `/v1/audit/order/${id}`)).body).toMatchObject({ ok: true });
  });

  it('is paid with a token that is encrypted from here on', async () => {
    const { payment, orderId, customerId, currency, total } = data;
    const asked = { orderId, customerId, currency, amount: total, ...payment };
    const command = { commandId: 'authorize', type: 'AuthorizePayment', data: asked };
    const context = { userId: 'saga', correlationId: 'c', causationId: null };
    const actor = actorStub(testEnv, { aggregateType: 'payment', aggregateId: 'old-pay' });
    const [first] = await actor.execute([command], context);
    const [again] = await actor.execute([command], context);
    expect([first?.status, again?.status]).toEqual(['accepted', 'replayed']);
    await eventually(async () =>
      expect((await call('GET', '/v1/payments/old-pay')).body.status).toBe('AUTHORIZED'),
    );
    expect(found(await dumped(testEnv.PAYMENTS.getByName('old-pay')))).toEqual([]);
  });

  it('is not shown any more once its customer is erased, though its log has it for good', async () => {
    expect((await erase('x-old')).status).toBe(200);
    for (const role of ['admin', 'auditor'] as const)
      expect((await call('GET', `/v1/orders/${id}`, { headers: await as(role) })).body.shipTo).toEqual({
        $erased: true,
      });
    expect(found(await dumped(testEnv.ORDERS.getByName(id)))).toEqual([NAME, STREET, TOKEN]);
  });
});
