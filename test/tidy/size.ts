/** The size ratchet: functions fit a screen, files can be read in one sitting, and what is too large today only shrinks. */
import { PRODUCT_ROOMS, type Problem, type Source } from './source.ts';

/** Lines of a function, its head and closing brace included: one screen. */
export const FUNCTION_LINES_MAX = 70;

/** Lines of a file. */
export const FILE_LINES_MAX = 300;

/** Lines of a test file: each one that runs in the Workers runtime costs a second of start, so they are fewer and larger. */
export const TEST_FILE_LINES_MAX = 600;

/** Files over the limit, with the lines that they have today. Numbers here only go down; an entry goes when it fits. */
const FILE_ALLOWANCES: Readonly<Record<string, number>> = {};

/** Exports without a docstring, per file, today. Numbers here only go down. */
const UNDOCUMENTED_ALLOWANCES: Readonly<Record<string, number>> = {};

/** Functions that are too long. There is no allowance: a function can always be cut. */
export function longFunctions(source: Source): Problem[] {
  return source.functions
    .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
    .map(({ name, lines, start }) => ({
      rule: 'size',
      where: `${source.path}:${source.lineOf(start)}`,
      message: `${name} has ${lines} lines, more than ${FUNCTION_LINES_MAX}`,
    }));
}

/** Files that are too long, longer than their allowance, or shorter than it. */
export function longFiles(
  sources: readonly Source[],
  allowances: Readonly<Record<string, number>> = FILE_ALLOWANCES,
): Problem[] {
  return ratchet(
    'size',
    'lines',
    sources.map(({ path, lines }) => ({ path, count: lines, max: linesMax(path) })),
    allowances,
  );
}

/** Files of the product with exports that do not say what they are, more than their allowance, or fewer than it. */
export function undocumentedExports(
  sources: readonly Source[],
  allowances: Readonly<Record<string, number>> = UNDOCUMENTED_ALLOWANCES,
): Problem[] {
  const isProduct = (path: string) => PRODUCT_ROOMS.some((room) => path.startsWith(`${room}/`));
  return ratchet(
    'docstrings',
    'exports without a docstring',
    sources
      .filter(({ path }) => isProduct(path))
      .map(({ path, exports }) => {
        const missing = exports.filter(({ documented }) => !documented).map(({ name }) => name);
        return { path, count: missing.length, max: 0, detail: ` (${missing.join(', ')})` };
      }),
    allowances,
  );
}

function linesMax(path: string): number {
  return path.startsWith('test/') ? TEST_FILE_LINES_MAX : FILE_LINES_MAX;
}

interface Measured {
  readonly path: string;
  readonly count: number;
  readonly max: number;
  readonly detail?: string;
}

function ratchet(
  rule: string,
  unit: string,
  files: readonly Measured[],
  allowances: Readonly<Record<string, number>>,
): Problem[] {
  const problems = files.flatMap(({ path, count, max, detail = '' }) => {
    const allowed = allowances[path];
    if (count > Math.max(max, allowed ?? 0)) {
      return [{ rule, where: path, message: `${count} ${unit}${detail}, more than ${allowed ?? max}` }];
    }
    if (allowed === undefined || count === allowed) return [];
    const advice = count > max ? `lower its allowance to ${count}` : 'remove its allowance';
    return [{ rule, where: path, message: `${count} ${unit}, fewer than the ${allowed} allowed: ${advice}` }];
  });
  const known = new Set(files.map(({ path }) => path));
  const gone = Object.keys(allowances).filter((path) => !known.has(path));
  return [
    ...problems,
    ...gone.map((path) => ({ rule, where: path, message: 'is gone: remove its allowance' })),
  ];
}
