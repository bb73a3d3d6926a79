import { relative } from 'node:path';
import { LOCAL_RUN } from './bundle.ts';
import { asksForHelp, runCommand } from './commandLine.ts';
import { LOCAL_PAGES_FOLDER } from './config.ts';
import { makePages } from './pages.ts';
import { devTokenOptions, migrateWithWrangler, runWrangler } from './wrangler.ts';
import { requireWranglerOptions } from './wranglerOptions.ts';

const HELP = `wrangler dev with the D1 migrations applied, an administrator's token and local keys, for work on the code.

  npm run dev [-- OPTIONS OF WRANGLER DEV]

  --help   this text; wrangler's own options: npm exec -- wrangler dev --help

The token is in .wrangler/dev-token. Without work on the code npm run serve is what you want.`;

/**
 * `npm run dev [-- OPTIONS OF WRANGLER DEV]`: `wrangler dev` with the D1 migrations applied and an administrator's
 * token. Wrangler runs no crons: `curl localhost:8787/cdn-cgi/local/scheduled` runs the sweeper.
 */
async function main(): Promise<number> {
  const given = process.argv.slice(2);
  if (asksForHelp(given)) {
    console.log(HELP);
    return 0;
  }
  await requireWranglerOptions('dev', given, HELP);
  const migrated = await migrateWithWrangler('--local', given);
  if (migrated !== 0) return migrated;
  const { tokenFile, options } = devTokenOptions();
  console.log(`The local administrator's token is in ${relative(process.cwd(), tokenFile)}.`);
  const local = Object.entries(LOCAL_RUN).flatMap(([name, value]) => ['--define', `${name}:${value}`]);
  makePages();
  const pages = ['--assets', LOCAL_PAGES_FOLDER];
  return await runWrangler(['dev', ...local, ...pages, ...options, ...given]);
}

await runCommand(main);
