/**
 * The pages for people: what stands in `console/`, and the viewers that they show, which come with packages. Together they
 * are the static files of `wrangler.toml`; a local run has the explorer of GraphQL beside them. `wrangler dev` and
 * `wrangler deploy` run this file themselves.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { LOCAL_PAGES_FOLDER, PAGES_FOLDER, REPOSITORY } from './config.ts';

/** Where files are on their way into either folder. */
const MAKING_FOLDER = join(REPOSITORY, 'dist/making');

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

/** Files by their places under a folder's root. */
type Files = Readonly<Record<string, string>>;

/** What becomes of a page on its way into the folder, by the page's place. */
type Changes = Readonly<Record<string, (html: string) => string>>;

/** A local run has the explorer: its own page knows where it stands, and the others lead to it. */
const LOCAL_CHANGES: Changes = {
  'docs/graphql/index.html': explorerPage,
  'docs/index.html': withWayToExplorer,
  'docs/stream.html': withWayToExplorer,
};

/** What is deployed. Its packages are dependencies and not for development alone, so that advisories against them are looked for. */
export const PAGES: Files = {
  'docs/index.html': fromConsole('docs/index.html'),
  'docs/openapi.js': fromConsole('docs/openapi.js'),
  'docs/stream.html': fromConsole('docs/stream.html'),
  'docs/stream.js': fromConsole('docs/stream.js'),
  'docs/docs.css': fromConsole('docs/docs.css'),
  'docs/icon.svg': fromConsole('docs/icon.svg'),
  'docs/swagger-ui-bundle.js': fromPackage('swagger-ui-dist', 'swagger-ui-bundle.js'),
  'docs/swagger-ui.css': fromPackage('swagger-ui-dist', 'swagger-ui.css'),
  'docs/asyncapi-viewer.js': fromPackage('@asyncapi/react-component', 'browser/standalone/index.js'),
  'docs/asyncapi.css': fromPackage('@asyncapi/react-component', 'styles/default.min.css'),
  // Asked for by the Worker alone: what PDFs are set in where the built-in fonts lack characters.
  'fonts/DejaVuSans.ttf': fromPackage('dejavu-fonts-ttf', 'ttf/DejaVuSans.ttf'),
};

function localPages(): Files {
  const names = readdirSync(EXPLORER, { recursive: true, encoding: 'utf8' });
  const files = names.filter(
    (name) => !name.startsWith('iframe-sandbox') && statSync(join(EXPLORER, name)).isFile(),
  );
  return {
    ...PAGES,
    ...Object.fromEntries(
      files.map((name) => [`docs/graphql/${name.split(sep).join('/')}`, join(EXPLORER, name)]),
    ),
    'docs/graphql/explorer.js': fromConsole('docs/explorer.js'),
  };
}

/** Makes the pages of both folders, unless they are those of the files as they are now. */
export function makePages(): void {
  fill(PAGES_FOLDER, PAGES);
  fill(LOCAL_PAGES_FOLDER, localPages(), LOCAL_CHANGES);
}

function fill(folder: string, files: Files, changes: Changes = {}): void {
  const there = placesIn(folder);
  // What was a page of an earlier release would be deployed with the next one.
  for (const place of there) if (!Object.hasOwn(files, place)) rmSync(join(folder, place), { force: true });
  const stampFile = `${folder}.stamp`;
  const stamp = stampOf(files);
  if (readStamp(stampFile) === stamp && Object.keys(files).every((place) => there.has(place))) return;
  for (const [place, file] of Object.entries(files)) {
    const content = readFileSync(file);
    replace(join(folder, place), changes[place]?.(content.toString()) ?? content);
  }
  replace(stampFile, stamp);
}

function placesIn(folder: string): Set<string> {
  mkdirSync(folder, { recursive: true });
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return new Set(
    files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/')),
  );
}

function explorerPage(html: string): string {
  const based = html.replace('<base href="/" />', '<base href="/docs/graphql/" />');
  const page = based.replace('</body>', '<script src="explorer.js"></script></body>');
  if (page === based || based === html) throw new Error('the page of the explorer is not what it was');
  return page;
}

function withWayToExplorer(html: string): string {
  const page = html.replace(
    /<a href="\/docs\/stream".*<\/a>/,
    '$&\n      <a href="/docs/graphql">GraphQL</a>',
  );
  if (page === html)
    throw new Error('the page has no way to the streams, behind which the one to the explorer comes');
  return page;
}

/** A reader, or another process that makes the same pages, meets a whole file or none. */
function replace(file: string, content: string | Buffer): void {
  const made = join(MAKING_FOLDER, String(process.pid));
  mkdirSync(MAKING_FOLDER, { recursive: true });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(made, content);
  renameSync(made, file);
}

/** What the files are now, and this one, which says what becomes of them. */
function stampOf(files: Files): string {
  return Object.entries({ ...files, '': import.meta.filename })
    .map(([place, file]) => `${place} ${file} ${statSync(file).size} ${statSync(file).mtimeMs}\n`)
    .join('');
}

function readStamp(stampFile: string): string | undefined {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) makePages();
