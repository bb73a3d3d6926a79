/** The typed client against a platform made up for it: what it sends again, under which id, and what it says of failures. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FolioClient, FolioProblem, FolioUnreachable, RETRY_POLICY } from '../../client/index.ts';
import { settingsOf } from '../../client/options.ts';
import { mayRetry, pauseMs } from '../../client/retry.ts';
import { TELL_MS_MAX } from '../../workers/inTime.ts';

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | undefined;
}

type Reply = () => Promise<Response>;

const json = (body: unknown, headers: Record<string, string> = {}, status = 200): Reply => {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  return async () =>
    new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type, ...headers } });
};

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json({ type: '', title: '', status, code, detail: 'so it is', correlationId: 'c-1' }, headers, status);

const lost: Reply = () => Promise.reject(new TypeError('fetch failed'));

/** A client whose requests meet these answers in turn, the last one for good. */
function clientMeeting(...replies: Reply[]) {
  const seen: Seen[] = [];
  const pauses: number[] = [];
  let tokens = 0;
  const client = new FolioClient({
    url: 'https://folio.test/',
    token: () => `token-${++tokens}`,
    random: () => 1,
    sleep: async (milliseconds) => void pauses.push(milliseconds),
    fetch: async (url, { method = '', headers, body } = {}) => {
      seen.push({
        url: String(url),
        method,
        headers: new Headers(headers),
        body: body as string | undefined,
      });
      return (replies[seen.length - 1] ?? (replies.at(-1) as Reply))();
    },
  });
  return { client, seen, pauses };
}

const deposit = { params: { id: 'a b' }, body: { amount: '5' } };
const done = json({ aggregateId: 'a', version: 2, events: [] }, { ETag: '"2"' });

describe('a caller who gives up', () => {
  it('is heard in the pause between two attempts', async () => {
    const client = new FolioClient({
      url: 'https://folio.test',
      token: 'token',
      fetch: () => lost(),
      sleep: () => new Promise(() => undefined),
    });
    const giveUp = new AbortController();
    const answer = client.call('getAccount', { params: { id: 'a' } }, { signal: giveUp.signal });
    setTimeout(() => giveUp.abort(new Error('enough')), 5);
    expect(await answer.catch(String)).toBe('Error: enough');
  });

  it('is heard while a token is waited for', async () => {
    const token = () => new Promise<string>(() => undefined);
    const client = new FolioClient({ url: 'https://folio.test', token, fetch: () => lost() });
    const giveUp = new AbortController();
    const answer = client.call('getAccount', { params: { id: 'a' } }, { signal: giveUp.signal });
    setTimeout(() => giveUp.abort(new Error('enough')), 5);
    expect(await answer.catch(String)).toBe('Error: enough');
  });
});

describe('a token', () => {
  const clientWith = (token: ConstructorParameters<typeof FolioClient>[0]['token'], ...replies: Reply[]) => {
    const sent: (string | null)[] = [];
    const answer: typeof fetch = (_, init) => {
      sent.push(new Headers(init?.headers).get('Authorization'));
      return (replies[sent.length - 1] ?? (replies.at(-1) as Reply))();
    };
    return { client: new FolioClient({ url: 'https://folio.test', token, fetch: answer }), sent };
  };
  const expired = problem(401, 'unauthenticated');

  it('that is refused is asked for once more, and whoever gives it is told', async () => {
    const told: (string | undefined)[] = [];
    const token = (refused?: FolioProblem) => {
      told.push(refused?.code);
      return `token-${told.length}`;
    };
    const { client, sent } = clientWith(token, expired, done);
    expect(await client.call('depositFunds', deposit)).toMatchObject({ version: 2 });
    expect([told, sent]).toEqual([
      [undefined, 'unauthenticated'],
      ['Bearer token-1', 'Bearer token-2'],
    ]);
    const refusing = clientWith(token, expired);
    await expect(refusing.client.call('depositFunds', deposit)).rejects.toMatchObject({ status: 401 });
    expect(refusing.sent).toHaveLength(2);
  });

  it('that is always the same is refused for good, and goes without the line break of its file', async () => {
    const { client, sent } = clientWith('token\n', expired);
    await expect(client.call('depositFunds', deposit)).rejects.toMatchObject({ status: 401 });
    expect(sent).toEqual(['Bearer token']);
  });
});

