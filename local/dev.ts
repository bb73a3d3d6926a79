import { relative } from 'node:path';
import { devTokenOptions, migrateWithWrangler, runWrangler } from './wrangler.ts';

/**
 * `npm run dev [-- OPTIONS OF WRANGLER DEV]`: `wrangler dev` with the D1 migrations applied and an administrator's
 * token. Wrangler runs no crons: `curl localhost:8787/cdn-cgi/local/scheduled` runs the sweeper.
 */
async function main(): Promise<number> {
  const migrated = await migrateWithWrangler('--local');
  if (migrated !== 0) return migrated;
  const { tokenFile, options } = devTokenOptions();
  console.log(`The local administrator's token is in ${relative(process.cwd(), tokenFile)}.`);
  return await runWrangler(['dev', ...options, ...process.argv.slice(2)]);
}

process.exit(await main());
