/** What clients are told when a part of the platform fails, and what the log says of it. */
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Untold } from '../../queues/reconciler/untold.ts';
import type { OpenFinding } from '../../schemas/reconciliation.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { accountStub, actorStub } from '../../workers/aggregates.ts';
import { ARCHIVE_MS_MAX, archivistFor, archivistStub } from '../../workers/archive.ts';
import { directoryPart } from '../../workers/directory.ts';
import type { Env } from '../../workers/env.ts';
import { app } from '../../workers/http/app.ts';
import { ANSWER_MS_MAX, Unanswered } from '../../workers/inTime.ts';
import { pacingOf } from '../../workers/pacing.ts';
import { handleQueue } from '../../workers/queue.ts';
import { checksOf } from '../../workers/reconcilerChecks.ts';
import { handleScheduled } from '../../workers/scheduled.ts';
import { DATABASE_MS_MAX } from '../../workers/viewDatabase.ts';
import { call, checkReply, opened, type Reply, TEST_TOKEN, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';

/** An error as the runtime gives it when an object fails. */
function runtimeError(flags: object): Error {
  return Object.assign(new Error('secret detail of the platform'), { remote: true, ...flags });
}

/** The bindings, with accounts named `broken…` that fail in every call. */
function envWithBroken(error: Error): Env {
  const fail = () => Promise.reject(error);
  const broken = { execute: fail, executeBrief: fail, read: fail, head: fail };
  const getByName = (name: string) => (name.startsWith('broken') ? broken : accountStub(testEnv, name));
  return { ...testEnv, ACCOUNTS: { getByName } as unknown as Env['ACCOUNTS'] };
}

async function send(env: Env, method: string, path: string, body?: unknown): Promise<Reply> {
  const headers = {
    Authorization: `Bearer ${TEST_TOKEN}`,
    'Content-Type': 'application/json',
    'X-Correlation-Id': 'cor-1',
  };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await app.fetch(
    new Request(`http://folio.test${path}`, { method, headers, ...text }),
    env,
  );
  const reply = {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Reply['body'],
  };
  checkReply(method, path, reply);
  return reply;
}

const deposit = (aggregateId: string, commandId: string) => ({
  commandId,
  aggregateType: 'account',
  aggregateId,
  type: 'DepositFunds',
  data: { amount: '17.17' },
});

/** What never answers. */
function silent(): Promise<unknown> {
  return new Promise(() => undefined);
}

/** Until the end of a test nobody has to wait for what takes so many milliseconds or more. */
function hurried(milliseconds: number): void {
  const start = globalThis.setTimeout;
  const timers = vi.spyOn(globalThis, 'setTimeout');
  timers.mockImplementation(((task: () => void, delay: number) =>
    start(task, delay >= milliseconds ? 1 : delay)) as typeof setTimeout);
  onTestFinished(() => timers.mockRestore());
}

describe('a failing object', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  afterEach(() => log.mockClear());

  it.each([{ retryable: true }, { overloaded: true }, { durableObjectReset: true }])(
    'that may be well again (%o): 503',
    async (flags) => {
      const env = envWithBroken(runtimeError(flags));
      for (const [method, path, body] of [
        ['GET', '/v1/accounts/broken'],
        ['POST', '/v1/accounts/broken/deposits', { amount: '1' }],
      ] as const) {
        const reply = await send(env, method, path, body);
        expect([reply.status, reply.body.code, reply.headers.get('Retry-After')]).toEqual([
          503,
          'unavailable',
          '1',
        ]);
        // What was sent may have run before the object failed: without a key, a deposit that is sent again is a second one.
        expect(reply.body.detail).toContain('`Idempotency-Key`');
      }
    },
  );

  it('by a bug: 500, of which the log says more than the client hears', async () => {
    const env = envWithBroken(runtimeError({}));
    const reply = await send(env, 'POST', '/v1/accounts/broken/deposits', { amount: '17.17' });
    expect([reply.status, reply.body.code]).toEqual([500, 'internal_error']);
    expect(JSON.stringify(reply.body)).not.toContain('secret');
    const line = JSON.parse(log.mock.calls[0]?.[0] as string) as object;
    expect(line).toMatchObject({
      level: 'error',
      correlationId: 'cor-1',
      errorMessage: 'secret detail of the platform',
    });
    expect(JSON.stringify(line)).not.toContain('17.17');
  });

  it('takes nothing else of its batch with it', async () => {
    await opened('whole');
    const commands = [
      deposit('whole', 'd-1'),
      deposit('broken-1', 'd-2'),
      deposit('whole', 'd-3'),
      deposit('broken-2', 'd-4'),
    ];
    const { body } = await send(envWithBroken(runtimeError({})), 'POST', '/v1/commands', { commands });
    expect(body).toMatchObject({
      accepted: 2,
      refused: 2,
      results: [
        { commandId: 'd-1', status: 'accepted', version: 2 },
        { commandId: 'd-2', status: 'refused', code: 'internal_error' },
        { commandId: 'd-3', status: 'accepted', version: 3 },
        { commandId: 'd-4', status: 'refused', code: 'internal_error' },
      ],
    });
    expect(log).toHaveBeenCalledTimes(2);
  });

  it.each([{ retryable: true }, { overloaded: true }])(
    'that may be well again (%o) says so in its places of a batch',
    async (flags) => {
      const commands = [deposit('broken', 'd-1'), deposit('broken', 'd-2')];
      const { body } = await send(envWithBroken(runtimeError(flags)), 'POST', '/v1/commands', { commands });
      expect(body).toMatchObject({
        accepted: 0,
        results: commands.map(({ commandId }) => ({ commandId, status: 'refused', code: 'unavailable' })),
      });
    },
  );

  it('that never answers a reader: 503 after a while', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const actor = { read: silent, head: silent, verify: silent };
      const env = { ...testEnv, ACCOUNTS: { getByName: () => actor } as unknown as Env['ACCOUNTS'] };
      for (const path of ['accounts/silent', 'accounts/silent/events', 'audit/account/silent']) {
        const reply = send(env, 'GET', `/v1/${path}`);
        while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
        await vi.advanceTimersByTimeAsync(ANSWER_MS_MAX);
        expect([path, verdict(await reply)]).toEqual([path, '503 unavailable']);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps the platform from being ready', async () => {
    const DIRECTORY = { getByName: () => ({ sweepCursor: () => Promise.reject(new Error('down')) }) };
    const env = { ...testEnv, DIRECTORY: DIRECTORY as unknown as Env['DIRECTORY'] };
    expect((await send(env, 'GET', '/readyz')).body.code).toBe('not_ready');
    expect((await send(env, 'GET', '/healthz')).body).toEqual({ status: 'ok' });
    const bindings: Partial<Record<keyof Env, unknown>>[] = [
      { ACCOUNTS: { getByName: () => ({ head: () => Promise.reject(new Error('down')) }) } },
      { VIEWS_QUEUE: { metrics: () => Promise.reject(new Error('down')) } },
    ];
    for (const binding of bindings) {
      expect(verdict(await send({ ...testEnv, ...binding } as Env, 'GET', '/readyz'))).toBe('503 not_ready');
    }
    expect(verdict(await send(testEnv, 'GET', '/readyz'))).toBe('200');
  });

  it('does not keep it from being told who else does not answer', async () => {
    const others = (answers: readonly Promise<unknown>[]) =>
      answers.map((answer, index) => ({ name: `shard ${index + 1}`, answer: () => answer }));
    const ready = (answers: readonly Promise<unknown>[], more: object = {}) =>
      send({ ...testEnv, ...more, ALSO_READY: others(answers) } as Env, 'GET', '/readyz');
    const dead = () => Promise.reject(new Error('secret of the machine'));
    expect(verdict(await ready([Promise.resolve(), Promise.resolve()]))).toBe('200');
    const VIEWS_QUEUE = { metrics: dead };
    for (const more of [{}, { VIEWS_QUEUE }]) {
      const { body } = await ready([Promise.resolve(), dead(), dead()], more);
      expect(body).toMatchObject({ code: 'not_ready', detail: 'No answer yet from shard 2, shard 3.' });
    }
    const { body } = await ready([Promise.resolve()], { VIEWS_QUEUE });
    expect(body).toMatchObject({ detail: 'A binding does not answer yet, or is missing.' });
  });
});