describe('a page that came by plain http', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('sends commands under ids of their own, though it has no crypto.randomUUID', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const { client, seen } = clientMeeting(done);
    await client.call('depositFunds', deposit);
    await client.call('depositFunds', deposit);
    const keys = seen.map(({ headers }) => headers.get('Idempotency-Key') ?? '');
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(new Set(keys).size).toBe(2);
  });
});

describe('what is not given', () => {
  it('may also be there and undefined, as compilers that keep the two apart know', async () => {
    const nothing = undefined as number | undefined;
    const text = undefined as string | undefined;
    let attempts = 0;
    const client = new FolioClient({
      url: 'https://folio.test',
      token: 'token',
      timeoutMs: nothing,
      retry: { attempts: nothing, firstPauseMs: nothing, pauseMsMax: nothing },
      sleep: async () => undefined,
      fetch: (url) => {
        attempts++;
        return String(url).endsWith('/v1/accounts/a/portfolio') ? lost() : done();
      },
    });
    const options = { expectedVersion: nothing, idempotencyKey: text, signal: undefined };
    const body = { amount: '5', reference: text };
    expect(await client.call('depositFunds', { ...deposit, body }, options)).toMatchObject({ version: 2 });
    const unanswered = client.call('getPortfolio', { params: { id: 'a' }, query: { minVersion: nothing } });
    await expect(unanswered).rejects.toMatchObject({ attempts: RETRY_POLICY.attempts });
    expect(attempts).toBe(1 + RETRY_POLICY.attempts);
  });
});

describe('a command', () => {
  it('is waited for until the platform itself has given its aggregate up, and has said so', () => {
    const { timeoutMs } = settingsOf({ url: 'https://folio.test', token: 'token' });
    expect(timeoutMs).toBeGreaterThan(TELL_MS_MAX);
  });

  it('goes under one idempotency key through every attempt, each with a token of its own', async () => {
    const { client, seen, pauses } = clientMeeting(lost, problem(503, 'unavailable'), done);
    const answer = await client.call('depositFunds', deposit, { expectedVersion: 1, correlationId: 'c-9' });
    expect(answer).toMatchObject({ status: 200, version: 2, isReplay: false, data: { version: 2 } });
    expect(seen.map(({ url }) => url)).toEqual(
      Array(3).fill('https://folio.test/v1/accounts/a%20b/deposits'),
    );
    const keys = seen.map(({ headers }) => headers.get('Idempotency-Key'));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\x21-\x7e]{1,128}$/);
    expect(seen.map(({ headers }) => headers.get('Authorization'))).toEqual([
      'Bearer token-1',
      'Bearer token-2',
      'Bearer token-3',
    ]);
    expect(seen[2]?.headers.get('If-Match')).toBe('"1"');
    expect(seen[2]?.headers.get('X-Correlation-Id')).toBe('c-9');
    expect(seen[2]?.body).toBe('{"amount":"5"}');
    expect(pauses).toHaveLength(2);
  });

  it('with a key that can be no header is not sent at all', async () => {
    const { client, seen } = clientMeeting(done);
    const failure = await client.call('depositFunds', deposit, { idempotencyKey: 'a\nb' }).catch(String);
    expect(String(failure)).toContain('TypeError');
    expect(seen).toEqual([]);
  });

  it('is answered with its version also where the answer was compressed on its way, which makes its tag weak', async () => {
    const { client } = clientMeeting(json({ aggregateId: 'a', version: 2, events: [] }, { ETag: 'W/"2"' }));
    expect((await client.call('depositFunds', deposit)).version).toBe(2);
  });

  it('goes under the key that it is given, and says that it is a replay', async () => {
    const { client, seen } = clientMeeting(
      json({ aggregateId: 'a', version: 2, events: [] }, { ETag: '"2"', 'Idempotency-Replayed': 'true' }),
    );
    const { isReplay } = await client.call('depositFunds', deposit, { idempotencyKey: 'mine' });
    expect(isReplay).toBe(true);
    expect(seen[0]?.headers.get('Idempotency-Key')).toBe('mine');
  });

  it('that is refused rejects with the reason, at once', async () => {
    const { client, seen } = clientMeeting(problem(422, 'insufficient_funds'));
    const failure = await client.call('withdrawFunds', deposit).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FolioProblem);
    expect(failure).toMatchObject({ status: 422, code: 'insufficient_funds', correlationId: 'c-1' });
    expect(seen).toHaveLength(1);
  });

  it('that is never answered rejects with how often it was tried', async () => {
    const { client, seen } = clientMeeting(lost);
    const failure = await client.call('depositFunds', deposit).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FolioUnreachable);
    expect(failure).toMatchObject({ attempts: RETRY_POLICY.attempts });
    expect(seen).toHaveLength(RETRY_POLICY.attempts);
  });

  it('of an unknown account names it before anything is sent', async () => {
    const { client, seen } = clientMeeting(done);
    const wrong = { params: {} as { id: string }, body: { amount: '1' } };
    expect(await client.call('depositFunds', wrong).catch(String)).toContain('params.id');
    expect(seen).toHaveLength(0);
  });
});

