/** What clients and caches hold: answered in a few bytes while it is true, and never given to whoever asks for more. */
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AnswerCache, isolateMemory, type ResponseCache } from '../../workers/reads/answerCache.ts';
import { RecentAnswers } from '../../workers/reads/recentAnswers.ts';
import { call, eventually, opened } from '../support/api.ts';

const seed = Number(process.env.CACHING_SEED ?? Date.now() % 2 ** 31);
console.log(`caching: CACHING_SEED=${seed}`);

const deposit = async (id: string): Promise<number> =>
  Number((await call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } })).body.version);

describe.each(['', '/portfolio'])('GET /v1/accounts/{id}%s', (resource) => {
  it.each([
    ['the very tag', '"1"', 304],
    ['any', '*', 304],
    ['a list', '"0", "1"', 304],
    ['a weak tag', 'W/"1"', 304],
    ['another version', '"2"', 200],
    ['a part of a tag', '"11"', 200],
    ['no tag', '1', 200],
    ['what is no list', '",,,"""W/', 200],
    ['more than anybody holds', '"1",'.repeat(1_000), 200],
    ['nothing', '', 200],
  ])('to a client that holds %s', async (_name, held, status) => {
    const id = await opened(`held-${resource.length}-${_name.replaceAll(' ', '-').replaceAll(',', '')}`);
    const reply = await call(
      'GET',
      `/v1/accounts/${id}${resource}?${resource === '' ? 'version' : 'minVersion'}=1`,
      {
        headers: { 'If-None-Match': held },
      },
    );
    expect(reply.status).toBe(status);
    expect(reply.headers.get('ETag')).toBe('"1"');
    expect(Object.keys(reply.body).length > 0).toBe(status === 200);
  });

  it('says what is new to a client that holds what was', async () => {
    const id = await opened(`moved-${resource.length}`);
    const held = { 'If-None-Match': '"1"' };
    const path = `/v1/accounts/${id}${resource}`;
    expect((await call('GET', path, { headers: held })).status).toBe(304);
    await deposit(id);
    const reply = await eventually(async () => {
      const next = await call('GET', path, { headers: held });
      expect(next.status).toBe(200);
      return next;
    });
    expect(reply.body.version).toBe(2);
  });
});

