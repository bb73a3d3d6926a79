import { relative } from 'node:path';
import { LOCAL_RUN } from './bundle.ts';
import { LOCAL_PAGES_FOLDER } from './config.ts';
import { makePages } from './pages.ts';
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
  makePages();
  const pages = ['--assets', LOCAL_PAGES_FOLDER];
  return await runWrangler(['dev', ...local, ...pages, ...options, ...process.argv.slice(2)]);
}

process.exit(await main());
