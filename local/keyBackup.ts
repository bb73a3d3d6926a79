/** `npm run key-backup`: copies of the keys' backup (docs/privacy.md, "The backup of the keys"). */
import { fromHere } from '../verifier/fromHere.ts';
import { ArchiveClient, DEFAULT_URL } from './archive/client.ts';
import { readCommandLine, runCommand, unknownCommand } from './commandLine.ts';
import { exportKeyBackup, restoreKeyBackup } from './keyBackupFile.ts';
import { operatorToken, TOKEN_DEFAULTS } from './operatorToken.ts';

const HELP = `The backup of the keys of personal data, which are wrapped by PERSONAL_DATA_KEYS and of no use without.

  npm run key-backup -- export FILE    copies it to a file, in the place of an older copy; where some of it is damaged, names
                                       that, keeps the older copy and puts the rest into FILE.incomplete
  npm run key-backup -- restore FILE   puts a copy back, into an environment that is open for restoring: what it has itself
                                       counts more, and a subject that was erased gets nothing back

  --url URL      where Folio answers (default ${DEFAULT_URL})
  --token TOKEN  an administrator's, sent as Authorization: Bearer (default: ${TOKEN_DEFAULTS})
  --help         this text

Ends with 0 where all went well, with 1 where some keys were not copied or did not come back, with 2 where it cannot begin or
go on.`;

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const options = { url: text, token: text, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = readCommandLine({ allowPositionals: true, options }, HELP);
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [command, given, ...rest] = positionals;
  const url = values.url ?? DEFAULT_URL;
  const client = new ArchiveClient(url, operatorToken(url, values.token));
  const print = (line: string) => console.log(line);
  if (given !== undefined && rest.length === 0) {
    const file = fromHere(given);
    if (command === 'export') return exportKeyBackup(client, file, print);
    if (command === 'restore') return restoreKeyBackup(client, file, print);
  }
  throw unknownCommand('key-backup', { export: 'FILE', restore: 'FILE' }, command, HELP);
}

await runCommand(main);
