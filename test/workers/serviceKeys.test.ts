/** Keys of services over HTTP: an administrator gives them out, services use them, and both leave their traces. */
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { SERVICE_KEY_VERIFIED_MS } from '../../workers/access/authenticator.ts';
import { actorStub } from '../../workers/aggregates.ts';
import { call, eventually, opened, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';

const secretOf = (name: string) => name.padEnd(43, '-');
const hashOf = (name: string) => createHash('sha256').update(secretOf(name)).digest('hex');
const bearer = (keyId: string, name: string) => ({
  Authorization: `Bearer folio~${keyId}~${secretOf(name)}`,
});

async function issue(keyId: string, more: object = {}, headers: Record<string, string> = {}) {
  const body = { keyId, secretHash: hashOf('one'), roles: ['trader'], description: 'A test', ...more };
  return call('POST', '/v1/service-keys', { body, headers });
}

const withdraw = (accountId: string, headers: Record<string, string>) =>
  call('POST', `/v1/accounts/${accountId}/withdrawals`, { body: { amount: '1' }, headers });

/** Lets the time pass after which a key is looked at again. */
async function later<Result>(look: () => Promise<Result>): Promise<Result> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + SERVICE_KEY_VERIFIED_MS + 1_000 });
  try {
    return await look();
  } finally {
    vi.useRealTimers();
  }
}

