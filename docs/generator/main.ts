/** `npm run docs`: writes the generated documents, and the code that is made from the Protobuf definitions. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { generatedDocuments } from './documents.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');

for (const [path, text] of Object.entries(generatedDocuments())) {
  const file = resolve(REPOSITORY, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(path);
}

execFileSync('buf', ['generate'], { cwd: resolve(REPOSITORY, 'schemas/proto'), stdio: 'inherit' });
