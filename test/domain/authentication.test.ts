/** Who is asking: the local token, the issuer's keys as they rotate and fail, and what is remembered. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOCAL_RUN } from '../../local/bundle.ts';
import { IS_LOCAL } from '../../schemas/localRun.ts';
import { GRANTED_ACCOUNTS_MAX } from '../../schemas/role.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../../workers/access/accessToken.ts';
import {
  AuthenticationMisconfigured,
  Authenticator,
  TOKEN_LENGTH_MAX,
} from '../../workers/access/authenticator.ts';
import { KEYS_COOLDOWN_MS, KEYS_MAX_AGE_MS, KEYS_STALE_MS } from '../../workers/access/issuerKeys.ts';
import { LOCAL_ADMINISTRATOR } from '../../workers/access/principal.ts';
import {
  KEYS_BYTES_MAX,
  KEYS_FAILURE_PAUSE_MS,
  KEYS_TIMEOUT_MS,
  KeysUnavailable,
  PublishedKeys,
} from '../../workers/access/publishedKeys.ts';
import {
  VERIFIED_ACCOUNTS_MAX,
  VERIFIED_MAX,
  VERIFIED_MS,
  VerifiedCallers,
} from '../../workers/access/verified.ts';
import type { Env } from '../../workers/env.ts';
import { ISSUER_VARIABLES, IssuerKey, JWKS_URL, keySet } from '../support/issuer.ts';

const START = Date.parse('2026-11-21T10:00:00Z');
const TOKEN = 'local-token-that-nobody-guesses';

let key: IssuerKey;
let next: IssuerKey;
/** What the issuer answers, and how often it was asked. */
let answer: () => Promise<Response>;
let fetches: number;

beforeAll(async () => {
  key = await IssuerKey.make('key-1');
  next = await IssuerKey.make('key-2');
});

beforeEach(() => {
  // The library that keeps the keys reads the clock by itself.
  vi.useFakeTimers({ toFake: ['Date'], now: START });
  fetches = 0;
  answer = async () => keySet(key);
});
afterEach(() => vi.useRealTimers());

function authenticator(variables: object = ISSUER_VARIABLES, isLocal = false): Authenticator {
  return new Authenticator(variables as Env, {
    now: () => Date.now(),
    isLocal,
    findServiceKey: async () => undefined,
    fetchKeys(url) {
      expect(url).toBe(JWKS_URL);
      fetches++;
      return answer();
    },
  });
}

async function outcome(subject: Authenticator, token: string): Promise<string> {
  try {
    const result = await subject.authenticate(`Bearer ${token}`);
    return result.ok ? result.principal.userId : result.refusal;
  } catch (error) {
    return (error as Error).name;
  }
}

const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);

describe('the local administrator', () => {
  it('is known by the token of a local run', async () => {
    const subject = authenticator({ DEV_TOKEN: TOKEN }, true);
    expect(await subject.authenticate(`Bearer ${TOKEN}`)).toEqual({
      ok: true,
      principal: LOCAL_ADMINISTRATOR,
      endsAt: Number.POSITIVE_INFINITY,
    });
    expect(await outcome(subject, `${TOKEN}x`)).toBe('unknown');
    expect(await outcome(subject, TOKEN.slice(1))).toBe('unknown');
  });

  it('is nobody elsewhere, whatever the variables say', async () => {
    expect(await outcome(authenticator({ DEV_TOKEN: TOKEN }), TOKEN)).toBe('unknown');
    expect(IS_LOCAL).toBe(false);
    const deployed = readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8');
    for (const name of Object.keys(LOCAL_RUN)) expect(deployed).not.toContain(name);
  });

  it('has no empty token', async () => {
    const subject = authenticator({ DEV_TOKEN: '' }, true);
    expect(await subject.authenticate('Bearer ')).toEqual({ ok: false, refusal: 'no_token' });
  });
});

