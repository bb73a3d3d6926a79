/** The archive through the API: what is traded is archived, signed, proved and can be fetched. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { archiveBucket } from '../../queues/archive/retainedBucket.ts';
import { archivistStub, notaryStub } from '../../workers/archive.ts';
import { call, eventually, opened, TEST_TOKEN, testEnv } from '../support/api.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

/** Waits until so many events are archived. The archive is told by the accounts' alarms, which are not waited for. */
async function archived(events: number, accountId: string) {
  await runDurableObjectAlarm(testEnv.ACCOUNTS.getByName(accountId));
  return eventually(async () => {
    await call('POST', '/v1/audit/checkpoints');
    const { body } = await call('GET', '/v1/archive');
    expect(body.events).toBe(events);
    return body;
  });
}

async function object(key: string): Promise<Response> {
  return worker.fetch(`http://folio.test/v1/archive/object?key=${key}`, {
    headers: { Authorization: `Bearer ${TEST_TOKEN}` },
  });
}

describe('the archive', () => {
  it('has no checkpoint and no keys before anything was archived', async () => {
    expect((await call('GET', '/v1/audit/checkpoints/latest')).body.code).toBe('checkpoint_not_found');
    expect((await call('GET', '/v1/audit/checkpoints')).body).toEqual({ checkpoints: [], next: null });
    expect((await call('GET', '/v1/audit/keys')).body).toEqual({ keys: [] });
    expect((await call('POST', '/v1/audit/checkpoints')).body).toEqual({
      segments: 0,
      events: 0,
      signed: null,
      unsigned: null,
    });
  });

  it('takes what was committed, signs it, and proves each event of it', async () => {
    await opened('arc-1');
    await call('POST', '/v1/accounts/arc-1/deposits', { body: { amount: '10' } });
    expect((await call('GET', '/v1/audit/account/arc-1/events/2/proof')).body.code).toBe('not_archived_yet');
    await archived(2, 'arc-1');
    const { body: latest } = await call('GET', '/v1/audit/checkpoints/latest');
    expect(latest.checkpoint).toMatchObject({ sequence: 1, manifests: 1, events: 2 });
    const { body: proof } = await call('GET', '/v1/audit/account/arc-1/events/2/proof');
    const { body: log } = await call('GET', '/v1/accounts/arc-1/events');
    expect(proof).toMatchObject({
      version: 2,
      eventHash: (log.events as { hash: string }[])[1]?.hash,
      segment: { leafIndex: 1, treeSize: 2 },
      log: { leafIndex: 0, treeSize: 1 },
      signed: latest,
    });
    expect((await call('GET', '/v1/audit/account/arc-1/events/3/proof')).body.code).toBe('event_not_found');
    expect((await call('GET', '/v1/audit/account/nobody/events/1/proof')).body.code).toBe(
      'aggregate_not_found',
    );
    expect((await call('GET', '/v1/audit/account/nobody/events/x/proof')).status).toBe(400);
    expect((await call('GET', '/v1/audit/nothing/arc-1/events/1/proof')).status).toBe(404);
  });

  it('lists its objects and gives their bytes', async () => {
    const { body } = await call('GET', '/v1/archive/objects?limit=2');
    const keys = (body.objects as { key: string }[]).map(({ key }) => key);
    expect(keys).toHaveLength(2);
    const { body: rest } = await call('GET', `/v1/archive/objects?after=${body.next}`);
    const all = [...keys, ...(rest.objects as { key: string }[]).map(({ key }) => key)];
    expect(all.map((key) => key.split('/')[0])).toEqual(['checkpoints', 'keys', 'manifests', 'segments']);
    const segment = all.find((key) => key.startsWith('segments/')) as string;
    const bytes = new Uint8Array(await (await object(segment)).arrayBuffer());
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('PAR1');
    expect((await object('segments/nothing')).status).toBe(404);
    expect((await object('../secrets')).status).toBe(400);
  });

  it('says so where it has lost or altered what an event would be proved from', async () => {
    const [segment] = (await testEnv.ARCHIVE.list({ prefix: 'segments/' })).objects;
    const key = segment?.key as string;
    const bytes = await (await testEnv.ARCHIVE.get(key))?.bytes();
    const proof = () => call('GET', '/v1/audit/account/arc-1/events/2/proof');
    await testEnv.ARCHIVE.delete(key);
    const missing = `There is no proof of it: ${key}, which has the event, is missing within its term.`;
    expect((await proof()).body).toMatchObject({ status: 409, code: 'archive_damaged', detail: missing });
    await testEnv.ARCHIVE.put(key, (bytes as Uint8Array).subarray(10));
    const altered = `There is no proof of it: ${key} is not what was archived.`;
    expect((await proof()).body).toMatchObject({ status: 409, code: 'archive_damaged', detail: altered });
    await testEnv.ARCHIVE.put(key, bytes as Uint8Array, {
      sha256: await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>),
    });
    expect((await proof()).status).toBe(200);
  });

  it('is held against the logs', async () => {
    await call('POST', '/v1/accounts/arc-1/deposits', { body: { amount: '5' } });
    const incomplete = [];
    for (let after = ''; ; ) {
      const { body } = await call('GET', `/v1/archive/completeness${after}`);
      const logs = body.logs as { state: string; archivedHash: string }[];
      incomplete.push(...logs.filter(({ state }) => state !== 'COMPLETE'));
      if (body.next === null) break;
      after = `?after=${body.next}`;
    }
    const { body: log } = await call('GET', '/v1/accounts/arc-1/events');
    const archivedHash = (log.events as { hash: string }[])[1]?.hash;
    expect(incomplete).toEqual([
      { aggregateType: 'account', aggregateId: 'arc-1', state: 'BEHIND', head: 3, archived: 2, archivedHash },
    ]);
    await archived(3, 'arc-1');
    const { body: checkpoints } = await call('GET', '/v1/audit/checkpoints?after=1&limit=1');
    expect(checkpoints).toMatchObject({
      checkpoints: [{ checkpoint: { sequence: 2, manifests: 2 } }],
      next: 2,
    });
    const { body: consistency } = await call('GET', '/v1/audit/checkpoints/consistency?from=1&to=2');
    expect((consistency.path as string[]).length).toBe(1);
    expect((await call('GET', '/v1/audit/checkpoints/consistency?from=2&to=1')).status).toBe(404);
  });

  it('takes as many events as make a file of some size', async () => {
    await opened('arc-2', { initialBalance: '100000000' });
    const commands = Array.from({ length: 4_000 }, (_, index) => ({
      commandId: crypto.randomUUID(),
      aggregateType: 'account',
      aggregateId: 'arc-2',
      type: 'DepositFunds',
      data: { amount: `${1 + ((index * 7919) % 9_973)}.25` },
    }));
    const { body } = await call('POST', '/v1/commands', { body: { commands } });
    expect(body.accepted).toBe(4_000);
    await archived(3 + 4_001, 'arc-2');
    const { body: proof } = await call('GET', '/v1/audit/account/arc-2/events/4001/proof');
    expect(proof).toMatchObject({ version: 4_001, manifest: { aggregateType: 'account' } });
  });

  it('is taken over by objects that have lost all they knew', async () => {
    const { body: before } = await call('GET', '/v1/archive');
    const { body: latest } = await call('GET', '/v1/audit/checkpoints/latest');
    for (const stub of [archivistStub(testEnv), notaryStub(testEnv)]) {
      await runInDurableObject(stub as DurableObjectStub, async (_, { storage }) => storage.deleteAll());
      await evictDurableObject(stub as DurableObjectStub);
    }
    expect((await call('GET', '/v1/archive')).body).toEqual(before);
    const { body } = await call('POST', '/v1/audit/checkpoints');
    expect(body).toEqual({ segments: 0, events: 0, signed: latest, unsigned: null });
  });

  it('refuses a second object of the same key', async () => {
    const [first] = (await testEnv.ARCHIVE.list({ prefix: 'manifests/' })).objects;
    const key = first?.key as string;
    const put = testEnv.ARCHIVE.put(key, 'other', { onlyIf: { etagDoesNotMatch: '*' } });
    expect(await put).toBeNull();
    // With the rules that a bucket has in production, and a local run simulates.
    const ruled = archiveBucket(testEnv.ARCHIVE, () => Date.now());
    await expect(ruled.put(key, 'other')).rejects.toThrow('locked by the bucket policy');
    await expect(ruled.delete(key)).rejects.toThrow('locked by the bucket policy');
    expect(await (await testEnv.ARCHIVE.get(key))?.text()).toMatch(/^\{"columns"/);
  });
});
