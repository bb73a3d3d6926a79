/** Source files as the house rules look at them: parsed once, reduced to the few facts that a rule may judge. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type ESTree, type ParseResult, parseSync, Visitor, type VisitorObject } from 'vite';

type Comment = ParseResult['comments'][number];

/** The repository's root folder. */
export const ROOT = path.join(import.meta.dirname, '..', '..');

/** Rooms of the Worker itself. */
export const PRODUCT_ROOMS = [
  'schemas',
  'actors',
  'payments',
  'privacy',
  'queues',
  'reports',
  'workers',
  'telemetry',
  'client',
] as const;

/** Rooms of what is around it: tests and command line tools, which run in Node. */
export const TOOL_ROOMS = ['test', 'bench', 'demo', 'local', 'verifier'] as const;

/** One construct of a source. */
export interface Fact {
  readonly kind:
    | 'call'
    | 'new'
    | 'name'
    | 'member'
    | 'string'
    | 'comment'
    | 'cast'
    | 'async'
    | 'method'
    | 'switchDefault';
  /** The name, callee, `object.property`, text or type that it is about. */
  readonly text: string;
  readonly start: number;
}

/** What a file takes from another module, as it is loaded or later. */
export interface ImportUse {
  readonly specifier: string;
  /** Whether only types are taken, so that nothing of the module is there at run time. */
  readonly typeOnly: boolean;
  readonly start: number;
}

/** A function with a body of its own. */
export interface FunctionSize {
  readonly name: string;
  readonly lines: number;
  readonly start: number;
}

/** An export of a file and whether it says what it is. */
export interface ExportUse {
  readonly name: string;
  readonly documented: boolean;
  readonly start: number;
}

/** A parsed file. */
export interface Source {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly facts: readonly Fact[];
  readonly imports: readonly ImportUse[];
  readonly functions: readonly FunctionSize[];
  readonly exports: readonly ExportUse[];
  lineOf(start: number): number;
}

/** A rule that a file breaks. */
export interface Problem {
  readonly rule: string;
  readonly where: string;
  readonly message: string;
}

/** A problem as one line. */
export function problemText({ rule, where, message }: Problem): string {
  return `${where} ${rule}: ${message}`;
}

/** What is made from other sources is as long as it has to be. */
const MADE = /\/(generated|dist)\//;

/** Paths of every TypeScript file of some rooms that somebody wrote. */
export function sourcePaths(rooms: readonly string[]): string[] {
  return rooms
    .flatMap((room) => globSync(`${room}/**/*.ts`, { cwd: ROOT }))
    .filter((file) => !MADE.test(file))
    .sort();
}

/** Reads and parses a file. */
export function readSource(file: string): Source {
  return parseSource(file, readFileSync(path.join(ROOT, file), 'utf8'));
}

