import { existsSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { V4WorkerOptions } from 'miniflare';
import { type Assets, separateAssets } from './assets.ts';
import { LocalServerError, messageOf } from './errors.ts';

/** The root of the repository. */
export const REPOSITORY = resolve(import.meta.dirname, '..');

/** The configuration that `wrangler deploy` reads; the local server reads nothing else. */
export const WRANGLER_TOML = join(REPOSITORY, 'wrangler.toml');

/** The static files that are deployed (local/pages.ts): the folder that `wrangler.toml` names. */
export const PAGES_FOLDER = join(REPOSITORY, 'dist/pages');

/** The same and what is for development alone: a local run has this folder in the other one's place. */
export const LOCAL_PAGES_FOLDER = join(REPOSITORY, 'dist/local-pages');

/** Where wrangler looks for the migrations of a database that says nothing of them. */
export const DEFAULT_MIGRATIONS_FOLDER = 'migrations';

/** A D1 database of the configuration and the folder of its migrations. */
export interface LocalDatabase {
  readonly binding: string;
  readonly migrationsFolder: string;
  readonly migrationsTable: string;
}

/** Miniflare's description of a Worker, without its code. */
export type WorkerSettings = Omit<V4WorkerOptions, 'script' | 'scriptPath' | 'modules' | 'modulesRoot'> & {
  readonly name: string;
  readonly compatibilityDate: string;
  readonly d1Databases: Record<string, string>;
  readonly bindings: Record<string, string>;
};

/** What the local server takes from `wrangler.toml`. */
export interface LocalConfig {
  /** Absolute path of the entry point. */
  readonly main: string;
  readonly define: Readonly<Record<string, string>>;
  /** File name endings that are imported as text, with their dot. */
  readonly textExtensions: readonly string[];
  readonly worker: WorkerSettings;
  /** Workers that ours is bound to: the one of the static files, and any that it names as a service. */
  readonly otherWorkers: readonly V4WorkerOptions[];
  readonly databases: readonly LocalDatabase[];
  readonly crons: readonly string[];
}

/**
 * Beside the flags of the configuration: sockets are not compressed. Over the loopback that saves nothing, and it takes 5 % of the
 * processor's time for a command that is told, and 130 kB for each open socket (docs/benchmarks.md).
 */
const LOCAL_FLAGS: readonly string[] = ['no_web_socket_compression'];

/** Wrangler as a library. It is 15 MB of script: loaded on first use and compiled once for good. */
export async function loadWrangler(): Promise<typeof import('wrangler')> {
  enableCompileCache(join(REPOSITORY, 'node_modules/.cache/folio-compile'));
  return await import('wrangler');
}

/** Path of the `wrangler` command. */
export function wranglerBinary(): string {
  const manifest = createRequire(import.meta.url).resolve('wrangler/package.json');
  return join(dirname(manifest), 'bin/wrangler.js');
}

/**
 * Reads `wrangler.toml` with wrangler's own reader and turns it into Miniflare's options with wrangler's own
 * translation, so that the local server and `wrangler dev` cannot drift apart. As in `wrangler dev`, a `.dev.vars`
 * beside the file adds to the variables.
 */
export async function readLocalConfig(configPath: string): Promise<LocalConfig> {
  if (!existsSync(configPath)) throw new LocalServerError(`there is no configuration at ${configPath}`);
  const wrangler = await loadWrangler();
  let config: WranglerConfig;
  try {
    config = wrangler.unstable_readConfig({ config: configPath }, { hideWarnings: true });
  } catch (error) {
    throw new LocalServerError(`${configPath} cannot be read: ${messageOf(error)}`);
  }
  if (config.main === undefined || config.name === undefined || config.compatibility_date === undefined) {
    throw new LocalServerError(`${configPath} needs "main", "name" and "compatibility_date"`);
  }
  const { workerOptions, externalWorkers } = wrangler.unstable_getMiniflareWorkerOptions(configPath);
  const folder = dirname(resolve(configPath));
  const assets = workerOptions.assets as Assets | undefined;
  const { worker, assetsWorkers } = separateAssets<WorkerSettings>({
    ...workerOptions,
    assets: assets?.directory === PAGES_FOLDER ? { ...assets, directory: LOCAL_PAGES_FOLDER } : assets,
    name: config.name,
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: [...config.compatibility_flags, ...LOCAL_FLAGS],
    d1Databases: localDatabaseIds(config.d1_databases),
    bindings: workerOptions.bindings as Record<string, string>,
  });
  return {
    main: resolve(folder, config.main),
    define: config.define,
    textExtensions: textExtensions(workerOptions.modulesRules ?? []),
    worker,
    otherWorkers: [...externalWorkers, ...assetsWorkers],
    databases: config.d1_databases.map((database) => localDatabase(database, folder)),
    crons: config.triggers.crons ?? [],
  };
}

/** As much of wrangler's configuration as is read here. Its own type is built on a package that is not published. */
interface WranglerConfig {
  readonly name?: string;
  readonly main?: string;
  readonly compatibility_date?: string;
  readonly compatibility_flags: readonly string[];
  readonly define: Record<string, string>;
  readonly triggers: { readonly crons?: readonly string[] };
  readonly d1_databases: readonly DatabaseEntry[];
}

interface DatabaseEntry {
  readonly binding: string;
  readonly database_name?: string;
  readonly migrations_dir?: string;
  readonly migrations_table?: string;
  readonly migrations_pattern?: string;
}

function localDatabase(entry: DatabaseEntry, folder: string): LocalDatabase {
  if (entry.migrations_pattern !== undefined) {
    throw new LocalServerError(
      `${entry.binding}: migrations_pattern is not supported here, use migrations_dir`,
    );
  }
  return {
    binding: entry.binding,
    migrationsFolder: resolve(folder, entry.migrations_dir ?? DEFAULT_MIGRATIONS_FOLDER),
    migrationsTable: entry.migrations_table ?? 'd1_migrations',
  };
}

/**
 * Where each database is kept. The id of `wrangler.toml` will not do: it is the same placeholder for every database
 * until an operator fills in the real ones, and filling them in must not lose what was stored locally.
 */
function localDatabaseIds(entries: readonly DatabaseEntry[]): Record<string, string> {
  const ids: Record<string, string> = {};
  for (const entry of entries) {
    const id = entry.database_name ?? entry.binding;
    if (Object.values(ids).includes(id)) {
      throw new LocalServerError(`two D1 databases are both called ${id}; give each its own database_name`);
    }
    ids[entry.binding] = id;
  }
  return ids;
}

/** Endings named by the Text rules of the configuration (wrangler's own: .txt, .html, .sql). */
function textExtensions(rules: readonly { type: string; include: string[] }[]): string[] {
  return rules
    .filter((rule) => rule.type === 'Text')
    .flatMap((rule) => rule.include)
    .flatMap((glob) => /^\*\*\/\*(\.\w+)$/.exec(glob)?.[1] ?? []);
}
