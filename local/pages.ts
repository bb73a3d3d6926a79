/**
 * The pages for people: what stands in `console/`, and the viewers that they show, which come with packages. Together they
 * are the static files of `wrangler.toml`. `wrangler dev` and `wrangler deploy` run this file themselves.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { REPOSITORY } from './config.ts';

const PAGES_FOLDER = join(REPOSITORY, 'dist/pages');
const STAMP_FILE = join(REPOSITORY, 'dist/pages.stamp');

const { resolve } = createRequire(import.meta.url);

/** A package's folder: its files are not all exported, so they are found beside its manifest. */
function fromPackage(name: string, file: string): string {
  return join(dirname(resolve(`${name}/package.json`)), file);
}

function fromConsole(file: string): string {
  return join(REPOSITORY, 'console', file);
}

/** The explorer of GraphQL, which a package brings whole; its sandbox for scripts of requests is left out. */
const EXPLORER = fromPackage('altair-static', 'build/dist');

/** The explorer's own page, with where it stands and what opens it on this server. */
const EXPLORER_PAGE = 'docs/graphql/index.html';

function explorerFiles(): Record<string, string> {
  const names = readdirSync(EXPLORER, { recursive: true, encoding: 'utf8' });
  const files = names.filter(
    (name) => !name.startsWith('iframe-sandbox') && statSync(join(EXPLORER, name)).isFile(),
  );
  return Object.fromEntries(
    files.map((name) => [`docs/graphql/${name.split(sep).join('/')}`, join(EXPLORER, name)]),
  );
}

/** Every file by its place under the pages' root. */
const FILES: Readonly<Record<string, string>> = {
  ...explorerFiles(),
  'docs/graphql/explorer.js': fromConsole('docs/explorer.js'),
  'docs/index.html': fromConsole('docs/index.html'),
  'docs/openapi.js': fromConsole('docs/openapi.js'),
  'docs/stream.html': fromConsole('docs/stream.html'),
  'docs/stream.js': fromConsole('docs/stream.js'),
  'docs/docs.css': fromConsole('docs/docs.css'),
  'docs/swagger-ui-bundle.js': fromPackage('swagger-ui-dist', 'swagger-ui-bundle.js'),
  'docs/swagger-ui.css': fromPackage('swagger-ui-dist', 'swagger-ui.css'),
  'docs/asyncapi-viewer.js': fromPackage('@asyncapi/react-component', 'browser/standalone/index.js'),
  'docs/asyncapi.css': fromPackage('@asyncapi/react-component', 'styles/default.min.css'),
  // Asked for by the Worker alone: what PDFs are set in where the built-in fonts lack characters.
  'fonts/DejaVuSans.ttf': fromPackage('dejavu-fonts-ttf', 'ttf/DejaVuSans.ttf'),
};

/** Makes the pages, unless they are those of the files as they are now. */
export function makePages(): void {
  const stamp = stampOf(Object.values(FILES));
  if (readStamp() === stamp) return;
  for (const [place, file] of Object.entries(FILES)) {
    const content = readFileSync(file);
    replace(join(PAGES_FOLDER, place), place === EXPLORER_PAGE ? explorerPage(content.toString()) : content);
  }
  replace(STAMP_FILE, stamp);
}

function explorerPage(html: string): string {
  const based = html.replace('<base href="/" />', '<base href="/docs/graphql/" />');
  const page = based.replace('</body>', '<script src="explorer.js"></script></body>');
  if (page === based || based === html) throw new Error('the page of the explorer is not what it was');
  return page;
}

/** A reader, or another process that makes the same pages, meets a whole file or none. */
function replace(file: string, content: string | Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  const made = `${file}.${process.pid}`;
  writeFileSync(made, content);
  renameSync(made, file);
}

function stampOf(files: readonly string[]): string {
  return files.map((file) => `${file} ${statSync(file).size} ${statSync(file).mtimeMs}\n`).join('');
}

function readStamp(): string | undefined {
  try {
    return readFileSync(STAMP_FILE, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) makePages();