describe('a failing view database', () => {
  function envWithFailing(message: string): Env {
    const down = () => {
      throw new Error(`D1_ERROR: ${message}`);
    };
    const database = { prepare: down, batch: down } as unknown as D1Database;
    return { ...testEnv, VIEWS_0: database, VIEWS_1: database } as Env;
  }

  it('leaves the portfolio to the actor', async () => {
    await opened('viewless');
    const env = envWithFailing('Network connection lost.');
    const reply = await send(env, 'GET', '/v1/accounts/viewless/portfolio');
    expect(reply).toMatchObject({ status: 200, body: { accountId: 'viewless', version: 1 } });
    expect(reply.headers.get('X-Read-Source')).toBe('actor');
    expect(reply.headers.get('X-View-Version')).toBe('0');
  });

  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  afterEach(() => log.mockClear());

  it.each([
    'Network connection lost.',
    'D1 DB is overloaded. Requests queued for too long.',
    'Internal error in D1 DB storage caused object to be reset.',
  ])('that may be well again (%s) has its readers come again: 503', async (message) => {
    for (const path of ['events', 'accounts', 'accounts/viewless/trades', 'views']) {
      const reply = await send(envWithFailing(message), 'GET', `/v1/${path}`);
      expect([path, verdict(reply), reply.headers.get('Retry-After')]).toEqual([
        path,
        '503 unavailable',
        '1',
      ]);
    }
  });

  /** A D1 database that takes every question and answers none. */
  function silentDatabase(): D1Database {
    const statement = { bind: () => statement, all: silent, raw: silent };
    return { prepare: () => statement, batch: silent } as unknown as D1Database;
  }

  const silentEnv = { ...testEnv, VIEWS_0: silentDatabase(), VIEWS_1: silentDatabase() } as Env;

  it('that never answers ends its readers as well: 503 after a while', async () => {
    hurried(DATABASE_MS_MAX);
    for (const path of ['events', 'accounts', 'accounts/viewless/trades', 'orders', 'sales', 'views'])
      expect([path, verdict(await send(silentEnv, 'GET', `/v1/${path}`))]).toEqual([path, '503 unavailable']);
  });

  it('that never answers gives batches back to their queues', async () => {
    hurried(DATABASE_MS_MAX);
    const announced = { aggregateType: 'order', aggregateId: 'never-viewed', fromVersion: 1, toVersion: 1 };
    const body = JSON.stringify({ ...announced, previousHash: '0'.repeat(64), events: [] });
    for (const queue of ['folio-views', 'folio-sagas']) {
      const message = { id: queue, body, attempts: 1, ack: vi.fn(), retry: vi.fn() };
      await handleQueue({ queue, messages: [message] } as unknown as MessageBatch, silentEnv);
      expect([queue, message.ack.mock.calls.length, message.retry.mock.calls.length]).toEqual([queue, 0, 1]);
    }
  });

  it('that never answers ends rebuilds and looks, which go on at the next call', async () => {
    await opened('never-seen');
    hurried(DATABASE_MS_MAX);
    expect(verdict(await send(silentEnv, 'POST', '/v1/views/rebuild', {}))).toBe('503 unavailable');
    const look = { aggregateType: 'account', aggregateId: 'never-seen' };
    const { body } = await send(silentEnv, 'POST', '/v1/reconciliation/check', look);
    expect(body).toMatchObject({ checked: 1, opened: 0, unanswered: 1 });
  });

  it('that never answers ends the sweep and the walk of a minute, which come by again', async () => {
    await opened('never-swept');
    hurried(DATABASE_MS_MAX);
    await handleScheduled(silentEnv, 1);
    const lines = log.mock.calls.flat().map((line) => JSON.parse(String(line)) as Record<string, unknown>);
    for (const message of ['view database not swept', 'not reconciled'])
      expect(lines).toContainEqual(expect.objectContaining({ message, error: 'Unanswered' }));
  });

  it('by a bug: 500', async () => {
    const env = envWithFailing('no such column: cash at offset 7: SQLITE_ERROR');
    expect(verdict(await send(env, 'GET', '/v1/events'))).toBe('500 internal_error');
  });
});

