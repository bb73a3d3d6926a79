import { relative } from 'node:path';
import { LOCAL_RUN } from './bundle.ts';
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
  const local = Object.entries(LOCAL_RUN).flatMap(([name, value]) => ['--define', `${name}:${value}`]);
  return await runWrangler(['dev', ...local, ...options, ...process.argv.slice(2)]);
}

process.exit(await main());
