/** Configurations of the servers: the product's own `wrangler.toml` with the bench entry, and the baseline's. */
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Unstable_RawConfig } from 'wrangler';
import { loadWrangler, REPOSITORY, WRANGLER_TOML } from '../../local/config.ts';

/**
 * What a benchmark runs against. `product` is all of it. `product without views` has no consumer on its queues, so that
 * the price of a command shows alone: its events are still announced, and the queue drops what nobody consumes. `product
 * with sagas` has the sagas' consumer alone, `product with archive` the archive's. `product to be restored` has none and may
 * be filled from an archive. `product without gateway` takes every request for the administrator's, and has
 * no views either.
 */
export type ServerKind =
  | 'product'
  | 'product without views'
  | 'product with sagas'
  | 'product with archive'
  | 'product to be restored'
  | 'product without gateway'
  | 'baseline';

/** The queues that a kind consumes; absent: none. */
const CONSUMED: Readonly<Partial<Record<ServerKind, RegExp>>> = {
  product: /^/,
  'product with sagas': /^folio-sagas$/,
  'product with archive': /^folio-archive$/,
};

/** Variables that a kind has beside those of `wrangler.toml`. */
const VARIABLES: Readonly<Partial<Record<ServerKind, Readonly<Record<string, string>>>>> = {
  'product without gateway': { BENCH_OPEN: 'true' },
  'product to be restored': { RESTORE: 'open' },
};

/** The configuration file of a kind of server; written into `folder` where it is made up. */
export async function configFile(kind: ServerKind, folder: string): Promise<string> {
  if (kind === 'baseline') return join(REPOSITORY, 'bench/baseline/wrangler.toml');
  const { experimental_readRawConfig } = await loadWrangler();
  // Wrangler's types of this function come from a package that it does not ship.
  const { rawConfig } = experimental_readRawConfig({ config: WRANGLER_TOML }) as {
    rawConfig: Unstable_RawConfig;
  };
  const root = dirname(WRANGLER_TOML);
  const config = {
    ...rawConfig,
    main: join(REPOSITORY, 'bench/worker.ts'),
    // Nobody looks at a benchmark's pages.
    build: {},
    assets: undefined,
    vars: { ...rawConfig.vars, ...VARIABLES[kind] },
    d1_databases: rawConfig.d1_databases?.map((database) => ({
      ...database,
      migrations_dir: resolve(root, database.migrations_dir ?? 'migrations'),
    })),
    queues: {
      ...rawConfig.queues,
      consumers: (rawConfig.queues?.consumers ?? []).filter(
        ({ queue }) => CONSUMED[kind]?.test(queue) === true,
      ),
    },
    // The sweeper of a server without views would repair them all the same.
    triggers: kind === 'product' ? rawConfig.triggers : { crons: [] },
  };
  const file = join(folder, 'wrangler.json');
  writeFileSync(file, JSON.stringify(config, undefined, 2));
  return file;
}
