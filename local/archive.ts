/** `npm run archive`: the archive of a running platform. */
import { fromHere } from '../verifier/fromHere.ts';
import { type PublicKey, readKey } from '../verifier/keys.ts';
import { check } from './archive/check.ts';
import { ArchiveClient, DEFAULT_URL } from './archive/client.ts';
import { exportArchive } from './archive/export.ts';
import { query } from './archive/query.ts';
import { restore } from './archive/restore.ts';
import { retention } from './archive/retention.ts';
import { sign } from './archive/sign.ts';
import { readCommandLine, requireOptionsOf, runCommand, unknownCommand } from './commandLine.ts';
import { LocalServerError, messageOf } from './errors.ts';
import { operatorToken, TOKEN_DEFAULTS } from './operatorToken.ts';

const HELP = `The archive of a running Folio.

  npm run archive -- export FOLDER   copies it, up to the newest checkpoint; what is there already is not fetched again
  npm run archive -- sign            archives what waits and signs a checkpoint now
  npm run archive -- check           whether anything is missing or archived twice: follows the manifests, and asks every
                                     log how far it goes and whether the archive has the same
  npm run archive -- restore FOLDER  fills the logs of an empty platform from a copy: verifies it, asks every log, fills them,
                                     compares every head, and lets them go. May be run again at any time
  --aggregate TYPE/ID                only this log; may be given several times, as may --except TYPE/ID
  --key KEY                          a public key that you trust, as for npm run verify
  --without-expired                  leaves out logs of which events are past their term and gone
  --in-place                         fills up logs that have lost their end, and have not gone on since, where they are
  --fetch                            copies the bucket of the platform to FOLDER first, as export does

  npm run archive -- query FOLDER [NAME]
                                     a query of docs/analytics.md over a copy, by DuckDB; without a name, which there are
  --account ID   the account that the query account_audit is about
  npm run archive -- retention       gives the bucket the rules that lock what is archived for its term, and remove it after
  --dry-run      only says which rules these are, and how long what is kept
  --check        only says whether the bucket has them
  --env NAME     the environment of wrangler.toml that is meant

  --url URL      where Folio answers (default ${DEFAULT_URL})
  --token TOKEN  sent as Authorization: Bearer (default: ${TOKEN_DEFAULTS})
  --help         this text

Ends with 0 where all went well, with 1 where a check finds something, with 2 where it cannot begin or go on.`;

/** What each command takes beside its name, as the help has it. */
const TAKEN: Readonly<Record<string, string>> = {
  export: 'FOLDER',
  sign: '',
  check: '',
  restore: 'FOLDER',
  query: 'FOLDER [NAME]',
  retention: '',
};

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const OPTIONS = {
  url: text,
  token: text,
  account: text,
  aggregate: { ...text, multiple: true },
  except: { ...text, multiple: true },
  key: { ...text, multiple: true },
  fetch: flag,
  'without-expired': flag,
  'in-place': flag,
  env: { ...text, short: 'e' },
  'dry-run': flag,
  check: flag,
  help: { ...flag, short: 'h' },
} as const;

const PLATFORM = ['url', 'token'];

/** Which of them each command takes. */
const OPTIONS_OF: Readonly<Record<string, readonly string[]>> = {
  export: PLATFORM,
  sign: PLATFORM,
  check: PLATFORM,
  restore: [...PLATFORM, 'aggregate', 'except', 'key', 'without-expired', 'in-place', 'fetch'],
  query: ['account'],
  retention: ['dry-run', 'check', 'env'],
};

async function main(): Promise<number> {
  const { values, positionals } = readCommandLine({ allowPositionals: true, options: OPTIONS }, HELP);
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [command, folder, ...rest] = positionals;
  requireOptionsOf(OPTIONS_OF, command, values, HELP);
  if (command === 'query' && folder !== undefined && rest.length <= 1) {
    return query(fromHere(folder), rest[0], values.account);
  }
  if (command === 'retention' && folder === undefined) {
    const { 'dry-run': isDryRun = false, check: isCheck = false, env: environment } = values;
    if (isDryRun && isCheck)
      throw new LocalServerError('--dry-run asks nobody, --check asks the bucket: give one of them');
    return retention({ isDryRun, isCheck, environment });
  }
  const url = values.url ?? DEFAULT_URL;
  const client = new ArchiveClient(url, operatorToken(url, values.token));
  if (command === 'export' && folder !== undefined && rest.length === 0)
    return exportArchive(client, fromHere(folder));
  if (command === 'restore' && folder !== undefined && rest.length === 0) {
    const { aggregate: only = [], except = [], key = [], fetch = false } = values;
    if (fetch) await fetchArchive(client, fromHere(folder));
    const leavesOutExpired = values['without-expired'] === true;
    const keys = key.map(trustedKey);
    const isInPlace = values['in-place'] === true;
    return restore(client, fromHere(folder), { only, except, keys, leavesOutExpired, isInPlace });
  }
  if (command === 'sign' && folder === undefined) return sign(client);
  if (command === 'check' && folder === undefined) return check(client);
  throw unknownCommand('archive', TAKEN, command, HELP);
}

function trustedKey(text: string): PublicKey {
  try {
    return readKey(text);
  } catch (error) {
    throw new LocalServerError(messageOf(error));
  }
}

/** The archive of a platform that was set up anew on the bucket of another: it takes over what is there before it tells. */
async function fetchArchive(client: ArchiveClient, folder: string): Promise<void> {
  await client.json('/v1/audit/checkpoints', { method: 'POST' });
  await exportArchive(client, folder);
}

await runCommand(main);