describe('a cron tick', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  afterEach(() => log.mockClear());

  /** The bindings with others in place of some of the objects; what is kept of large holders is forgotten by `forget`. */
  function envWith(objects: Partial<Record<keyof Env, object>>) {
    const forget = vi.fn(async () => 0);
    const replaced = Object.entries({ HOLDERS: { sweep: forget }, ...objects }).map(([binding, object]) => [
      binding,
      { getByName: () => object },
    ]);
    return { env: { ...testEnv, ...Object.fromEntries(replaced) } as Env, forget };
  }

  function failures() {
    const lines = log.mock.calls.flat().map((line) => JSON.parse(String(line)) as Record<string, unknown>);
    return lines.flatMap(({ task, error }) => (task === undefined ? [] : [`${task} ${error}`]));
  }

  it('does all else where some of it fails, says what, and fails', async () => {
    const { env, forget } = envWith({ NOTARY: { sign: () => Promise.reject(new Error('down')) } });
    await expect(handleScheduled({ ...env, ARCHIVE_REMOVAL: 'suspnded' }, 0)).rejects.toThrow(
      'the cron tick failed in sign, removeExpired',
    );
    expect(failures()).toEqual(['sign Error', 'removeExpired Error']);
    expect(forget).toHaveBeenCalledOnce();
  });

  it('waits for a directory and a notary that do not answer for a while alone', async () => {
    hurried(ANSWER_MS_MAX);
    const DIRECTORY = { list: silent, sweepCursor: silent, walk: silent };
    const { env, forget } = envWith({ DIRECTORY, NOTARY: { sign: silent } });
    await expect(handleScheduled(env, 0)).rejects.toThrow(AggregateError);
    expect(failures()).toEqual(['sign Unanswered']);
    expect(forget).toHaveBeenCalledOnce();
  });
});