/** Parses a text as if it stood at a path. */
export function parseSource(file: string, text: string): Source {
  const { program, module, comments, errors } = parseSync(file, text);
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]?.message}`);
  const lineStarts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  const lineOf = (start: number) => lineStarts.findLastIndex((lineStart) => lineStart <= start) + 1;
  const facts: Fact[] = comments.map(({ value, start }) => ({ kind: 'comment', text: value, start }));
  const functions: FunctionSize[] = [];
  const imports: ImportUse[] = [];
  new Visitor(factVisitor({ facts, functions, imports }, lineOf)).visit(program);
  imports.push(
    ...module.staticImports.map(({ moduleRequest, entries, start }) => ({
      specifier: moduleRequest.value,
      typeOnly: entries.length > 0 && entries.every((entry) => entry.isType),
      start,
    })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType, start }) =>
        moduleRequest === null ? [] : [{ specifier: moduleRequest.value, typeOnly: isType, start }],
      ),
    ),
  );
  const exports = exportUses(file, text, program, comments);
  // A final newline ends the last line and starts none.
  return { path: file, lines: text.split('\n').length - 1, facts, imports, functions, exports, lineOf };
}

function factVisitor(
  { facts, functions, imports }: { facts: Fact[]; functions: FunctionSize[]; imports: ImportUse[] },
  lineOf: (start: number) => number,
): VisitorObject {
  const add = (kind: Fact['kind'], text: string, { start }: { start: number }) =>
    void facts.push({ kind, text, start });
  const suites = new Set<unknown>();
  const measure = (node: ESTree.Function | ESTree.ArrowFunctionExpression, name: string) => {
    if (node.async) add('async', 'async', node);
    if (suites.has(node)) return;
    const lines = lineOf(node.end) - lineOf(node.start) + 1;
    functions.push({ name, lines, start: node.start });
  };
  return {
    FunctionDeclaration: (node) => measure(node, node.id?.name ?? 'default'),
    FunctionExpression: (node) => measure(node, node.id?.name ?? 'function'),
    ArrowFunctionExpression: (node) => measure(node, 'function'),
    CallExpression(node) {
      const callee = nameOf(node.callee);
      add('call', callee, node);
      // A suite is a list of tests, not a function that somebody reads from top to bottom.
      if (/^describe(\.|$)/.test(callee)) for (const argument of node.arguments) suites.add(argument);
      const [first] = node.arguments;
      if (isFunction(first) && first.async) add('call', `${callee}(async)`, node);
    },
    NewExpression: (node) =>
      add('new', `new ${nameOf(node.callee)}${node.arguments.length === 0 ? '()' : ''}`, node),
    MemberExpression: (node) => add('member', nameOf(node), node),
    Identifier: (node) => add('name', node.name, node),
    Literal: (node) => typeof node.value === 'string' && add('string', node.value, node),
    TemplateElement: (node) => add('string', node.value.cooked ?? node.value.raw, node),
    TSAsExpression: (node) => add('cast', node.typeAnnotation.type, node),
    TSTypeAssertion: (node) => add('cast', node.typeAnnotation.type, node),
    AwaitExpression: (node) => add('async', 'await', node),
    ForOfStatement: (node) => node.await && add('async', 'await', node),
    ImportExpression(node) {
      const { source, start } = node;
      if (source.type !== 'Literal') add('call', 'import', node);
      else imports.push({ specifier: String(source.value), typeOnly: false, start });
    },
    MethodDefinition: (node) => add('method', nameOf(node.key), node),
    SwitchCase: (node) => node.test === null && add('switchDefault', 'default', node),
  };
}

/** `name`, or `object.property` of the last two names; `.property` where the object is an expression. */
function nameOf(node: ESTree.Node): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type !== 'MemberExpression' || node.computed) return '';
  const property = node.property.type === 'Identifier' ? node.property.name : '';
  return `${nameOf(node.object).split('.').at(-1)}.${property}`;
}

function isFunction(node: ESTree.Node | undefined): node is ESTree.Function | ESTree.ArrowFunctionExpression {
  return node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression';
}

/**
 * The exports of a file. One is documented by a comment of its own; by the file's header where it is the file's first or
 * has the file's name; by the value of its name, for an inferred type; or by the comment of the export that it follows
 * without an empty line.
 */
function exportUses(
  file: string,
  text: string,
  program: ESTree.Program,
  comments: readonly Comment[],
): ExportUse[] {
  const uses: ExportUse[] = [];
  const hasHeader = isDocstring(comments[0]) && comments[0]?.start === 0;
  const fileName = path.basename(file, '.ts').toLowerCase();
  let previous: { end: number; documented: boolean } | undefined;
  for (const node of program.body) {
    const declaration = exportedDeclaration(node);
    if (declaration === undefined) continue;
    const name = declaredName(declaration);
    const before = comments.findLast((comment) => comment.end <= node.start && !isLintComment(comment));
    const between = text.slice(before?.end, node.start).replace(/^\s*\/\/ biome-ignore.*$/gm, '');
    const documented =
      (isDocstring(before) && before?.start !== 0 && between.trim() === '') ||
      (hasHeader && (uses.length === 0 || name.toLowerCase() === fileName)) ||
      uses.some((use) => use.name === name && use.documented) ||
      (previous?.documented === true && /^\n?$/.test(text.slice(previous.end, node.start)));
    uses.push({ name, documented, start: node.start });
    previous = { end: node.end, documented };
  }
  return uses;
}

function exportedDeclaration(node: ESTree.Node): ESTree.Node | undefined {
  if (node.type === 'ExportDefaultDeclaration') return node.declaration;
  return node.type === 'ExportNamedDeclaration' ? (node.declaration ?? undefined) : undefined;
}

function declaredName(node: ESTree.Node): string {
  if (node.type === 'VariableDeclaration') return nameOf(node.declarations[0]?.id ?? node);
  return 'id' in node && node.id !== null ? nameOf(node.id as ESTree.Node) : 'default';
}

function isDocstring(comment: Comment | undefined): boolean {
  return comment?.type === 'Block' && comment.value.startsWith('*');
}

function isLintComment(comment: Comment): boolean {
  return comment.value.trimStart().startsWith('biome-ignore');
}
