/** The bundle that is deployed knows no local administrator, whatever its variables say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleWorker } from '../../local/bundle.ts';
import { type LocalConfig, readLocalConfig, WRANGLER_TOML } from '../../local/config.ts';
import { runWrangler } from '../../local/wrangler.ts';

const RUN_MS = 120_000;
const TOKEN = 'a-token-that-somebody-has-made-a-variable';

describe('DEV_TOKEN', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folio-deployed-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function statusesWith(config: LocalConfig, bundle: string): Promise<number[]> {
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        cf: false,
        workers: [
          {
            ...config.worker,
            modules: [{ type: 'ESModule', path: bundle }],
            modulesRoot: folder,
            // Another name for the same, in case a variable could take the place of the bundler's word.
            bindings: { ...config.worker.bindings, DEV_TOKEN: TOKEN, FOLIO_LOCAL: 'true' },
          },
          ...config.otherWorkers,
        ],
      }),
    );
    try {
      const headers = { Authorization: `Bearer ${TOKEN}` };
      const statuses: number[] = [];
      for (const path of ['/v1/event-types', '/docs/graphql', '/docs/graphql/main.js']) {
        const response = await miniflare.dispatchFetch(`http://folio.test${path}`, { headers });
        await response.body?.cancel();
        statuses.push(response.status);
      }
      return statuses;
    } finally {
      await miniflare.dispose();
    }
  }

  it('counts in a local bundle, like the explorer, and not in the one that wrangler deploys', {
    timeout: RUN_MS,
  }, async () => {
    const config = await readLocalConfig(WRANGLER_TOML);
    expect(await statusesWith(config, await bundleWorker(config, folder))).toEqual([200, 200, 200]);
    const outdir = join(folder, 'deployed');
    expect(await runWrangler(['deploy', '--dry-run', '--outdir', outdir])).toBe(0);
    // Without the explorer either: a path that the API does not have asks for a token first, or is not found.
    expect(await statusesWith(config, join(outdir, 'index.js'))).toEqual([401, 404, 404]);
  });
});