describe('a service key', () => {
  it('lets a service do what it says, on the accounts it says, under its own name', async () => {
    for (const id of ['key-1', 'key-2']) await opened(id);
    expect((await issue('settlement', { accounts: ['key-1'] })).status).toBe(201);
    const headers = bearer('settlement', 'one');
    expect((await withdraw('key-1', headers)).status).toBe(200);
    expect(verdict(await withdraw('key-2', headers))).toBe('403 forbidden');
    expect(verdict(await call('GET', '/v1/views', { headers }))).toBe('403 forbidden');
    const { body } = await call('GET', '/v1/accounts/key-1/events?fromVersion=2');
    expect(body.events).toMatchObject([{ metadata: { userId: 'service:settlement' } }]);
  });

  it('is known by its secret alone', async () => {
    await issue('secretive');
    for (const headers of [
      bearer('secretive', 'two'),
      bearer('nobody', 'one'),
      { Authorization: `Bearer folio~secretive~${hashOf('one')}` },
      { Authorization: 'Bearer folio~secretive~' },
    ]) {
      expect(verdict(await call('GET', '/v1/event-types', { headers }))).toBe('401 unauthenticated');
    }
    expect((await call('GET', '/v1/event-types', { headers: bearer('secretive', 'one') })).status).toBe(200);
  });

  it('is repeated as any command is', async () => {
    const headers = { 'Idempotency-Key': 'issue-1' };
    const first = await issue('repeated', {}, headers);
    const again = await issue('repeated', {}, headers);
    expect([first.status, again.status, again.headers.get('Idempotency-Replayed')]).toEqual([
      201,
      201,
      'true',
    ]);
    expect(again.body).toEqual(first.body);
    expect(verdict(await issue('repeated'))).toBe('409 service_key_already_issued');
    expect(verdict(await issue('repeated', { description: 'Another' }, headers))).toBe(
      '409 command_id_reused',
    );
  });

  it('is rotated: the new secret counts at once, the old one for the time of grace', async () => {
    await issue('rotated');
    const rotation = { secretHash: hashOf('two'), graceSeconds: 3_600 };
    expect((await call('POST', '/v1/service-keys/rotated/rotate', { body: rotation })).status).toBe(200);
    for (const name of ['one', 'two']) {
      expect((await call('GET', '/v1/event-types', { headers: bearer('rotated', name) })).status).toBe(200);
    }
    await call('POST', '/v1/service-keys/rotated/rotate', { body: { secretHash: hashOf('three') } });
    await later(async () => {
      for (const [name, status] of [
        ['one', 401],
        ['two', 401],
        ['three', 200],
      ] as const) {
        expect((await call('GET', '/v1/event-types', { headers: bearer('rotated', name) })).status).toBe(
          status,
        );
      }
    });
  });

  it('is revoked: it ends within seconds, also where it was used just now', async () => {
    await issue('revoked');
    const headers = bearer('revoked', 'one');
    expect((await call('GET', '/v1/event-types', { headers })).status).toBe(200);
    await call('POST', '/v1/service-keys/revoked/revoke', { body: { reason: 'leaked' } });
    await later(async () => {
      expect(verdict(await call('GET', '/v1/event-types', { headers }))).toBe('401 unauthenticated');
    });
    const rotation = { secretHash: hashOf('two') };
    expect(verdict(await call('POST', '/v1/service-keys/revoked/rotate', { body: rotation }))).toBe(
      '422 service_key_revoked',
    );
  });

  it('is named in the log where a secret of before is still used, and what is no key is not', async () => {
    await issue('left-behind');
    await call('POST', '/v1/service-keys/left-behind/rotate', { body: { secretHash: hashOf('two') } });
    const logged = vi.spyOn(console, 'log').mockReturnValue();
    const env = { ...testEnv, LOG_LEVEL: 'info' };
    const details: unknown[] = [];
    for (const [keyId, secret] of [
      ['left-behind', 'one'],
      ['left-behind', 'three'],
      ['a-secret-in-its-place', 'one'],
    ] as const) {
      const { body } = await call('GET', '/v1/event-types', { env, headers: bearer(keyId, secret) });
      details.push(body.detail);
    }
    const entries = logged.mock.calls
      .map(([line]) => JSON.parse(String(line)) as Record<string, string>)
      .filter(({ message }) => message === 'caller refused');
    logged.mockRestore();
    expect(entries.map(({ refusal, keyId }) => [refusal, keyId])).toEqual([
      ['expired', 'left-behind'],
      ['secret', 'left-behind'],
      ['unknown', undefined],
    ]);
    const other = 'The token is not accepted here.';
    expect(details).toEqual(['The token has expired.', other, other]);
  });

  it('ends when it expires', async () => {
    await issue('short', { expiresAt: new Date(Date.now() + 3_000).toISOString() });
    const headers = bearer('short', 'one');
    expect((await call('GET', '/v1/event-types', { headers })).status).toBe(200);
    await later(async () => {
      expect((await call('GET', '/v1/event-types', { headers })).status).toBe(401);
    });
  });

  it('is listed and shown without its hashes, to administrators and auditors', async () => {
    for (const id of ['list-a', 'list-b', 'list-c']) await issue(id);
    const ids: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await call('GET', `/v1/service-keys?limit=2${cursor}`, {
        headers: await as('auditor'),
      });
      ids.push(...(body.serviceKeys as { keyId: string }[]).map(({ keyId }) => keyId));
      expect(JSON.stringify(body)).not.toContain(hashOf('one'));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(ids).toEqual([...ids].sort());
    expect(ids).toEqual(expect.arrayContaining(['list-a', 'list-b', 'list-c']));
    expect((await call('GET', '/v1/service-keys/list-a')).body).toEqual({
      keyId: 'list-a',
      status: 'ACTIVE',
      roles: ['trader'],
      accounts: null,
      description: 'A test',
      expiresAt: null,
      previousValidUntil: null,
      version: 1,
    });
    expect(verdict(await call('GET', '/v1/service-keys/nobody'))).toBe('404 service_key_not_found');
  });

  it('cannot be given out by a key that is no administrator, not in a batch either', async () => {
    await issue('operator', { roles: ['operations', 'risk', 'auditor', 'trader'] });
    const headers = bearer('operator', 'one');
    const body = { keyId: 'sneaky', secretHash: hashOf('one'), roles: ['admin'], description: 'Mine' };
    expect(verdict(await call('POST', '/v1/service-keys', { body, headers }))).toBe('403 forbidden');
    const { keyId: _, ...data } = body;
    const command = {
      commandId: 'sneaky-1',
      aggregateType: 'serviceKey',
      aggregateId: 'sneaky',
      type: 'IssueServiceKey',
      data,
    };
    const reply = await call('POST', '/v1/commands', { body: { commands: [command] }, headers });
    expect(reply.body.results).toMatchObject([{ status: 'refused', code: 'forbidden' }]);
    expect(verdict(await call('GET', '/v1/service-keys/sneaky'))).toBe('404 service_key_not_found');
  });
});

