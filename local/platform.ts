import { readLocalConfig, WRANGLER_TOML } from './config.ts';
import { checkCrons } from './crons.ts';
import { makePages } from './pages.ts';
import { LocalServer } from './server.ts';
import { openStateFolder } from './stateFolder.ts';
import type { Platform, PlatformOptions } from './types.ts';
import { requireAllVariables } from './variables.ts';

export { DEFAULT_HOST, type Platform, type PlatformOptions } from './types.ts';

/**
 * Starts the Worker of `wrangler.toml` on Miniflare behind a direct socket: requests skip Miniflare's entry Worker and
 * reach ours as they came. Resolves when the D1 migrations are applied and `/readyz` is 200.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  makePages();
  const config = await readLocalConfig(options.configPath ?? WRANGLER_TOML);
  checkCrons(config.crons);
  requireAllVariables(config.worker.bindings);
  const folder = await openStateFolder(options.stateDir);
  const server = new LocalServer(options, config, folder);
  try {
    return await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
}
