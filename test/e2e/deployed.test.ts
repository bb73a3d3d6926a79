/** What is deployed knows no local administrator, whatever its variables say, and nothing that is for development. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorker } from '../../local/bundle.ts';
import {
  LOCAL_PAGES_FOLDER,
  type LocalConfig,
  loadWrangler,
  REPOSITORY,
  readLocalConfig,
  WRANGLER_TOML,
} from '../../local/config.ts';
import { runWrangler } from '../../local/wrangler.ts';

const RUN_MS = 120_000;
const TOKEN = 'a-token-that-somebody-has-made-a-variable';

describe('what wrangler deploys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folio-deployed-'));
  const outdir = join(folder, 'deployed');
  let config: LocalConfig;
  let pages: string;

  beforeAll(async () => {
    config = await readLocalConfig(WRANGLER_TOML);
    const { unstable_readConfig: readConfig } = await loadWrangler();
    pages = join(REPOSITORY, readConfig({ config: WRANGLER_TOML }).assets?.directory ?? '');
    // As an earlier release left it.
    mkdirSync(join(pages, 'docs/graphql'), { recursive: true });
    writeFileSync(join(pages, 'docs/graphql/main.js'), '');
    rmSync(join(pages, 'docs/index.html'), { force: true });
    expect(await runWrangler(['deploy', '--dry-run', '--outdir', outdir])).toBe(0);
  }, RUN_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function statusesWith(bundle: string): Promise<number[]> {
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

  it('takes no DEV_TOKEN and shows no explorer, which a local bundle does', { timeout: RUN_MS }, async () => {
    expect(await statusesWith(await bundleWorker(config, folder))).toEqual([200, 200, 200]);
    // Even where the files are there: a path that the API does not have asks for a token first, or is not found.
    expect(await statusesWith(join(outdir, 'index.js'))).toEqual([401, 404, 404]);
  });

  it('has every page, none of the explorer, and nothing that an earlier release left', () => {
    const deployed = filesIn(pages);
    expect(deployed).toContain('docs/index.html');
    expect(deployed.filter((file) => file.includes('graphql'))).toEqual([]);
    for (const file of ['docs/index.html', 'docs/stream.html']) {
      expect(readFileSync(join(pages, file), 'utf8')).not.toContain('/docs/graphql');
    }
    expect(filesIn(LOCAL_PAGES_FOLDER)).toEqual(
      expect.arrayContaining([...deployed, join('docs', 'graphql', 'main.js')]),
    );
  });
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
