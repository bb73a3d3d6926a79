/** The toy of `shardToy.ts` as the Worker of a server in shards. */
import { join } from 'node:path';
import { bundleWorker } from '../../local/bundle.ts';
import type { LocalConfig } from '../../local/config.ts';
import type { ObjectWorker } from '../../local/objectRuntimes.ts';
import { shardedEntry } from '../../local/shards/options.ts';

const MAIN = join(import.meta.dirname, 'shardToy.ts');

const SETTINGS = {
  name: 'toy',
  compatibilityDate: '2026-11-01',
  bindings: {},
  d1Databases: {},
  durableObjects: { TOYS: { className: 'Toy', useSQLite: true } },
  queueProducers: { QUEUE: { queueName: 'toy-queue' } },
  queueConsumers: { 'toy-queue': { maxBatchTimeout: 0 } },
};

/** Bundles it into a folder. */
export async function bundledToy(folder: string): Promise<ObjectWorker> {
  const config = { main: MAIN, define: {}, textExtensions: [], worker: SETTINGS } as unknown as LocalConfig;
  const path = await bundleWorker(config, folder, shardedEntry(MAIN, SETTINGS));
  return { ...SETTINGS, modules: [{ type: 'ESModule', path }], modulesRoot: folder };
}
