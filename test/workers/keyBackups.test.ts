/** Keys of personal data that were lost with their objects: what comes back over the API, to whom, and what never does. */
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import type { SubjectActor } from '../../actors/subject/actor.ts';
import type { KeyBackup } from '../../schemas/keyBackup.ts';
import { type PublishedEvent, parseEventsMessage } from '../../schemas/message.ts';
import { call, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';

const OPEN = { ...testEnv, RESTORE: 'open' };
const NO_EVENT = '0'.repeat(64);
const reason = 'ticket 4711';
const WAIT = { timeout: 20_000, interval: 50 };

const keyOf = (subjectId: string) => `subjects/${subjectId}`;
const stubOf = (subjectId: string) => testEnv.SUBJECTS.getByName(subjectId);
const together = async (subjectId: string) => {
  const answer = await stubOf(subjectId).rewrap();
  return answer.ok ? answer.standing : answer;
};

async function backupOf(subjectId: string): Promise<KeyBackup | undefined> {
  return (await (await testEnv.KEY_BACKUPS.get(keyOf(subjectId)))?.json()) as KeyBackup | undefined;
}

async function eventsOf(subjectId: string): Promise<PublishedEvent[]> {
  const texts = await stubOf(subjectId).messages(1, -1, true);
  return texts.flatMap((text) => parseEventsMessage(text).events);
}

/** The object loses all that it ever stored, and with it the instance that still has something to tell of it. */
async function lose(subjectId: string): Promise<void> {
  const stub = stubOf(subjectId) as unknown as DurableObjectStub;
  const lost = runInDurableObject(stub, async (_, state) => {
    await state.storage.deleteAlarm();
    await state.storage.deleteAll();
    await state.storage.sync();
    state.abort('lost');
  });
  await expect(lost).rejects.toThrow('lost');
}

/** Its log comes back from a copy. */
async function restore(subjectId: string, events: readonly PublishedEvent[]): Promise<void> {
  const sent = events.map(({ recordedAt, fingerprint, ...event }) => ({
    ...event,
    recordedAt: new Date(recordedAt).toISOString(),
    ...(fingerprint === undefined ? {} : { fingerprint: String(fingerprint) }),
  }));
  const path = `/v1/restore/subject/${subjectId}`;
  const filled = await call('POST', path, { body: { previousHash: NO_EVENT, events: sent }, env: OPEN });
  expect(filled.status).toBe(200);
  const { version, hash } = events.at(-1) as PublishedEvent;
  expect((await call('POST', `${path}/release`, { body: { version, hash }, env: OPEN })).status).toBe(200);
}

/** An order of a customer that nobody has heard of, and its keys in the backup. */
async function ordered(customerId: string): Promise<void> {
  const items = [{ productId: 'kb-tea', quantity: '1', unitPrice: '2' }];
  const order = { orderId: `order-${customerId}`, customerId, currency: 'GBP', items };
  const shipTo = { name: `Name of ${customerId}`, line1: '1 High St', country: 'United Kingdom' };
  const { status } = await call('POST', '/v1/orders', {
    body: { ...order, payment: { method: 'card', token: 'tok_ok' }, shipTo },
  });
  expect(status).toBe(202);
  await vi.waitFor(
    async () =>
      expect((await call('GET', `/v1/subjects/${customerId}`)).body).toMatchObject({ isBackedUp: true }),
    WAIT,
  );
}

const shipToOf = async (customerId: string, headers?: Record<string, string>) =>
  (await call('GET', `/v1/orders/order-${customerId}`, headers === undefined ? {} : { headers })).body.shipTo;

const erase = (subjectId: string) => call('POST', `/v1/subjects/${subjectId}/erase`, { body: { reason } });

const nameOf = (customerId: string) => ({ name: `Name of ${customerId}` });

describe('keys that were lost', () => {
  it('come back from the backup with the log, for those who may see what they encrypted, and for no others', async () => {
    await ordered('kb-1');
    const copy = await eventsOf('kb-1');
    await lose('kb-1');
    await restore('kb-1', copy);
    expect(await shipToOf('kb-1', await as('auditor'))).toEqual({ $masked: true });
    expect(await shipToOf('kb-1', await as('operations'))).toMatchObject(nameOf('kb-1'));
    expect((await eventsOf('kb-1')).at(-1)).toMatchObject({
      eventType: 'SubjectKeysRecovered',
      metadata: { userId: 'backup' },
    });
  });

  it('are said to be lost where no backup has them, until a copy of it is put back', async () => {
    await ordered('kb-2');
    const copy = await eventsOf('kb-2');
    const backup = (await backupOf('kb-2')) as KeyBackup;
    await lose('kb-2');
    await testEnv.KEY_BACKUPS.delete(keyOf('kb-2'));
    await restore('kb-2', copy);
    expect(await shipToOf('kb-2')).toEqual({ $unreadable: true });
    expect(await together('kb-2')).toMatchObject({ recovered: 0, isLacking: true });
    const body = { backups: [backup] };
    expect(verdict(await call('POST', '/v1/restore/key-backups', { body }))).toBe('409 restore_closed');
    const headers = await as('operations');
    expect((await call('POST', '/v1/restore/key-backups', { body, env: OPEN, headers })).status).toBe(403);
    expect((await call('POST', '/v1/restore/key-backups', { body, env: OPEN })).body).toEqual({
      subjects: 1,
      rewrapped: 0,
      recovered: 1,
      lacking: [],
      failed: [],
      kept: [],
    });
    expect(await shipToOf('kb-2')).toMatchObject(nameOf('kb-2'));
    expect(await backupOf('kb-2')).toEqual(backup);
    // Again, it changes nothing.
    expect((await call('POST', '/v1/restore/key-backups', { body, env: OPEN })).body).toMatchObject({
      recovered: 0,
      kept: ['kb-2'],
    });
  });

  it('come back from the copy that has them, whatever was put back before; what nobody can read stays until somebody removes it', async () => {
    await ordered('kb-17');
    expect((await call('POST', '/v1/subjects/kb-17/rotate-key', { body: { reason } })).status).toBe(200);
    await vi.waitFor(async () => expect((await backupOf('kb-17'))?.keys).toHaveLength(2), WAIT);
    const [log, copy] = [await eventsOf('kb-17'), (await backupOf('kb-17')) as KeyBackup];
    const [first, second] = copy.keys as [KeyBackup['keys'][0], KeyBackup['keys'][0]];
    await lose('kb-17');
    await testEnv.KEY_BACKUPS.put(keyOf('kb-17'), 'no backup');
    await restore('kb-17', log);
    const putBack = async (...keys: KeyBackup['keys']) => {
      const body = { backups: [{ subjectId: 'kb-17', keys, erasedAt: null }] };
      return (await call('POST', '/v1/restore/key-backups', { body, env: OPEN })).body;
    };
    const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    expect(await putBack({ ...first, wrapped: second.wrapped })).toMatchObject({ failed: ['kb-17'] });
    for (const keys of [[first], [first, second]]) {
      expect(await putBack(...keys)).toMatchObject({ failed: ['kb-17'] });
      expect(await (await testEnv.KEY_BACKUPS.get(keyOf('kb-17')))?.text()).toBe('no backup');
    }
    print.mockRestore();
    // All of it is here, whether the backup has it or not.
    expect(await shipToOf('kb-17')).toMatchObject(nameOf('kb-17'));
    await testEnv.KEY_BACKUPS.delete(keyOf('kb-17'));
    expect(await together('kb-17')).toMatchObject({ recovered: 0, isLacking: false });
    expect(await backupOf('kb-17')).toEqual(copy);
    expect(await putBack(first)).toMatchObject({ recovered: 0, failed: [], lacking: [], kept: ['kb-17'] });
    expect(await shipToOf('kb-17')).toMatchObject(nameOf('kb-17'));
  });

  it.each([
    ['no backup at all', []],
    ['one without keys', [{ subjectId: 'kb-3', keys: [], erasedAt: null }]],
    ['one of something that is no key', [{ subjectId: 'kb-3', keys: [{ version: 1 }], erasedAt: null }]],
    ['one of nobody', [{ subjectId: 'a/b', keys: [], erasedAt: '2026-11-21T09:30:00.000Z' }]],
  ])('do not come from %s', async (_, backups) => {
    expect((await call('POST', '/v1/restore/key-backups', { body: { backups }, env: OPEN })).status).toBe(
      400,
    );
  });
});

describe('an erasure', () => {
  it('is answered once the backup has no key, and no older copy brings one back, whatever is restored', async () => {
    await ordered('kb-4');
    const [copy, backup] = [await eventsOf('kb-4'), (await backupOf('kb-4')) as KeyBackup];
    expect(backup.keys).toHaveLength(1);
    expect((await erase('kb-4')).status).toBe(200);
    const tombstone = { subjectId: 'kb-4', keys: [], erasedAt: expect.any(String) };
    expect(await backupOf('kb-4')).toEqual(tombstone);
    await vi.waitFor(async () =>
      expect((await eventsOf('kb-4')).at(-1)?.eventType).toBe('SubjectBackupErased'),
    );
    const whole = await eventsOf('kb-4');
    const again = { body: { backups: [backup] }, env: OPEN };
    // In the environment as it is; restored as it was; and restored from an archive that ends before the erasure.
    for (const events of [undefined, whole, copy]) {
      if (events !== undefined) {
        await lose('kb-4');
        await restore('kb-4', events);
      }
      const { body } = await call('POST', '/v1/restore/key-backups', again);
      expect(body).toMatchObject({ recovered: 0, failed: [], lacking: [], kept: ['kb-4'] });
      expect(await shipToOf('kb-4')).toEqual({ $erased: true });
      expect(await backupOf('kb-4')).toEqual(tombstone);
    }
    // The bucket was lost as well, and the old copy is put into the new one: the log remembers.
    await testEnv.KEY_BACKUPS.delete(keyOf('kb-4'));
    await call('POST', '/v1/restore/key-backups', again);
    expect(await shipToOf('kb-4')).toEqual({ $erased: true });
    expect(await backupOf('kb-4')).toEqual(tombstone);
  });

  it('that the storage of the object has lost, keys and all, is told of, and made good by filling up its log', async () => {
    await ordered('kb-11');
    const [copy, backup] = [await eventsOf('kb-11'), (await backupOf('kb-11')) as KeyBackup];
    await erase('kb-11');
    const whole = await eventsOf('kb-11');
    await lose('kb-11');
    await restore('kb-11', copy);
    // As a recovery to a point in time brings it back: with the key that was destroyed later.
    const [key] = backup.keys;
    await runInDurableObject(stubOf('kb-11') as unknown as DurableObjectStub, (_, { storage: { sql } }) => {
      sql.exec('CREATE TABLE subject_keys (version INTEGER PRIMARY KEY, master TEXT, wrapped BLOB)');
      const wrapped = new Uint8Array(Buffer.from(key?.wrapped ?? '', 'base64')).buffer;
      sql.exec('INSERT INTO subject_keys VALUES (1, ?, ?)', key?.master, wrapped);
    });
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const limit = '/v1/subjects/rewrap-keys?limit=1000';
    expect((await call('POST', limit)).body.failed).toEqual(['kb-11']);
    expect(log.mock.calls.flat().join()).toContain('kb-11 is erased in the backup and has keys here');
    log.mockRestore();
    // An answer: what a method of an object throws is printed by the runtime as well, as uncaught.
    expect(await together('kb-11')).toMatchObject({ ok: false, error: 'ErasedInBackupAlone' });
    const { version, hash } = copy.at(-1) as PublishedEvent;
    const held = await call('POST', '/v1/restore/subject/kb-11/hold', { body: { version, hash }, env: OPEN });
    expect(held.body).toMatchObject({ restoring: true });
    await restore('kb-11', whole);
    const left = await runInDurableObject(stubOf('kb-11') as unknown as DurableObjectStub, (_, state) =>
      state.storage.sql.exec('SELECT * FROM subject_keys').toArray(),
    );
    expect(left).toEqual([]);
    expect(await shipToOf('kb-11')).toEqual({ $erased: true });
    expect(await together('kb-11')).toMatchObject({ isLacking: false });
  });

  it('in a batch is answered no sooner either', async () => {
    await ordered('kb-5');
    const command = { commandId: 'erase-kb-5', aggregateType: 'subject', aggregateId: 'kb-5' };
    const commands = [{ ...command, type: 'EraseSubject', data: { reason } }];
    expect((await call('POST', '/v1/commands', { body: { commands } })).body).toMatchObject({ accepted: 1 });
    expect(await backupOf('kb-5')).toMatchObject({ keys: [] });
  });

  it('that does not reach the backup is recorded and not answered: asked again, it is', async () => {
    await ordered('kb-6');
    const context = { userId: 'test', correlationId: 'test', causationId: null };
    const commands = [{ commandId: 'erase-kb-6', type: 'EraseSubject', data: { reason } }];
    const answers = await runInDurableObject(stubOf('kb-6'), async (instance, state) => {
      const Actor = instance.constructor as new (ctx: DurableObjectState, env: unknown) => SubjectActor;
      let isThere = false;
      const { KEY_BACKUPS: bucket } = testEnv;
      const put = (...args: Parameters<typeof bucket.put>) =>
        isThere ? bucket.put(...args) : Promise.reject(new Error('no answer'));
      const failing = { get: bucket.get.bind(bucket), put, list: bucket.list.bind(bucket) };
      const actor = new Actor(state, { ...testEnv, KEY_BACKUPS: failing });
      const first = await actor.execute(commands, context).catch((error: unknown) => error);
      isThere = true;
      return [first, await actor.execute(commands, context)] as const;
    });
    expect(answers[0]).toMatchObject({ retryable: true });
    expect(answers[1]).toMatchObject([{ status: 'replayed' }]);
    expect(await backupOf('kb-6')).toMatchObject({ keys: [], erasedAt: expect.any(String) });
  });
});

describe('the backup', () => {
  it('is listed page by page to administrators alone, wrapped, and has no text of anybody', async () => {
    for (const id of ['kb-7', 'kb-8', 'kb-9']) await ordered(id);
    expect((await call('GET', '/v1/key-backups', { headers: await as('operations') })).status).toBe(403);
    expect((await call('GET', '/v1/key-backups', { headers: await as('auditor') })).status).toBe(403);
    const listed: KeyBackup[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body, status } = await call('GET', `/v1/key-backups?limit=2${cursor && `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain('High St');
      listed.push(...(body.backups as KeyBackup[]));
      cursor = body.nextCursor as string | null;
    }
    const ids = listed.map(({ subjectId }) => subjectId);
    expect(ids).toEqual([...new Set(ids)].sort());
    for (const id of ['kb-7', 'kb-8', 'kb-9']) expect(ids).toContain(id);
  });

  it('is listed though some of it is damaged, which is named, whatever stands at the end of a page', async () => {
    const damaged = [
      ['subjects/kb-12', 'no backup'],
      [
        'subjects/kb-13',
        JSON.stringify({ subjectId: 'kb-14', keys: [], erasedAt: '2026-11-21T09:30:00.000Z' }),
      ],
      ['subjects/kb 15 / nobody', '{}'],
    ] as const;
    for (const [object, text] of damaged) await testEnv.KEY_BACKUPS.put(object, text);
    await ordered('kb-16');
    const [ids, failed]: [string[], unknown[]] = [[], []];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body, status } = await call('GET', `/v1/key-backups?limit=1${cursor && `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      ids.push(...(body.backups as KeyBackup[]).map(({ subjectId }) => subjectId));
      failed.push(...(body.failed as unknown[]));
      cursor = body.nextCursor as string | null;
    }
    expect(ids).toContain('kb-16');
    for (const id of ['kb-12', 'kb-13', 'kb-14']) expect(ids).not.toContain(id);
    expect(failed).toEqual([
      { object: 'subjects/kb 15 / nobody', reason: 'the backup of kb 15 / nobody is none' },
      { object: 'subjects/kb-12', reason: 'the backup of kb-12 is none' },
      { object: 'subjects/kb-13', reason: "the backup of kb-13 is another subject's" },
    ]);
    for (const [object] of damaged) await testEnv.KEY_BACKUPS.delete(object);
  });

  it('of subjects whose log was never archived gives them back to the platform, to be erased', async () => {
    await ordered('kb-10');
    await lose('kb-10');
    expect((await erase('kb-10')).status).toBe(404);
    expect(await shipToOf('kb-10')).toMatchObject(nameOf('kb-10'));
    // Nobody knows any more whether it was held: an auditor says so.
    expect(verdict(await erase('kb-10'))).toBe('409 hold_unknown');
    const hold = '/v1/subjects/kb-10/hold';
    expect((await call('PUT', hold, { body: { reason: 'the log was lost' } })).status).toBe(200);
    expect(verdict(await erase('kb-10'))).toBe('409 legal_hold');
    expect((await call('DELETE', `${hold}?reason=no-case`)).status).toBe(200);
    expect((await erase('kb-10')).status).toBe(200);
    expect(await shipToOf('kb-10')).toEqual({ $erased: true });
  });
});
