/** `npm run docs`: writes the generated documents. */
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