describe('an archivist that does not answer', () => {
  beforeAll(() => opened('never-archived'));

  const finding: OpenFinding = {
    aggregateType: 'account',
    aggregateId: 'never-archived',
    findingId: 'archive.log.account.never-archived',
    check: 'archive',
    where: 'log',
    reason: 'lacks its first event',
    openedAt: '2026-01-01T00:00:00.000Z',
  };

  it.each<[string, object]>([
    ['takes nothing', { accept: silent }],
    ['seals nothing', { accept: () => Promise.resolve(true), seal: silent }],
    ['tells nothing', { positions: silent }],
  ])('is waited for by the repair of a log for a while alone: it %s', async (_, answers) => {
    hurried(ARCHIVE_MS_MAX);
    const positions = async () => [{ version: 0, hash: '0'.repeat(64) }];
    const ARCHIVIST = { getByName: () => ({ positions, ...answers }) } as unknown as Env['ARCHIVIST'];
    const logger = createLogger('test', 'error', () => undefined);
    const context = { userId: 'test', correlationId: 'test', causationId: null };
    const env = { ...testEnv, ARCHIVIST };
    const look = {
      eventsMax: 1,
      pacing: pacingOf(env, 0),
      archivist: archivistFor(env),
      untold: new Untold(logger),
    };
    const checks = checksOf(env, logger, context, look);
    const check = checks.find(({ name }) => name === 'archive');
    await expect(check?.repair(finding, () => false)).rejects.toThrow(Unanswered);
  });

  it('is waited for once in a cron tick, however many parts of the directory there are', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    hurried(ARCHIVE_MS_MAX);
    await Promise.all(Array.from({ length: 20 }, (_, number) => opened(`never-archived-${number}`)));
    const asked = vi.fn(silent);
    const archivist = { follow: asked, positions: asked, inspect: asked, status: asked };
    const ARCHIVIST = { getByName: () => archivist } as unknown as Env['ARCHIVIST'];
    await handleScheduled({ ...testEnv, ARCHIVIST }, 1);
    const parts = log.mock.calls.flat().filter((line) => String(line).includes('follower not told of heads'));
    log.mockRestore();
    expect(parts.length).toBeGreaterThan(1);
    expect(asked).toHaveBeenCalledOnce();
  });
});

