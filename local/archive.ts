/** `npm run archive`: the archive of a running platform. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './archive/check.ts';
import { ArchiveClient, DEFAULT_URL } from './archive/client.ts';
import { exportArchive } from './archive/export.ts';
import { query } from './archive/query.ts';
import { retention } from './archive/retention.ts';
import { sign } from './archive/sign.ts';
import { LocalServerError } from './errors.ts';

const HELP = `The archive of a running Folio.

  npm run archive -- export FOLDER   copies it, up to the newest checkpoint; what is there already is not fetched again
  npm run archive -- sign            archives what waits and signs a checkpoint now
  npm run archive -- check           whether anything is missing or archived twice: follows the manifests, and asks every
                                     log how far it goes and whether the archive has the same
  npm run archive -- query FOLDER [NAME]
                                     a query of docs/analytics.md over a copy, by DuckDB; without a name, which there are
  --account ID   the account that the query account_audit is about
  npm run archive -- retention       gives the bucket the rules that lock what is archived for its term, and remove it after
  --dry-run      only says which rules these are, and how long what is kept
  --check        only says whether the bucket has them
  --env NAME     the environment of wrangler.toml that is meant

  --url URL      where Folio answers (default ${DEFAULT_URL})
  --token TOKEN  sent as Authorization: Bearer (default: FOLIO_TOKEN of the environment)
  --help         this text

Ends with 0 where all went well, with 1 where a check finds something, with 2 where it cannot begin or go on.`;

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: text,
      token: text,
      account: text,
      env: { ...text, short: 'e' },
      'dry-run': flag,
      check: flag,
      help: { ...flag, short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [command, folder, ...rest] = positionals;
  if (command === 'query' && folder !== undefined && rest.length <= 1) {
    return query(fromHere(folder), rest[0], values.account);
  }
  if (command === 'retention' && folder === undefined) {
    const { 'dry-run': isDryRun = false, check: isCheck = false, env: environment } = values;
    return retention({ isDryRun, isCheck, environment });
  }
  const client = new ArchiveClient(values.url ?? DEFAULT_URL, values.token ?? process.env.FOLIO_TOKEN);
  if (command === 'export' && folder !== undefined && rest.length === 0)
    return exportArchive(client, fromHere(folder));
  if (command === 'sign' && folder === undefined) return sign(client);
  if (command === 'check' && folder === undefined) return check(client);
  throw new LocalServerError(`say what to do\n\n${HELP}`);
}

/** A folder as its user names it: npm runs scripts in the repository, whatever folder it was called in. */
function fromHere(folder: string): string {
  return resolve(process.env.INIT_CWD ?? '', folder);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof LocalServerError ? `folio: ${error.message}` : error);
    process.exitCode = 2;
  },
);