describe('what may happen twice', () => {
  it.each([
    ['a rebuild that may have begun', lost, 1],
    ['a rebuild behind a gateway that gave up', problem(504, 'unknown'), 1],
    ['a rebuild that was turned away at the door', problem(503, 'overloaded', { 'Retry-After': '1' }), 8],
    ['a rebuild beyond the quota', problem(429, 'rate_limited', { 'Retry-After': '2' }), 8],
  ])('%s is sent as often as it may be', async (_name, reply, attempts) => {
    const { client, seen } = clientMeeting(reply);
    await client.call('rebuildViews', { body: {} }).catch(() => undefined);
    expect(seen).toHaveLength(attempts);
  });

  it('is not what is read, nor what has its ids in its body', async () => {
    for (const [id, input] of [
      ['getAccount', { params: { id: 'a' }, query: { version: 3 } }],
      ['runCommands', { body: { commands: [] } }],
    ] as const) {
      const { client, seen } = clientMeeting(lost);
      await client.call(id, input).catch(() => undefined);
      expect(`${id} ${seen.length}`).toBe(`${id} ${RETRY_POLICY.attempts}`);
    }
  });
});

describe('problems', () => {
  it('tell of each fault once', () => {
    const errors = [{ path: 'amount', message: 'is required' }];
    const problem = { code: 'invalid_request', detail: 'amount: is required', errors };
    expect(new FolioProblem(problem).message).toBe('invalid_request: amount: is required');
    errors.push({ path: '', message: 'must be an object' });
    expect(new FolioProblem(problem).message).toBe('invalid_request: amount: is required; must be an object');
    expect(new FolioProblem({ code: 'forbidden', detail: 'No.' }).message).toBe('forbidden: No.');
  });
});

describe('pauses', () => {
  it('grow to a bound, and last as long as the platform asks', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7].map((attempt) => pauseMs(RETRY_POLICY, attempt, 1));
    expect(bounds).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000]);
    expect(pauseMs(RETRY_POLICY, 7, 0)).toBe(0);
    expect(pauseMs(RETRY_POLICY, 1, 0, new FolioProblem({ code: 'rate_limited' }, 3))).toBe(3_000);
    expect(pauseMs(RETRY_POLICY, 1, 0, new FolioProblem({ code: 'rate_limited' }, 3_600))).toBe(10_000);
  });

  it('are for what passes alone', () => {
    expect(mayRetry(new FolioProblem({ status: 400, code: 'invalid_request' }), true)).toBe(false);
    expect(mayRetry(new FolioProblem({ status: 500, code: 'internal_error' }), true)).toBe(false);
    expect(mayRetry(new FolioProblem({ status: 503, code: 'unavailable' }), false)).toBe(false);
  });

  it('end with whoever no longer waits', async () => {
    const { client, seen } = clientMeeting(lost);
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await client.call('getHealth', undefined, { signal }).catch(String)).toBe('Error: enough');
    expect(seen).toHaveLength(0);
  });
});

describe('a file', () => {
  const csv: Reply = async () => new Response('record,name\n', { headers: { 'Content-Type': 'text/csv' } });
  const params = { id: 'a' };

  it('comes as it is, after as many attempts as a document', async () => {
    const { client, seen } = clientMeeting(lost, csv);
    const { data, status } = await client.file('getStatement', { params, query: { format: 'csv' } });
    expect([status, data.type, await data.text()]).toEqual([200, 'text/csv', 'record,name\n']);
    expect(seen[1]?.url).toBe('https://folio.test/v1/accounts/a/statement?format=csv');
  });

  it('that is refused rejects with the reason', async () => {
    const { client } = clientMeeting(problem(404, 'account_not_found'));
    const file = client.file('getStatement', { params, query: { format: 'pdf' } });
    await expect(file).rejects.toMatchObject({ name: 'FolioProblem', code: 'account_not_found' });
  });

  it('is no document, which is said at once and without asking again', async () => {
    const { client, seen } = clientMeeting(csv);
    // As from JavaScript: the types know no such form.
    const query = { format: 'csv' as 'json' };
    await expect(client.call('getStatement', { params, query })).rejects.toThrow(
      /text\/csv and no JSON: file\(\)/,
    );
    expect(seen).toHaveLength(1);
  });
});

