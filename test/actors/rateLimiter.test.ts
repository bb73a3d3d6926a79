/** The rate limiter as a real object: what eviction does to it, and that its wrapper goes around the package's traps. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { rateLimiters } from '../../actors/ambient/rateLimiters.ts';
import { testEnv } from '../support/api.ts';

const take = rateLimiters(testEnv.RATE_LIMITERS);
const stub = (key: string) => testEnv.RATE_LIMITERS.getByName(key);

describe('a rate limiter', () => {
  it('lends out the units of a window, and then no more', async () => {
    expect(await take('client:a', 60, 0, 100, 1)).toEqual({ granted: 60, left: 40 });
    expect(await take('client:a', 60, 10, 100, 1)).toEqual({ granted: 30, left: 0 });
    expect(await take('client:a', 1, 0, 100, 1)).toEqual({ granted: 0, left: 0 });
    expect(await take('client:a', 1, 0, 100, 2)).toEqual({ granted: 1, left: 99 });
  });

  it('is one for each key, also of keys that mean something to the package', async () => {
    const keys = ['client:user:a b"c', `client:${'f'.repeat(64)}`, 'account:do-name', 'client:then'];
    for (const key of keys) expect(await take(key, 100, 0, 100, 1)).toEqual({ granted: 100, left: 0 });
    for (const key of keys) expect(await take(key, 1, 0, 100, 1)).toEqual({ granted: 0, left: 0 });
  });

  it('counts calls that arrive together, each once', async () => {
    const leases = await Promise.all(Array.from({ length: 30 }, () => take('client:many', 10, 0, 100, 1)));
    expect(leases.reduce((sum, { granted }) => sum + granted, 0)).toBe(100);
  });

  it('forgets its window when it is evicted, which gives one quota more and nothing else', async () => {
    await take('client:evicted', 100, 0, 100, 1);
    await evictDurableObject(stub('client:evicted'));
    expect(await take('client:evicted', 150, 0, 100, 1)).toEqual({ granted: 100, left: 0 });
  });

  it('stores nothing', async () => {
    await take('client:stored', 1, 0, 100, 1);
    const stored = await runInDurableObject(stub('client:stored') as never, async (_, state) => ({
      entries: (await state.storage.list()).size,
      alarm: await state.storage.getAlarm(),
    }));
    expect(stored).toEqual({ entries: 0, alarm: null });
  });

  it('that answers nonsense or not at all is an error, not a lease', async () => {
    const answering = (answer: () => Promise<Response>) =>
      rateLimiters({
        idFromName: () => 'id',
        get: () => ({ fetch: answer }),
      } as unknown as DurableObjectNamespace);
    const answers = [
      async () => Response.json({ granted: -1, left: 0 }),
      async () => Response.json({ granted: 'all' }),
      async () => new Response(null, { status: 204 }),
      async () => Response.json({ error: 'broken' }, { status: 500 }),
      () => Promise.reject(new Error('gone')),
    ];
    for (const answer of answers) {
      expect(await answering(answer)('a', 1, 0, 1, 1).catch(() => 'failed')).toBe('failed');
    }
  });
});
