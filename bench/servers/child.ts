/**
 * One server in a process of its own: `node child.ts CONFIG STATE SHARDS [INSPECTOR PORT]`, started by `server.ts`. It tells its
 * parent where it answers, and ends when told to or when the parent is gone.
 */
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Platform, startPlatform } from '../../local/platform.ts';

const [configPath = '', stateDir = '', shards, inspectorPort] = process.argv.slice(2);

/** Puts a script between Miniflare and the runtime that adds the runtime's inspector. */
function openInspector(port: string): void {
  const require = createRequire(createRequire(import.meta.url).resolve('miniflare'));
  const workerd = require('workerd') as { default: string };
  process.env.BENCH_INSPECTOR_PORT = port;
  process.env.BENCH_RUNTIME_BINARY = workerd.default;
  // The local server asks this module for the runtime's path, and its exports cannot be assigned to.
  const loaded = require.cache[require.resolve('workerd')];
  if (loaded === undefined) throw new Error('the module of the runtime is not cached');
  loaded.exports = { ...workerd, default: join(import.meta.dirname, '../profile/workerd.sh') };
}

let platform: Platform | undefined;

/** Without a parent nobody else would delete the state. A runtime that is still starting ends with this process. */
async function abandoned(): Promise<never> {
  await platform?.stop();
  rmSync(dirname(stateDir), { recursive: true, force: true });
  process.exit(1);
}

async function stop(): Promise<never> {
  await platform?.stop();
  process.exit(0);
}

process.on('disconnect', () => void abandoned());
process.on('message', () => void stop());
process.on('SIGTERM', () => void stop());
// Ctrl-C reaches the whole group of processes; the parent stops this one.
process.on('SIGINT', () => undefined);

if (inspectorPort !== undefined) openInspector(inspectorPort);
platform = await startPlatform({ port: 0, stateDir, configPath, ownSignals: true, shards: Number(shards) });
const { url, logFile } = platform;
const [runtimePid, storagePid] = [platform.runtimePid(), platform.storagePid()];
process.send?.({ url, logFile, runtimePid, storagePid, shardPids: platform.shardPids() });
