/** Commands to an object that never answers: whoever sent them is told in time that they may have run, and may send them again. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { accountStub } from '../../workers/aggregates.ts';
import type { Env } from '../../workers/env.ts';
import { app } from '../../workers/http/app.ts';
import { gatewayOf } from '../../workers/http/gateway.ts';
import { TELL_MS_MAX } from '../../workers/inTime.ts';
import { call, opened, TEST_TOKEN, testEnv } from '../support/api.ts';
import { connectClient, failure } from '../support/connect.ts';
import { ask } from '../support/graphql.ts';

const AUTHORIZATION = { Authorization: `Bearer ${TEST_TOKEN}` };

/** What is told of a command whose end nobody knows. */
const MAY_HAVE_RUN = /may have run/;

/** The bindings, with accounts named `silent…` that take what they are sent, if they are there, and never answer. */
function envWithSilent(): Env {
  const silent = (name: string) => {
    const account = accountStub(testEnv, name);
    const unanswered = (work: Promise<unknown>) => {
      void work.catch(() => undefined);
      return new Promise(() => undefined);
    };
    return {
      execute: (...sent: Parameters<typeof account.execute>) =>
        unanswered(account.execute(...sent) as Promise<unknown>),
      executeBrief: (...sent: Parameters<typeof account.executeBrief>) =>
        unanswered(account.executeBrief(...sent) as Promise<unknown>),
    };
  };
  const getByName = (name: string) => (name.startsWith('silent') ? silent(name) : accountStub(testEnv, name));
  return { ...testEnv, ACCOUNTS: { getByName } as unknown as Env['ACCOUNTS'] };
}

const deposit = (aggregateId: string, commandId: string) => ({
  commandId,
  aggregateType: 'account',
  aggregateId,
  type: 'DepositFunds',
  data: { amount: '17' },
});

/** Lets the time pass that an aggregate is waited for, once somebody waits for one. Bodies and others are waited for as well. */
async function afterTheWait<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  let isThere = false;
  const settled = ask().finally(() => {
    isThere = true;
  });
  settled.catch(() => undefined);
  const isWaitedFor = () => timers.mock.calls.some(([, milliseconds]) => milliseconds === TELL_MS_MAX);
  while (!isWaitedFor() && !isThere) await new Promise((resolve) => setImmediate(resolve));
  timers.mockRestore();
  await vi.advanceTimersByTimeAsync(TELL_MS_MAX);
  return settled;
}

describe('a command to an object that never answers', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => {
    vi.useRealTimers();
    log.mockClear();
  });

  it('over REST is 503 after a while, gives its room back, and is answered when it is sent again', async () => {
    const env = envWithSilent();
    await opened('silent-1');
    const headers = { 'Idempotency-Key': 'd-1' };
    const body = { amount: '17' };
    const reply = await afterTheWait(async () => {
      const answer = call('POST', '/v1/accounts/silent-1/deposits', { body, headers, env });
      while (gatewayOf(env).admission.requests === 0) await new Promise((resolve) => setImmediate(resolve));
      return answer;
    });
    expect([reply.status, reply.body.code]).toEqual([503, 'unavailable']);
    expect(reply.body.detail).toMatch(MAY_HAVE_RUN);
    expect(reply.body.detail).toContain('`Idempotency-Key`');
    expect(gatewayOf(env).admission.requests).toBe(0);
    const again = await call('POST', '/v1/accounts/silent-1/deposits', { body, headers });
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([200, 'true']);
    expect((await call('GET', '/v1/accounts/silent-1')).body.version).toBe(2);
  });

  it('in a batch is told in its place, and others have their answers', async () => {
    await opened('heard-2');
    const commands = [deposit('silent-2', 'd-1'), deposit('heard-2', 'd-2'), deposit('silent-2', 'd-3')];
    const reply = await afterTheWait(() =>
      call('POST', '/v1/commands', { body: { commands }, env: envWithSilent() }),
    );
    expect(reply.body).toMatchObject({
      accepted: 1,
      refused: 2,
      results: [
        { commandId: 'd-1', code: 'unavailable', detail: expect.stringMatching(MAY_HAVE_RUN) },
        { commandId: 'd-2', status: 'accepted' },
        { commandId: 'd-3', code: 'unavailable', detail: expect.stringMatching(MAY_HAVE_RUN) },
      ],
    });
  });

  it('over GraphQL and Connect is the same problem', async () => {
    const env = envWithSilent();
    const mutation = 'mutation { depositFunds(id: "silent-3", input: { amount: "17" }) { version } }';
    const { errors } = await afterTheWait(() => ask(mutation, { env }));
    expect(errors).toMatchObject([
      { message: expect.stringMatching(MAY_HAVE_RUN), extensions: { code: 'unavailable', status: 503 } },
    ]);
    // The runtime has no `redirect: 'error'`, which browsers' clients ask for.
    const fetch = (input: RequestInfo | URL, init?: RequestInit) =>
      app.fetch(new Request(input, { ...init, redirect: 'manual' }), env);
    const calls = connectClient(
      'Connect, JSON',
      'http://folio.test',
      AUTHORIZATION,
      fetch as typeof globalThis.fetch,
    );
    const failed = await afterTheWait(() => failure(calls.depositFunds({ id: 'silent-3', amount: '17' })));
    expect(failed).toMatchObject({ code: 'Unavailable', problem: { code: 'unavailable' } });
    expect(failed.error.message).toMatch(MAY_HAVE_RUN);
  });
});