describe('the variables', () => {
  it('trust nobody where they are absent or empty', async () => {
    const token = await key.sign();
    for (const variables of [{}, { AUTH_ISSUER: '', AUTH_AUDIENCE: '', AUTH_JWKS_URL: '' }]) {
      expect(await outcome(authenticator(variables), token)).toBe('unknown');
    }
  });

  it.each([
    { AUTH_ISSUER: undefined },
    { AUTH_AUDIENCE: undefined },
    { AUTH_AUDIENCE: '' },
    { AUTH_JWKS_URL: undefined },
    { AUTH_JWKS_URL: 'keys.json' },
    { AUTH_JWKS_URL: 'http://issuer.test/keys' },
    { AUTH_JWKS_URL: 'ftp://issuer.test/keys' },
    { AUTH_ISSUER: 'issuer' },
  ])('with %j judge no token', async (wrong) => {
    const subject = authenticator({ ...ISSUER_VARIABLES, ...wrong });
    expect(await outcome(subject, await key.sign())).toBe(AuthenticationMisconfigured.name);
  });

  it.each([
    [
      { AUTH_AUDIENCE: '' },
      /^AUTH_AUDIENCE: is not set, and AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL go together$/,
    ],
    [{ AUTH_JWKS_URL: 'keys.json' }, /^AUTH_JWKS_URL: must be an https URL$/],
  ])('with %j say which of them is wrong, and how', (wrong, fault) => {
    expect(() => authenticator({ ...ISSUER_VARIABLES, ...wrong }).requireConfiguration()).toThrow(fault);
  });

  it('may name a key server on this machine without TLS', async () => {
    const subject = authenticator({ ...ISSUER_VARIABLES, AUTH_JWKS_URL: 'http://localhost:9/keys' });
    expect(await outcome(subject, 'no-token')).toBe('unknown');
  });

  it('name the claims', async () => {
    const subject = authenticator({ ...ISSUER_VARIABLES, AUTH_ROLES_CLAIM: 'https://folio.test/roles' });
    const token = await key.sign({ 'https://folio.test/roles': 'auditor', roles: ['admin'] });
    expect(await subject.authenticate(`Bearer ${token}`)).toMatchObject({
      principal: { roles: ['auditor'] },
    });
  });
});

