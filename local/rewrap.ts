/** `npm run rewrap`: after a rotation of the master key (docs/privacy.md, "Rotation"). */
import { ArchiveClient, DEFAULT_URL } from './archive/client.ts';
import { readCommandLine, runCommand } from './commandLine.ts';
import { operatorToken, TOKEN_DEFAULTS } from './operatorToken.ts';
import { rewrapKeys } from './rewrapKeys.ts';

const HELP = `Wraps the keys of all subjects of a running Folio, and their backup, with the first master key of its PERSONAL_DATA_KEYS.
Keys that only the backup has come back, and keys that it lacks are put there.

  npm run rewrap -- [--from CURSOR] [--url URL] [--token TOKEN]

  --from CURSOR  goes on where a run that was cut off had come to: each line of it says
  --url URL      where Folio answers (default ${DEFAULT_URL})
  --token TOKEN  an administrator's, sent as Authorization: Bearer (default: ${TOKEN_DEFAULTS})
  --help         this text

Doing it again is harmless. Ends with 0 where the other master keys are needed no more, with 1 where some key could not be wrapped
anew, with 2 where it cannot begin or go on.`;

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const options = { url: text, token: text, from: text, help: { type: 'boolean', short: 'h' } } as const;
  const { values } = readCommandLine({ options }, HELP);
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const url = values.url ?? DEFAULT_URL;
  const client = new ArchiveClient(url, operatorToken(url, values.token));
  return rewrapKeys(client, (line) => console.log(line), values.from);
}

await runCommand(main);