describe('what no attempt can mend', () => {
  it('is a url without http, which is said before anything is sent', () => {
    for (const url of ['localhost:8787', '', '/v1', 'ftp://x'])
      expect(() => new FolioClient({ url, token: 't' }), url).toThrow(/url has to be like https:/);
  });

  it.each(['', '.', '..'])(
    'is an id that would make another path, %j, which is not asked for',
    async (id) => {
      const { client, seen } = clientMeeting(done);
      await expect(client.call('getAccountEvents', { params: { id } })).rejects.toBeInstanceOf(TypeError);
      await expect(client.call('depositFunds', { ...deposit, params: { id } })).rejects.toThrow('params.id');
      expect(seen).toEqual([]);
    },
  );

  it('is an operation that there is not', async () => {
    const { client } = clientMeeting(done);
    await expect(client.call('getAcount' as 'getHealth')).rejects.toThrow('there is no operation getAcount');
  });
});

describe('a platform that is out of reach', () => {
  it('is so for a reason, which Node tells only as the cause of a cause', async () => {
    const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') });
    const { client } = clientMeeting(() => Promise.reject(refused));
    await expect(client.call('getHealth')).rejects.toThrow(
      /fetch failed: connect ECONNREFUSED 127\.0\.0\.1:1$/,
    );
  });
});

describe('a command that is turned away in the end', () => {
  it('may have run where an attempt before had no answer, which no refusal says', async () => {
    for (const unheard of [lost, problem(502, 'unknown')]) {
      const { client } = clientMeeting(unheard, problem(503, 'overloaded'));
      const failure = await client.call('depositFunds', deposit).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(FolioUnreachable);
      expect(failure).toMatchObject({ attempts: 8, cause: { code: 'overloaded' } });
    }
  });

  it.each([
    ['a token that is refused', problem(401, 'unauthenticated')],
    ['a right that was lost', problem(403, 'forbidden')],
    ['something on the way that knows of no platform', problem(404, 'unknown')],
  ])('may have run before: %s says nothing of that', async (_, reply) => {
    const { client, seen } = clientMeeting(lost, reply);
    const failure = await client.call('depositFunds', deposit).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FolioUnreachable);
    expect(failure).toMatchObject({ attempts: seen.length, cause: { name: 'FolioProblem' } });
    // Alone it is what it says, and so is what the account itself answers.
    const refused = await clientMeeting(reply).client.call('depositFunds', deposit).catch(String);
    expect(refused).toContain('FolioProblem');
    const known = clientMeeting(lost, problem(422, 'account_closed')).client;
    await expect(known.call('depositFunds', deposit)).rejects.toMatchObject({ code: 'account_closed' });
  });

  it('has not run where every attempt was turned away, and a read never matters', async () => {
    const { client } = clientMeeting(problem(429, 'rate_limited'), problem(503, 'overloaded'));
    await expect(client.call('depositFunds', deposit)).rejects.toMatchObject({ code: 'overloaded' });
    const reader = clientMeeting(lost, problem(503, 'overloaded')).client;
    await expect(reader.call('getHealth')).rejects.toMatchObject({ code: 'overloaded' });
  });
});

describe('a platform that answers too late', () => {
  it('is told with the time that it had, and the option that says so', async () => {
    const client = new FolioClient({
      url: 'https://folio.test',
      token: 'token',
      timeoutMs: 5,
      sleep: async () => undefined,
      fetch: (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        }),
    });
    await expect(client.call('getHealth')).rejects.toThrow(
      /8 attempts: no whole answer came within 5 ms \(timeoutMs\)/,
    );
  });
});

describe('a failure that is no problem document', () => {
  it('is one with the status that came', async () => {
    const { client } = clientMeeting(async () => new Response('<html>', { status: 403 }));
    expect(await client.call('getHealth').catch((error: unknown) => error)).toMatchObject({
      status: 403,
      code: 'unknown',
    });
  });
});

describe('a runtime without a WebSocket, as Node 20 is', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('has calls, and is told what a stream needs', async () => {
    vi.stubGlobal('WebSocket', undefined);
    const { client } = clientMeeting(done);
    expect(await client.call('depositFunds', deposit)).toMatchObject({ status: 200 });
    expect(() => client.stream()).toThrow(/option `WebSocket`.* ws.*Node 22/);
  });
});