describe('keys of the issuer', () => {
  it('are fetched once for many tokens', async () => {
    const subject = authenticator();
    for (const sub of ['a', 'b', 'c'])
      expect(await outcome(subject, await key.sign({ sub }))).toBe(`user:${sub}`);
    expect(fetches).toBe(1);
  });

  it('rotate: a new key is found when a token names it, a withdrawn one ends with its age', async () => {
    const subject = authenticator();
    expect(await outcome(subject, await key.sign())).toBe('user:somebody');
    answer = async () => keySet(next);
    pass(KEYS_COOLDOWN_MS);
    expect(await outcome(subject, await next.sign())).toBe('user:somebody');
    expect(await outcome(subject, await key.sign({ sub: 'late' }))).toBe('unknown_key');
    expect(fetches).toBe(2);
  });

  it('withdrawn without a new one end with their age', async () => {
    const subject = authenticator();
    const token = await key.sign({ exp: START / 1_000 + 7_200 });
    expect(await outcome(subject, token)).toBe('user:somebody');
    answer = async () => keySet();
    pass(KEYS_MAX_AGE_MS + VERIFIED_MS);
    expect(await outcome(subject, token)).toBe('unknown_key');
  });

  it('are not asked for again and again by tokens of made-up keys', async () => {
    const subject = authenticator();
    for (let place = 0; place < 50; place++) {
      expect(await outcome(subject, await next.sign({ sub: `x${place}` }, { kid: `made-up-${place}` }))).toBe(
        'unknown_key',
      );
    }
    expect(fetches).toBe(1);
  });

  it('that are published and are none are unknown keys, and no outage', async () => {
    const subject = authenticator();
    // A point that is on no curve.
    const broken = { ...next.published, x: 'AAAA', kid: 'broken' };
    answer = async () => Response.json({ keys: [key.published, broken] });
    expect(await outcome(subject, await next.sign({}, { kid: 'broken' }))).toBe('unknown_key');
    expect(await outcome(subject, await key.sign())).toBe('user:somebody');
    expect(fetches).toBe(1);
  });

  it('that cannot be had say nothing of the token, and are asked for again after a pause', async () => {
    const failures = [
      () => Promise.reject(new TypeError('fetch failed')),
      async () => new Response('', { status: 500 }),
      async () => Response.redirect('https://elsewhere.test/keys'),
      async () => new Response('<html>'),
      async () => Response.json({ keys: 'none' }),
      async () => new Response(`{"keys":[]${' '.repeat(KEYS_BYTES_MAX)}}`),
    ];
    for (const failure of failures) {
      const subject = authenticator();
      answer = failure;
      expect(await outcome(subject, await key.sign())).toBe(KeysUnavailable.name);
      answer = async () => keySet(key);
      pass(KEYS_FAILURE_PAUSE_MS);
      expect(await outcome(subject, await key.sign())).toBe('user:somebody');
    }
  });

  it('are not asked for during the pause after a failure', async () => {
    const subject = authenticator();
    answer = () => Promise.reject(new TypeError('fetch failed'));
    for (let place = 0; place < 20; place++) await outcome(subject, await key.sign({ sub: `x${place}` }));
    expect(fetches).toBe(1);
  });

  it.each<[string, () => Promise<Response>]>([
    ['says nothing', () => Promise.reject(new TypeError('fetch failed'))],
    ['says something else', async () => new Response('<html>')],
    ['breaks off', async () => new Response('{"keys":[')],
  ])(
    'known before an outage in which the issuer %s count for a while, and then no more',
    async (_, outage) => {
      const subject = authenticator();
      await outcome(subject, await key.sign());
      answer = outage;
      for (let asked = 0; asked < 4; asked++) {
        pass(KEYS_STALE_MS / 4 - (asked === 0 ? 1 : 0));
        expect(await outcome(subject, await key.sign({ sub: `at-${asked}` }))).toBe(`user:at-${asked}`);
      }
      expect(await outcome(subject, await next.sign())).toBe('unknown_key');
      pass(1);
      expect(await outcome(subject, await key.sign({ sub: 'later' }))).toBe(KeysUnavailable.name);
    },
  );
});

describe('requests that want the keys at the same time', () => {
  const wanted = (keys: PublishedKeys) => keys.fetch(JWKS_URL, {});
  const textOf = (reply: Response) => reply.text();
  const asked = () =>
    new PublishedKeys(
      () => Date.now(),
      () => {
        fetches++;
        return answer();
      },
    );

  it('are one to the issuer, and all are given what it answers', async () => {
    const issuer = Promise.withResolvers<Response>();
    answer = () => issuer.promise;
    const keys = asked();
    const all = Array.from({ length: 50 }, () => wanted(keys).then(textOf));
    issuer.resolve(keySet(key));
    expect(new Set(await Promise.all(all))).toEqual(new Set([await keySet(key).text()]));
    expect(fetches).toBe(1);
  });

  it('fail together where it fails', async () => {
    const issuer = Promise.withResolvers<Response>();
    answer = () => issuer.promise;
    const keys = asked();
    const all = Array.from({ length: 50 }, () => wanted(keys).catch(({ name }: Error) => name));
    issuer.reject(new KeysUnavailable('a test'));
    expect(new Set(await Promise.all(all))).toEqual(new Set([KeysUnavailable.name]));
    expect(fetches).toBe(1);
  });

  it('do not wait in an outage where there are keys of before: one alone asks whether the issuer is back', async () => {
    const keys = asked();
    await wanted(keys);
    pass(1);
    answer = () => Promise.reject(new TypeError('fetch failed'));
    await expect(wanted(keys)).rejects.toThrow(TypeError);
    pass(KEYS_FAILURE_PAUSE_MS);
    const issuer = Promise.withResolvers<Response>();
    answer = () => issuer.promise;
    const first = wanted(keys);
    await expect(wanted(keys)).rejects.toThrow(KeysUnavailable);
    issuer.resolve(keySet(next));
    expect(await first.then(textOf)).toBe(await keySet(next).text());
    expect(fetches).toBe(3);
  });

  it('do not wait for one whose client has gone for longer than the issuer may take', async () => {
    answer = () => new Promise(() => undefined);
    const keys = asked();
    void wanted(keys);
    answer = async () => keySet(key);
    pass(KEYS_TIMEOUT_MS);
    expect((await wanted(keys)).status).toBe(200);
    expect(fetches).toBe(2);
  });
});

