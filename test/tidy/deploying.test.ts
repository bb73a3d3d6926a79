import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadWrangler, WRANGLER_TOML } from '../../local/config.ts';
import { BATCH_COMMANDS_MAX } from '../../workers/http/batch.ts';
import { WORKING_CALLS_MAX } from '../../workers/workingCall.ts';
import { PRODUCT_ROOMS, sourcePaths } from './source.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

it('an operator is told to create every queue that the Worker is bound to, without which it is not deployed', () => {
  const named = [...read('wrangler.toml').matchAll(/^(?:dead_letter_)?queue = "(.+)"$/gm)].map(
    ([, name]) => name,
  );
  const deploying = /^## Deploying$(.*?)^## /ms.exec(read('docs/operations.md'))?.[1] ?? '';
  const told = new Set(deploying.match(/\bfolio-[a-z-]+/g));
  expect(new Set(named).size).toBeGreaterThan(5);
  expect([...new Set(named)].filter((name) => !told.has(name ?? ''))).toEqual([]);
});

it('a request may make as many calls as a batch has aggregates, and as a working call makes', async () => {
  const { unstable_readConfig: readConfig } = await loadWrangler();
  const { limits } = readConfig({ config: WRANGLER_TOML }, { hideWarnings: true });
  const calls = (limits as { readonly subrequests?: number } | undefined)?.subrequests ?? 10_000;
  expect(calls).toBeGreaterThanOrEqual(BATCH_COMMANDS_MAX + 1_000);
  expect(calls).toBeGreaterThanOrEqual(2 * WORKING_CALLS_MAX + 1_000);
});

it('every object is made where the environment says: whoever asks for one first decides it for good', () => {
  const asking = sourcePaths(PRODUCT_ROOMS).flatMap((file) =>
    (read(file).match(/\.getByName\(.*/g) ?? []).map((call) => ({ file, call })),
  );
  expect(asking.length).toBeGreaterThan(20);
  expect(asking.filter(({ call }) => !/\bplace(Of\((this\.|c\.)?env\))?\)/.test(call))).toEqual([]);
});
