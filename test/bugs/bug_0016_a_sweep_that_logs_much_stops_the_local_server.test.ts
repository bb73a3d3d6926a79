/** The local server waited for its runtime, which waited for the local server to read what it logs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPlatform } from '../../local/platform.ts';

/** Several times what fits into the pipe between the two. */
const LINES = 5_000;

const WORKER = `export default {
  fetch: () => new Response('ready'),
  async scheduled() {
    for (let line = 0; line < ${LINES}; line++) console.log(JSON.stringify({ line, level: 'info' }));
  },
};`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'folio-bug-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a sweep may log as much as it likes', async () => {
  const configPath = path.join(folder, 'wrangler.toml');
  writeFileSync(path.join(folder, 'worker.js'), WORKER);
  writeFileSync(configPath, 'name = "chatty"\nmain = "worker.js"\ncompatibility_date = "2026-11-01"\n');
  const stateDir = path.join(folder, 'state');
  const platform = await startPlatform({ port: 0, stateDir, configPath, crons: false });
  try {
    await platform.sweep();
    await platform.sweep();
    expect(platform.runtimePid()).toBeDefined();
  } finally {
    await platform.stop();
  }
});