describe('a portfolio that is kept', () => {
  it('is never given to a reader who asks for a newer one', async () => {
    const id = await opened('kept');
    let version = 1;
    const step = fc.constantFrom('write', 'read', 'read newest', 'read afresh');
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
      for (const each of steps) {
        if (each === 'write') version = await deposit(id);
        else if (each === 'read newest') {
          const { body } = await call('GET', `/v1/accounts/${id}/portfolio?minVersion=${version}`);
          expect(body.version).toBe(version);
          expect(body.cash).toMatchObject({ total: String(100_000 + version - 1) });
        } else {
          const headers = each === 'read' ? {} : { 'Cache-Control': 'no-cache' };
          const { body } = await call('GET', `/v1/accounts/${id}/portfolio`, { headers });
          expect(body.cash).toMatchObject({ total: String(100_000 + Number(body.version) - 1) });
        }
      }
    });
    await fc.assert(property, { seed, numRuns: 15 });
  });

  it('near its end is read anew behind the answer to the reader who is given it', async () => {
    const id = await opened('renewed');
    const path = `/v1/accounts/${id}/portfolio`;
    await eventually(async () => expect((await call('GET', path)).headers.get('X-Read-Source')).toBe('view'));
    const [takesRenewal, keep] = [vi.spyOn(isolateMemory, 'takesRenewal'), vi.spyOn(isolateMemory, 'keep')];
    try {
      takesRenewal.mockReturnValue(false);
      await eventually(async () => {
        keep.mockClear();
        await call('GET', path);
        expect(keep).not.toHaveBeenCalled();
      });
      takesRenewal.mockReturnValue(true);
      await call('GET', path);
      await eventually(async () => expect(keep).toHaveBeenCalled());
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('is given again with the headers that it had, but not to whoever asks for a new one', async () => {
    const id = await opened('again');
    const path = `/v1/accounts/${id}/portfolio`;
    const first = await eventually(async () => {
      const reply = await call('GET', path);
      expect(reply.headers.get('X-Read-Source')).toBe('view');
      return reply;
    });
    const told = (headers: Headers) =>
      Object.fromEntries([...headers].filter(([name]) => !/^(x-correlation-id|ratelimit)$/.test(name)));
    const second = await call('GET', path);
    expect(second.body).toEqual(first.body);
    expect(told(second.headers)).toEqual(told(first.headers));
    expect(second.headers.get('Cache-Control')).toBe('no-store');
  });
});

describe('a cache', () => {
  const failures: string[] = [];
  const cacheOf = (cache: ResponseCache, environment = 'production') => {
    failures.length = 0;
    const failed = (error: unknown) => failures.push(String(error));
    return new AnswerCache(cache, () => environment, failed, new RecentAnswers(0));
  };
  const memoryCache = (): ResponseCache => {
    const kept = new Map<string, Response>();
    return {
      match: async (key) => kept.get(String(key))?.clone(),
      put: async (key, response) => void kept.set(String(key), response),
    };
  };
  const answer = { version: 7, body: '{}', headers: { ETag: '"7"' } };

  it('gives back what it was given, up to the version that it shows', async () => {
    const cache = cacheOf(memoryCache());
    await cache.keep('/a', answer);
    expect(await cache.find('/a', 7)).toEqual(answer);
    expect(await cache.find('/a', 8)).toBeUndefined();
    expect(await cache.find('/b', 0)).toBeUndefined();
    expect(failures).toEqual([]);
  });

  it('gives nobody what another environment of the same zone has kept under the same id', async () => {
    const zone = memoryCache();
    await cacheOf(zone, 'staging').keep('/a', answer);
    expect(await cacheOf(zone, 'production').find('/a', 1)).toBeUndefined();
    expect(await cacheOf(zone, 'staging').find('/a', 1)).toEqual(answer);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no cache'))],
    ['never answers', () => new Promise<never>(() => undefined)],
    ['holds something else', async () => new Response('what is this')],
    ['never ends its answer', async () => new Response(new ReadableStream())],
  ])('that %s is one that has nothing', async (_name, match) => {
    const cache = cacheOf({ match, put: () => Promise.reject(new Error('no cache')) });
    expect(await cache.find('/a', 1)).toBeUndefined();
    await cache.keep('/a', answer);
    expect(failures.at(-1)).toBe('Error: no cache');
  });
});

describe("an isolate's memory", () => {
  const answer = (version: number, units = 2) => ({ version, body: 'x'.repeat(units), headers: {} });

  it('gives an answer again for as long as it is kept, and the newest that it was given', () => {
    const memory = new RecentAnswers(1_000);
    memory.keep('/a', answer(1), 0);
    memory.keep('/a', answer(2), 500);
    expect(memory.find('/a', 1_499)?.version).toBe(2);
    expect(memory.find('/a', 1_500)).toBeUndefined();
    expect(memory.find('/b', 0)).toBeUndefined();
  });

  it('spares its readers the cache, which nobody is asked for or given what they were told of late', async () => {
    const calls: string[] = [];
    const counted: ResponseCache = {
      match: async () => void calls.push('match'),
      put: async () => void calls.push('put'),
    };
    const cache = new AnswerCache(
      counted,
      () => 'production',
      () => undefined,
      new RecentAnswers(60_000),
    );
    expect(await cache.find('/a', 7)).toBeUndefined();
    await cache.keep('/a', answer(7));
    expect(calls).toEqual(['match', 'put']);
    expect((await cache.find('/a', 7))?.version).toBe(7);
    expect(await cache.find('/a', 8)).toBeUndefined();
    await cache.keep('/a', answer(8));
    expect((await cache.find('/a', 8))?.version).toBe(8);
    expect(calls).toEqual(['match', 'put']);
  });

  it('has each answer read anew by one reader, before its end and not at the same moment as others', () => {
    const drawn = [0, 0.5, 0.999];
    const memory = new RecentAnswers(1_000, () => drawn.shift() ?? 0);
    for (const path of ['/a', '/b', '/c']) memory.keep(path, answer(1), 0);
    const renewed = (now: number) => ['/a', '/b', '/c'].filter((path) => memory.takesRenewal(path, now));
    expect(renewed(749)).toEqual([]);
    expect(renewed(750)).toEqual(['/a']);
    expect(renewed(874)).toEqual([]);
    expect(renewed(999)).toEqual(['/b']);
    expect(renewed(1_000)).toEqual(['/c']);
    expect(renewed(10_000)).toEqual([]);
    memory.keep('/b', answer(2), 10_000);
    expect(renewed(10_750)).toEqual(['/b']);
    expect(memory.takesRenewal('/unknown', 0)).toBe(false);
  });

  it('knows for as long again that it was asked', () => {
    const memory = new RecentAnswers(1_000);
    expect(memory.isBusy('/a', 0)).toBe(false);
    memory.keep('/a', answer(1), 0);
    expect(memory.isBusy('/a', 1_999)).toBe(true);
    expect(memory.isBusy('/a', 2_000)).toBe(false);
  });

  it('holds no more than its bound, whatever it is given, and lets the oldest go first', () => {
    const memory = new RecentAnswers(1_000);
    const paths = Array.from({ length: 300 }, (_, index) => `/${index}`);
    for (const path of paths) memory.keep(path, answer(1, 80_000), 0);
    const held = paths.filter((path) => memory.find(path, 1) !== undefined);
    expect(held).toEqual(paths.slice(-100));
    memory.keep('/huge', answer(1, 80_001), 0);
    expect(memory.find('/huge', 1)).toBeUndefined();
    for (const path of paths) expect(memory.find(path, 1_000)).toBeUndefined();
    for (const path of paths) memory.keep(path, answer(1, 80_000), 3_000);
    expect(paths.filter((path) => memory.find(path, 3_001) !== undefined)).toHaveLength(100);
  });
});