describe('a verified token', () => {
  it('is known at once, and no longer than it lasts', async () => {
    const subject = authenticator();
    const token = await key.sign({ exp: START / 1_000 + 1 });
    await subject.authenticate(`Bearer ${token}`);
    expect(subject.recall(`Bearer ${token}`)).toMatchObject({
      principal: { userId: 'user:somebody' },
      endsAt: START + 1_000 + CLOCK_TOLERANCE_SECONDS * 1_000,
    });
    pass(VERIFIED_MS);
    expect(subject.recall(`Bearer ${token}`)).toBeUndefined();
    expect(subject.hasTaken(`Bearer ${token}`)).toBe(true);
    expect(await subject.authenticate(`bearer   ${token}  `)).toMatchObject({ ok: true });
    pass(1_000);
    expect(await outcome(subject, token)).toBe('expired');
    expect(subject.hasTaken(`Bearer ${token}`)).toBe(false);
  });

  it('is remembered by its hash, in a bounded memory that drops the oldest', () => {
    const callers = new VerifiedCallers();
    const administrator = { principal: LOCAL_ADMINISTRATOR, endsAt: Number.POSITIVE_INFINITY };
    for (let place = 0; place <= VERIFIED_MAX; place++) {
      callers.add(`hash-${place}`, administrator, 0);
    }
    expect(callers.size).toBe(VERIFIED_MAX);
    expect(callers.find('hash-0', 0)).toBeUndefined();
    expect(callers.find('hash-1', 0)).toBe(administrator);
    expect(callers.find('hash-1', VERIFIED_MS)).toBeUndefined();
    expect(callers.has('hash-1')).toBe(true);
    callers.forget('hash-1');
    expect([callers.has('hash-1'), callers.size]).toEqual([false, VERIFIED_MAX - 1]);
  });

  it('is forgotten sooner where tokens grant many accounts', () => {
    const callers = new VerifiedCallers();
    const accounts = new Set(Array.from({ length: GRANTED_ACCOUNTS_MAX }, (_, place) => `account-${place}`));
    const principal = { ...LOCAL_ADMINISTRATOR, accounts };
    const caller = { principal, endsAt: Number.POSITIVE_INFINITY };
    const held = VERIFIED_ACCOUNTS_MAX / GRANTED_ACCOUNTS_MAX;
    for (let place = 0; place < 3 * held; place++) callers.add(`hash-${place}`, caller, 0);
    expect(callers.size).toBe(held);
    // Seen again, it counts once.
    for (let time = 0; time < held; time++) callers.add(`hash-${3 * held - 1}`, caller, time);
    expect(callers.size).toBe(held);
    expect(callers.find(`hash-${2 * held}`, 0)).toBe(caller);
  });

  it.each([
    ['of one part', 'a', 'unknown'],
    ['of two parts', 'a.b', 'unknown'],
    ['of four parts', 'a.b.c.d', 'unknown'],
    ['that is too long', 'x'.repeat(TOKEN_LENGTH_MAX + 1), 'not_one_token'],
  ])('%s costs no request to the issuer', async (_, token, refusal) => {
    expect(await outcome(authenticator(), token)).toBe(refusal);
    expect(fetches).toBe(0);
  });
});