describe('refused access', () => {
  const today = () => new Date().toISOString().slice(0, 10);

  it('is on record: who, what, of which account, and how often', async () => {
    await opened('guarded-1');
    const headers = await as('trader', ['other']);
    for (let place = 0; place < 3; place++) {
      const denied = await call('GET', '/v1/accounts/guarded-1', {
        headers: { ...headers, 'X-Correlation-Id': `denied-${place}` },
      });
      expect(verdict(denied)).toBe('403 forbidden');
    }
    await call('GET', '/v1/views', { headers });
    await call('GET', '/v1/accounts/%00%00/trades', { headers });
    const commands = [
      {
        commandId: 'd-1',
        aggregateType: 'account',
        aggregateId: 'guarded-1',
        type: 'DepositFunds',
        data: { amount: '1' },
      },
    ];
    await call('POST', '/v1/commands', { body: { commands }, headers });
    const { body } = await call('GET', `/v1/audit/accessLog/${today()}`);
    expect(body.ok).toBe(true);
    const log = await actorStub(testEnv, { aggregateType: 'accessLog', aggregateId: today() }).events(
      1,
      1_000,
    );
    const mine = (
      JSON.parse(log) as { data: { userId: string; aggregateId: string }; metadata: object }[]
    ).filter(({ data }) => data.userId === 'user:trader');
    const denial = (operation: string, aggregateId: string | null) => ({
      userId: 'user:trader',
      roles: ['trader'],
      operation,
      aggregateType: aggregateId === null ? null : 'account',
      aggregateId,
      denials: 1,
    });
    expect(mine.map(({ data }) => data)).toEqual([
      denial('getAccount', 'guarded-1'),
      denial('getViews', null),
      denial('getTrades', null),
      denial('DepositFunds', 'guarded-1'),
    ]);
    expect(mine[0]?.metadata).toMatchObject({ userId: 'user:trader', correlationId: 'denied-0' });
  });

  it('cannot be forged: clients cannot send the command', async () => {
    const data = {
      userId: 'x',
      roles: [],
      operation: 'x',
      aggregateType: null,
      aggregateId: null,
      denials: 1,
    };
    const command = {
      commandId: 'forged',
      aggregateType: 'accessLog',
      aggregateId: today(),
      type: 'RecordDenial',
      data,
    };
    const { body } = await call('POST', '/v1/commands', { body: { commands: [command] } });
    expect(body.results).toMatchObject([{ status: 'refused', code: 'invalid_request' }]);
  });
});

describe('the events of keys and of subjects', () => {
  const KEY = 'watched-key';
  const shows = async (path: string, headers: Record<string, string>) => {
    const reply = await call('GET', path, { headers });
    if (reply.status !== 200) return verdict(reply);
    return (reply.body.events as object[] | undefined)?.length === 0 ? 'none' : 'shown';
  };

  it('are shown to whoever may see those, by whatever way events are read', async () => {
    await issue(KEY);
    const audit = `/v1/audit/serviceKey/${KEY}`;
    const feed = `/v1/events?aggregateType=serviceKey&aggregateId=${KEY}`;
    await eventually(async () => expect(await shows(feed, await as('admin'))).toBe('shown'));
    for (const role of ['auditor', 'admin'] as const) {
      expect([await shows(audit, await as(role)), await shows(feed, await as(role))]).toEqual([
        'shown',
        'shown',
      ]);
    }
    for (const role of ['operations', 'risk'] as const) {
      const headers = await as(role);
      const stream = `/v1/stream/serviceKey/${KEY}`;
      for (const path of [audit, `${audit}/events/1/proof`, stream])
        expect(await shows(path, headers), `${role} ${path}`).toBe('403 forbidden');
      expect(await shows(feed, headers)).toBe('none');
      const { events } = (await call('GET', '/v1/events?limit=1000', { headers })).body;
      expect((events as { aggregateType: string }[]).map((each) => each.aggregateType)).not.toContain(
        'serviceKey',
      );
      const query = `{ events(aggregateId: "${KEY}") { edges { node { eventId } } } audit(aggregateType: serviceKey, id: "${KEY}") { ok } }`;
      const { body } = await call('POST', '/v1/graphql', { headers, body: { query } });
      expect(body).toMatchObject({
        data: { events: { edges: [] }, audit: null },
        errors: [{ extensions: { code: 'forbidden' } }],
      });
    }
  });

  it('of a subject are for fewer than read across the platform', async () => {
    expect(await shows('/v1/audit/subject/nobody', await as('risk'))).toBe('403 forbidden');
    expect(await shows('/v1/audit/subject/nobody', await as('operations'))).toBe('404 aggregate_not_found');
    expect(await shows('/v1/stream/subject/nobody', await as('risk'))).toBe('403 forbidden');
  });
});
