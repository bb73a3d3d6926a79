/** Rules for what people read: commands that documents name exist, and nothing names a machine. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PRODUCT_ROOMS, type Problem, ROOT, TOOL_ROOMS } from './source.ts';

/** A text file, whole. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** Files that people read or machines are set up by. */
export function textFiles(): TextFile[] {
  const rooms = `{${[...PRODUCT_ROOMS, ...TOOL_ROOMS, 'docs', 'migrations', '.ci'].join(',')}}/**/*`;
  return globSync(['*.{md,json,toml,ts}', '.npmrc', '.gitignore', rooms], { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(png|svg|gz)$/.test(entry.name))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .map((file) => ({ path: file, text: readFileSync(path.join(ROOT, file), 'utf8') }));
}

/** `npm run` commands that documents name and package.json does not have. */
export function unknownCommands({ path: file, text }: TextFile, scripts: ReadonlySet<string>): Problem[] {
  if (!file.endsWith('.md')) return [];
  return found(file, text, /\bnpm (?:run (?:-s )?([a-z][\w:-]*)|(test|start)\b)/g).flatMap(
    ({ match, where }) => {
      const script = match[1] ?? match[2] ?? '';
      if (scripts.has(script)) return [];
      return [{ rule: 'commands', where, message: `package.json has no script "${script}"` }];
    },
  );
}

/** Commands of examples that are piped into another program together with the lines that npm prints before them. */
export function chattyPipes({ path: file, text }: TextFile): Problem[] {
  if (!file.endsWith('.md')) return [];
  return found(file, text, /^npm run (?!-s )[^|#\n]*\|.*$/gm).map(({ match, where }) => ({
    rule: 'pipes',
    where,
    message: `${match[0]}: a pipe takes npm run -s, or npm's own lines come first`,
  }));
}

/** A home folder, a scratch folder, a drive: places on one machine. */
const LOCAL_PATH =
  /(?<![\w.:/-])\/(home|Users|root|work|mnt|private|tmp)\/[\w.-]+|\b[A-Z]:\\[\w.-]+|\bfile:\/\/\//g;

/** Where packages come from is the installing machine's business. */
const REGISTRY =
  /"resolved": "http[^"]*|\bregistry\.(npmjs|yarnpkg|npmmirror)\.\w+|\bnpm\.pkg\.github\.com|\b\w*(verdaccio|artifactory|jfrog)[\w.-]*\b|^registry\s*=.*/gim;

/** Names of machines: local paths and package registries. */
export function machineNames({ path: file, text }: TextFile): Problem[] {
  // These rules and their tests have to say what they look for.
  if (file.startsWith('test/tidy/')) return [];
  return [
    ...found(file, text, LOCAL_PATH).map(({ match, where }) => ({
      rule: 'local paths',
      where,
      message: `${match[0]} exists on one machine`,
    })),
    ...found(file, text, REGISTRY).map(({ match, where }) => ({
      rule: 'registries',
      where,
      message: `${match[0].slice(0, 60)} names a registry, which is each machine's own setting`,
    })),
  ];
}

function found(file: string, text: string, pattern: RegExp): { match: RegExpExecArray; where: string }[] {
  return Array.from(text.matchAll(pattern), (match) => ({
    match,
    where: `${file}:${text.slice(0, match.index).split('\n').length}`,
  }));
}
