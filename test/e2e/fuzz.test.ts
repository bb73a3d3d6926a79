/** A short run of `npm run fuzz` against a real server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OwnPlatform } from '../../demo/platform.ts';
import { runFuzz } from './fuzz/run.ts';

const START_MS = 180_000;
const RUN_MS = 180_000;

/** Enough to ask every operation several times. */
const REQUESTS = 1_000;

describe('random requests to every route', () => {
  let platform: OwnPlatform;

  beforeAll(async () => {
    platform = await OwnPlatform.start();
  }, START_MS);
  afterAll(() => platform?.stop(false));

  it('never fail for a reason that is ours, and every error is a problem document', {
    timeout: RUN_MS,
  }, async () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`seed ${seed}: npm run fuzz -- --requests ${REQUESTS} --seed ${seed}`);
    const { url, token } = platform;
    const { faults, asked, succeeded } = await runFuzz({ url, token, requests: REQUESTS, seed });
    expect(faults).toEqual([]);
    // Requests that are all refused at the door would test nothing behind it.
    expect(succeeded.size / asked.size).toBeGreaterThan(0.5);
  });
});
