/** `npm run docs`: writes the generated documents, and the code that is made from the Protobuf definitions. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readCommandLine } from '../../local/commandLine.ts';
import { LocalServerError } from '../../local/errors.ts';
import { generatedDocuments } from './documents.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');

const HELP = `Writes what is made from the schemas: the event catalogue and the other documents in docs/generated, the descriptions of the
API, the Protobuf definitions, and the code that is made from them.

  npm run docs [-- --help]`;

/** Writes them all, and says which. */
function writeDocuments(): void {
  for (const [path, text] of Object.entries(generatedDocuments())) {
    const file = resolve(REPOSITORY, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(path);
  }

  execFileSync('buf', ['generate'], { cwd: resolve(REPOSITORY, 'schemas/proto'), stdio: 'inherit' });
}

try {
  const { values } = readCommandLine({ options: { help: { type: 'boolean', short: 'h' } } }, HELP);
  if (values.help === true) console.log(HELP);
  else writeDocuments();
} catch (error) {
  if (!(error instanceof LocalServerError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
