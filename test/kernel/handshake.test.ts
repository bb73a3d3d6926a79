/** How a request for a stream comes to its hub. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LOCAL_ADMINISTRATOR } from '../../workers/access/principal.ts';
import type { Env } from '../../workers/env.ts';
import { ANSWER_MS_MAX, isPassing } from '../../workers/inTime.ts';
import { openSocket } from '../../workers/streams/handshake.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a hub that never answers is given up, as one that may be asked again', async () => {
  const STREAMS = { getByName: () => ({ fetch: () => new Promise(() => undefined) }) };
  const caller = { principal: LOCAL_ADMINISTRATOR, endsAt: 0, correlationId: 'r' };
  const opening = openSocket({ STREAMS } as unknown as Env, [], caller).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(ANSWER_MS_MAX);
  expect(isPassing(await opening)).toBe(true);
});