describe('an archive that does not answer', () => {
  const silentObject = new Proxy({}, { get: () => silent });
  const namespace = { getByName: () => silentObject };
  const silentBindings = {
    ARCHIVE: silentObject,
    KEY_BACKUPS: silentObject,
    ARCHIVIST: namespace,
    NOTARY: namespace,
  };

  it.each([
    'archive',
    'archive/objects',
    'archive/object?key=manifests/000000000001.json',
    'archive/completeness',
    'audit/checkpoints',
    'audit/checkpoints/latest',
    'audit/checkpoints/consistency?from=1&to=1',
    'audit/keys',
    'audit/account/alice/events/1/proof',
    'key-backups',
  ])('has its readers come again: GET /v1/%s is 503 after a while', async (path) => {
    hurried(ANSWER_MS_MAX);
    const reply = await send({ ...testEnv, ...silentBindings } as unknown as Env, 'GET', `/v1/${path}`);
    expect([verdict(reply), reply.headers.get('Retry-After')]).toEqual(['503 unavailable', '1']);
  });

  it('has whoever wants it signed come again', async () => {
    hurried(ANSWER_MS_MAX);
    for (const silentBinding of [{ ARCHIVIST: namespace }, { NOTARY: namespace }]) {
      const env = { ...testEnv, ...silentBinding } as unknown as Env;
      expect(verdict(await send(env, 'POST', '/v1/audit/checkpoints'))).toBe('503 unavailable');
    }
  });
});

describe('a setting that there is not', () => {
  it.each([{ JURISDICTION: 'mars' }, { ARCHIVE_REMOVAL: 'never' }, { LOCATION_HINT: 'moon' }])(
    'shows before anything is done by it: %j',
    async (setting) => {
      const env = { ...testEnv, ...setting } as Env;
      expect(verdict(await call('GET', '/readyz', { env }))).toBe('503 not_ready');
    },
  );
});

describe('a configuration of tokens that is not whole', () => {
  const env: Env = { ...testEnv, AUTH_AUDIENCE: '' };

  it('judges no access token, says so to operators, and to nobody what is wrong', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const token = await as('auditor');
    const reply = await call('GET', '/v1/event-types', { env, headers: token });
    expect(verdict(reply)).toBe('503 unavailable');
    expect(JSON.stringify(reply.body)).not.toContain('AUTH_');
    expect(log.mock.calls.flat().join()).toContain('AUTH_AUDIENCE');
    expect(verdict(await call('GET', '/readyz', { env }))).toBe('503 not_ready');
    // Whoever is known in another way is served.
    expect((await call('GET', '/v1/event-types', { env })).status).toBe(200);
    log.mockRestore();
  });
});

describe('the queues of another environment of the account', () => {
  it.each(['folio-views-dead-staging', 'folio-views-staging-dead', 'staging-folio-views-dead'])(
    'are known for what they are by their names: %s',
    async (queue) => {
      const said: string[] = [];
      const message = {
        id: queue,
        // What no outbox wrote: dead letters keep it as it is, and a consumer of what is alive has it delivered again.
        body: 'written by nobody',
        attempts: 1,
        ack: () => void said.push('ack'),
        retry: () => void said.push('retry'),
      };
      for (const name of [queue, queue.replace('-dead', '')])
        await handleQueue({ queue: name, messages: [message] } as unknown as MessageBatch, testEnv);
      expect(said).toEqual(['ack', 'retry']);
    },
  );

  it('are not taken for others', async () => {
    const batch = { queue: 'folio-sinks', messages: [] } as unknown as MessageBatch;
    await expect(handleQueue(batch, testEnv)).rejects.toThrow('no consumer for queue folio-sinks');
  });
});

describe('the place of objects', () => {
  it('is left to whoever asks for one first, unless the environment says where all are made', () => {
    const asked: unknown[] = [];
    const namespace = { getByName: (...args: unknown[]) => void asked.push(args) };
    const bindings = { ACCOUNTS: namespace, DIRECTORY: namespace, ARCHIVIST: namespace };
    const place = (settings: { readonly LOCATION_HINT?: string }) => {
      const env = { ...testEnv, ...bindings, ...settings } as unknown as Env;
      asked.length = 0;
      accountStub(env, 'a');
      actorStub(env, { aggregateType: 'account', aggregateId: 'a' });
      directoryPart(env, 3);
      archivistStub(env);
      return asked;
    };
    const names = ['a', 'a', 'part-3', 'archivist'];
    expect(place({})).toEqual(names.map((name) => [name, {}]));
    expect(place({ LOCATION_HINT: 'weur' })).toEqual(names.map((name) => [name, { locationHint: 'weur' }]));
  });
});
