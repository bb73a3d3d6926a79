import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

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
