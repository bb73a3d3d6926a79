/** Aggregates of every type side by side, under one and the same id: feed, audit, views, sweep and rebuild keep them apart. */
import { beforeAll, describe, expect, it } from 'vitest';
import { projectors } from '../../queues/projectors/index.ts';
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import { viewDatabases } from '../../workers/env.ts';
import { handleScheduled } from '../../workers/scheduled.ts';
import { call, eventually, opened, testEnv } from '../support/api.ts';
import { confirmed, SHIPPING } from '../support/shop.ts';

const ID = 'same-1';

/** What each aggregate of the id is told; the last is the shipment, whose id its order makes. */
const EVENTS: Record<string, [id: string, eventTypes: string[]]> = {
  account: [ID, ['AccountOpened']],
  product: [ID, ['ProductPut']],
  inventory: [ID, ['StockReceived']],
  order: [ID, ['OrderPlaced', 'OrderConfirmed', 'OrderShipped', 'ShipmentRecorded']],
  shipment: [`${ID}-1`, ['ShipmentCreated', 'ShipmentDispatched']],
};

async function feedOf(aggregateType: string, aggregateId: string): Promise<string[]> {
  const { body } = await call('GET', `/v1/events?${new URLSearchParams({ aggregateType, aggregateId })}`);
  return (body.events as { eventType: string }[]).map(({ eventType }) => eventType);
}

const expectFeeds = () =>
  eventually(async () => {
    for (const [type, [id, eventTypes]] of Object.entries(EVENTS))
      expect(await feedOf(type, id)).toEqual(eventTypes);
  });

beforeAll(async () => {
  await opened(ID);
  await confirmed(ID);
  await call('PUT', `/v1/products/${ID}`, { body: { name: 'Tea', unitPrice: '1', currency: 'GBP' } });
  await call('POST', `/v1/inventory/${ID}/receipts`, { body: { quantity: '5' } });
  await call('POST', `/v1/orders/${ID}/ship`, { body: SHIPPING });
  await expectFeeds();
});

describe('aggregates of every type', () => {
  it('have names for commands and events that no other has', () => {
    for (const kind of ['commands', 'events'] as const) {
      const names = AGGREGATE_LIST.flatMap((aggregate) => Object.keys(aggregate[kind]));
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    }
  });

  it('have chains of their own', async () => {
    for (const [type, [id, eventTypes]] of Object.entries(EVENTS)) {
      const { body } = await call('GET', `/v1/audit/${type}/${id}`);
      expect(body).toMatchObject({ ok: true, version: eventTypes.length });
    }
    expect((await call('GET', `/v1/audit/basket/${ID}`)).status).toBe(404);
  });

  it('are in no view that is not made of them, and in none parked', async () => {
    const { body } = await call('GET', `/v1/accounts/${ID}/portfolio?minVersion=1`);
    expect(body).toMatchObject({ accountId: ID, version: 1 });
    expect((await call('GET', '/v1/parked')).body.parked).toEqual([]);
  });

  it('are brought to the views by the sweep, where every message was lost', async () => {
    const tables = ['view_positions', ...projectors.map(({ table }) => table.name('blue'))];
    for (const database of viewDatabases(testEnv))
      await database.batch(tables.map((table) => database.prepare(`DELETE FROM ${table}`)));
    expect(await feedOf('order', ID)).toEqual([]);
    await handleScheduled(testEnv, Date.now());
    await expectFeeds();
  });

  it('are rebuilt beside the live views, and nothing differs', async () => {
    for (;;) {
      const { status, body } = await call('POST', '/v1/views/rebuild', { body: {} });
      if (status === 202) continue;
      expect(body).toMatchObject({ status: 'SWITCHED', differencesFound: 0 });
      break;
    }
    await expectFeeds();
  });
});
