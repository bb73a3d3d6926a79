/** A refused request that is still being sent; test/e2e/rawHttp.test.ts has what a connection sees of it. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { app } from '../../workers/http/app.ts';
import { UNREAD_BYTES_MAX } from '../../workers/http/middleware/unreadBody.ts';
import { testEnv } from '../support/api.ts';

afterEach(() => vi.useRealTimers());

/** Asks without a token, with a body whose chunks `pull` makes. */
function ask(
  pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>,
): Promise<Response> {
  // Nothing is made before somebody reads.
  const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
  return Promise.resolve(
    app.fetch(new Request('http://folio.test/v1/accounts', { method: 'POST', body }), testEnv),
  );
}

describe('the body of a refused request', () => {
  it('is taken in to its end', async () => {
    let left = 3;
    const { status } = await ask((controller) => {
      if (left === 0) controller.close();
      else controller.enqueue(new Uint8Array(10));
      left -= 1;
    });
    expect([status, left]).toEqual([401, -1]);
  });

  it('is waited for no longer than a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let asked = false;
    const answer = ask(() => {
      asked = true;
      return new Promise<void>(() => undefined);
    });
    await vi.waitUntil(() => asked);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await answer).status).toBe(401);
  });

  it('is not taken in beyond twice the largest batch', async () => {
    const size = UNREAD_BYTES_MAX / 4;
    let chunks = 0;
    const { status } = await ask((controller) => {
      chunks += 1;
      controller.enqueue(new Uint8Array(size));
    });
    expect([status, chunks]).toEqual([401, 5]);
  });

  it('that breaks changes nothing', async () => {
    const { status } = await ask((controller) => controller.error(new Error('the connection broke')));
    expect(status).toBe(401);
  });
});
