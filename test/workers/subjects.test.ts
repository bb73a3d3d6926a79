/** Subjects over HTTP: who holds them, who erases them, and what their keys do meanwhile. */
import { createScheduledController, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import type { SubjectActor } from '../../actors/subject/actor.ts';
import { newPersonalDataKey } from '../../local/personalDataKey.ts';
import type { Encrypted } from '../../schemas/personal.ts';
import type { Env } from '../../workers/env.ts';
import worker from '../../workers/index.ts';
import { handleScheduled } from '../../workers/scheduled.ts';
import { call, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';

const reason = 'ticket 4711';
const context = { userId: 'test', correlationId: 'test', causationId: null };

const keysOf = (subjectId: string) => testEnv.SUBJECTS.getByName(subjectId);

/** Has a value of the subject encrypted. */
async function sealed(subjectId: string, text = '"1 High St"'): Promise<Encrypted> {
  const answer = await keysOf(subjectId).seal([{ kind: 'address', text }], true, context);
  if (!answer.ok) throw new Error(answer.code);
  return answer.values[0]?.encrypted as Encrypted;
}

const opened = (subjectId: string, encrypted: Encrypted) =>
  keysOf(subjectId).open([{ kind: 'address', encrypted }]);

const subject = (id: string) => call('GET', `/v1/subjects/${id}`);

describe('a subject', () => {
  it('is erased by who operates, and not while an auditor holds it', async () => {
    const [operator, auditor] = [await as('operations'), await as('auditor')];
    const encrypted = await sealed('erased-1');
    const erase = () => call('POST', '/v1/subjects/erased-1/erase', { body: { reason }, headers: operator });
    const hold = (method: string, headers: Record<string, string>) =>
      method === 'PUT'
        ? call('PUT', '/v1/subjects/erased-1/hold', { body: { reason }, headers })
        : call('DELETE', `/v1/subjects/erased-1/hold?reason=${encodeURIComponent(reason)}`, { headers });
    expect((await hold('PUT', auditor)).status).toBe(200);
    expect(verdict(await erase())).toBe('409 legal_hold');
    expect(verdict(await hold('DELETE', operator)), 'who erases lifts no hold').toBe('403 forbidden');
    expect(
      verdict(await call('POST', '/v1/subjects/erased-1/erase', { body: { reason }, headers: auditor })),
    ).toBe('403 forbidden');
    expect((await subject('erased-1')).body).toMatchObject({
      status: 'ACTIVE',
      hold: { reason },
      keyVersion: 1,
    });
    expect(await opened('erased-1', encrypted)).toEqual([{ status: 'open', text: '"1 High St"' }]);

    expect((await hold('DELETE', auditor)).status).toBe(200);
    expect(verdict(await hold('DELETE', auditor))).toBe('422 no_legal_hold');
    expect((await erase()).status).toBe(200);
    expect(verdict(await erase())).toBe('409 already_erased');
    expect(verdict(await hold('PUT', auditor))).toBe('409 already_erased');
    expect((await subject('erased-1')).body).toMatchObject({
      status: 'ERASED',
      hold: null,
      erasedAt: expect.any(String),
    });
    await vi.waitFor(async () =>
      expect((await subject('erased-1')).body).toMatchObject({ isBackedUp: true, version: 6 }),
    );
    expect(await opened('erased-1', encrypted)).toEqual([{ status: 'erased' }]);
    const audit = await call('GET', '/v1/audit/subject/erased-1');
    expect(audit.body).toMatchObject({ ok: true, version: 6 });
  });

  it('answers a repeated erasure as it answered the first', async () => {
    await sealed('repeated-1');
    const headers = { 'Idempotency-Key': 'erase-repeated-1' };
    const erase = (why = reason) =>
      call('POST', '/v1/subjects/repeated-1/erase', { body: { reason: why }, headers });
    const first = await erase();
    const again = await erase();
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(verdict(await erase('another reason'))).toBe('409 command_id_reused');
  });

  it('that nobody has heard of is not found, and not made by being asked for', async () => {
    expect(verdict(await subject('nobody-1'))).toBe('404 subject_not_found');
    expect(verdict(await call('POST', '/v1/subjects/nobody-1/erase', { body: { reason } }))).toBe(
      '404 subject_not_found',
    );
    expect(await keysOf('nobody-1').seal([{ kind: 'address', text: '"x"' }], false, context)).toMatchObject({
      ok: false,
      code: 'no_key',
    });
    const tables = await runInDurableObject(keysOf('nobody-1'), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '_cf_%'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it('that is erased and asked for a hold in the same moment is one or the other', async () => {
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const id = `race-${index}`;
        const encrypted = await sealed(id);
        const [erased, held] = await Promise.all([
          call('POST', `/v1/subjects/${id}/erase`, { body: { reason } }),
          call('PUT', `/v1/subjects/${id}/hold`, { body: { reason } }),
        ]);
        const outcome = [erased, held].map(verdict).join(', ');
        expect(['200, 409 already_erased', '409 legal_hold, 200']).toContain(outcome);
        const [answer] = await opened(id, encrypted);
        expect(answer?.status).toBe(erased.status === 200 ? 'erased' : 'open');
      }),
    );
  });

  it('that is held is told whether the archive keeps what is over its term, which is so while removal is suspended', async () => {
    const suspended = { ...testEnv, ARCHIVE_REMOVAL: 'suspended' };
    const hold = async (env: Env) =>
      (await call('PUT', '/v1/subjects/held-archive/hold', { body: { reason }, env })).body.archiveRemoval;
    expect(await hold(testEnv)).toBe('AFTER_TERM');
    expect(await hold(suspended)).toBe('SUSPENDED');
    const segment = 'segments/7y/order/2026-11-21/000000000001-aa.parquet';
    await testEnv.ARCHIVE.put(segment, 'events');
    const eightYears = 8 * 366 * 86_400_000;
    const hour = 3_600_000;
    const later = Math.ceil((Date.now() + eightYears) / hour) * hour;
    await handleScheduled(suspended, later);
    expect(await testEnv.ARCHIVE.head(segment)).not.toBeNull();
    await worker.scheduled(createScheduledController({ scheduledTime: later }), testEnv);
    expect(await testEnv.ARCHIVE.head(segment), 'a tick of the future').not.toBeNull();
    await handleScheduled(testEnv, later);
    expect(await testEnv.ARCHIVE.head(segment)).toBeNull();
  });

  it('is not held where it cannot be told what becomes of the archive: nothing is done, and the environment is not ready', async () => {
    const env = { ...testEnv, ARCHIVE_REMOVAL: 'suspnded' };
    const hold = { body: { reason }, env, headers: { 'Idempotency-Key': 'hold-mistyped' } };
    for (const _ of ['first', 'again']) {
      expect(verdict(await call('PUT', '/v1/subjects/held-mistyped/hold', hold))).toBe('500 internal_error');
    }
    expect(verdict(await call('GET', '/v1/subjects/held-mistyped'))).toBe('404 subject_not_found');
    expect(verdict(await call('GET', '/readyz', { env }))).toBe('503 not_ready');
    expect(verdict(await call('GET', '/readyz', { env: { ...testEnv } }))).toBe('200');
    const corrected = await call('PUT', '/v1/subjects/held-mistyped/hold', { ...hold, env: testEnv });
    expect(verdict(corrected)).toBe('200');
  });

  it('gets another key, and keeps what the one before encrypted', async () => {
    const before = await sealed('rotated-1');
    const rotate = () => call('POST', '/v1/subjects/rotated-1/rotate-key', { body: { reason } });
    expect((await rotate()).status).toBe(200);
    const after = await sealed('rotated-1', '"2 High St"');
    expect([before.$enc.keyVersion, after.$enc.keyVersion]).toEqual([1, 2]);
    expect(await opened('rotated-1', before)).toEqual([{ status: 'open', text: '"1 High St"' }]);
    expect(await opened('rotated-1', after)).toEqual([{ status: 'open', text: '"2 High St"' }]);
    await call('PUT', '/v1/subjects/held-only/hold', { body: { reason } });
    expect(verdict(await call('POST', '/v1/subjects/held-only/rotate-key', { body: { reason } }))).toBe(
      '422 subject_without_key',
    );
  });

  it.each([
    ['POST', '/v1/subjects/a.b/erase', { reason }],
    ['POST', '/v1/subjects/x/erase', {}],
    ['POST', '/v1/subjects/x/erase', { reason: '' }],
    ['POST', '/v1/subjects/x/erase', { reason, force: true }],
    ['PUT', '/v1/subjects/x/hold', { reason: 'two\nlines' }],
    ['DELETE', '/v1/subjects/x/hold', undefined],
    ['DELETE', '/v1/subjects/x/hold?reason=a&reason=b', undefined],
    ['POST', '/v1/subjects/rewrap-keys?limit=0', undefined],
  ])('refuses %s %s with %j', async (method, path, body) => {
    expect((await call(method, path, { body })).status).toBe(400);
  });

  it("is told nothing by clients that is the platform's to say", async () => {
    const commands = ['CreateSubjectKey', 'Seal'].map((type) => ({
      commandId: `forged-${type}`,
      aggregateType: 'subject',
      aggregateId: 'forged-1',
      type,
      data: {},
    }));
    const { body } = await call('POST', '/v1/commands', { body: { commands } });
    expect(body).toMatchObject({
      refused: 2,
      results: [{ code: 'invalid_request' }, { code: 'invalid_request' }],
    });
  });
});

describe('master keys', () => {
  /** Another instance of the subject's actor, on the same storage, with other master keys. */
  const withMasters = (subjectId: string, keys: string | undefined, task: (actor: SubjectActor) => unknown) =>
    runInDurableObject(keysOf(subjectId), async (instance, state) => {
      const { PERSONAL_DATA_KEYS: _, ...env } = testEnv;
      const bindings = keys === undefined ? env : { ...env, PERSONAL_DATA_KEYS: keys };
      const Actor = instance.constructor as new (ctx: DurableObjectState, env: unknown) => SubjectActor;
      return await task(new Actor(state, bindings));
    });

  it('are replaced while everything stays readable', async () => {
    const old = testEnv.PERSONAL_DATA_KEYS as string;
    const next = newPersonalDataKey();
    const encrypted = await sealed('master-1');
    const open = (actor: SubjectActor) => actor.open([{ kind: 'address', encrypted }]);
    const clear = [{ status: 'open', text: '"1 High St"' }];
    expect(await withMasters('master-1', `${next} ${old}`, open)).toEqual(clear);
    expect(await withMasters('master-1', `${next} ${old}`, (actor) => actor.rewrap())).toMatchObject({
      standing: { rewrapped: 1 },
    });
    expect(await withMasters('master-1', next, open)).toEqual(clear);
    expect(await withMasters('master-1', old, open)).toEqual([{ status: 'unreadable' }]);
    // As it was, for the tests that follow.
    expect(await withMasters('master-1', `${old} ${next}`, (actor) => actor.rewrap())).toMatchObject({
      standing: { rewrapped: 1 },
    });
  });

  it('wrap the keys of all subjects anew, page by page, and what cannot be is named', async () => {
    const ids = ['rewrap-1', 'rewrap-2', 'rewrap-3'];
    for (const id of ids) await sealed(id);
    const foreign = newPersonalDataKey();
    await withMasters('rewrap-2', `${foreign} ${testEnv.PERSONAL_DATA_KEYS}`, (actor) => actor.rewrap());
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const failed: unknown[] = [];
    let subjects = 0;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body, status } = await call(
        'POST',
        `/v1/subjects/rewrap-keys?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      expect(status).toBe(200);
      subjects += body.subjects as number;
      failed.push(...(body.failed as string[]));
      cursor = body.nextCursor as string | null;
    }
    log.mockRestore();
    expect(subjects).toBeGreaterThanOrEqual(ids.length);
    expect(failed).toEqual(['rewrap-2']);
  });

  it('that are not there stop whatever would store, and the platform is not ready', async () => {
    await expect(
      withMasters('without-1', undefined, (actor) =>
        actor.seal([{ kind: 'address', text: '"x"' }], true, context),
      ),
    ).rejects.toThrow('the secret PERSONAL_DATA_KEYS is not bound');
    expect(await keysOf('without-1').head()).toBe(0);
    for (const PERSONAL_DATA_KEYS of ['', 'no key'])
      expect(verdict(await call('GET', '/readyz', { env: { ...testEnv, PERSONAL_DATA_KEYS } as Env }))).toBe(
        '503 not_ready',
      );
  });
});
