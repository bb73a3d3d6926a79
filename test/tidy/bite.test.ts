/** A rule that cannot fail is no rule: each one is shown a text that breaks it and, beside it, one that does not. */
import { describe, expect, it } from 'vitest';
import { BANS, banProblems } from './bans.ts';
import { importCircles } from './circles.ts';
import { importProblems, undeclaredPackages } from './imports.ts';
import { longFiles, longFunctions, undocumentedExports } from './size.ts';
import { parseSource, type Source } from './source.ts';
import { chattyPipes, machineNames, unknownCommands } from './texts.ts';

const rulesOf = (problems: readonly { rule: string }[]) => [...new Set(problems.map(({ rule }) => rule))];

describe('import circles', () => {
  const circlesOf = (files: Record<string, string>) =>
    importCircles(Object.entries(files).map(([file, code]) => parseSource(file, code))).map(
      ({ message }) => message,
    );

  it.each([
    ['values', { 'a/x.ts': "import { y } from '../b/y.ts';", 'b/y.ts': "import { x } from '../a/x.ts';" }],
    [
      'types',
      { 'a/x.ts': "import type { Y } from '../b/y.ts';", 'b/y.ts': "import { type X } from '../a/x.ts';" },
    ],
    [
      'exports',
      { 'a/x.ts': "export { y } from '../b/y.ts';", 'b/y.ts': "export type { X } from '../a/x.ts';" },
    ],
  ])('are refused, of %s', (_, files) => {
    expect(circlesOf(files)).toEqual(['a circle of imports: a/x.ts → b/y.ts → a/x.ts']);
  });

  it('are each told once, by their shortest way', () => {
    const files = {
      'a.ts': "import './b.ts'; import './c.ts';",
      'b.ts': "import './c.ts';",
      'c.ts': "import './a.ts'; import './d.ts';",
      'd.ts': "import './e.ts';",
      'e.ts': "import './d.ts';",
    };
    expect(circlesOf(files)).toEqual([
      'a circle of imports: a.ts → c.ts → a.ts',
      'a circle of imports: d.ts → e.ts → d.ts',
    ]);
  });

  it('are none where files share a third, or packages have the same name', () => {
    const files = {
      'a.ts': "import './c.ts'; import './b.ts';",
      'b.ts': "import './c.ts';",
      'c.ts': "import 'a.ts';",
    };
    expect(circlesOf(files)).toEqual([]);
  });

  it('are left where the types of bindings are the classes that are given them, and not where values are', () => {
    const actor = "import type { ActorEnv } from '../env.ts';";
    const leading = (code: string) => circlesOf({ 'actors/env.ts': code, 'actors/order/actor.ts': actor });
    expect(leading("import type { OrderActor } from './order/actor.ts';")).toEqual([]);
    expect(leading("import { OrderActor } from './order/actor.ts';")).toHaveLength(1);
  });
});

describe('import directions', () => {
  const DECIDER = 'actors/order/decider.ts';
  const offending: [file: string, code: string][] = [
    ['schemas/order.ts', "import { accountDecider } from '../actors/account/decider.ts';"],
    ['schemas/order.ts', "import type { AccountState } from '../actors/account/decider.ts';"],
    ['schemas/order.ts', "import { hash } from 'node:crypto';"],
    ['telemetry/logger.ts', "import { Id } from '../schemas/scalars.ts';"],
    [DECIDER, "import { DurableObject } from 'cloudflare:workers';"],
    [DECIDER, "import { z } from 'zod';"],
    [DECIDER, "import { hash } from 'node:crypto';"],
    [DECIDER, "import { EventLog } from '../kernel/eventLog.ts';"],
    [DECIDER, "import type { StoredEvent } from '../kernel/eventLog.ts';"],
    [DECIDER, "import { applyTrade } from '../account/position.ts';"],
    [DECIDER, "import { createLogger } from '../../telemetry/logger.ts';"],
    ['actors/order/lines.ts', "import { sql } from 'drizzle-orm';"],
    ['actors/kernel/turn.ts', "import { accountDecider } from '../account/decider.ts';"],
    ['actors/kernel/turn.ts', "import type { AccountState } from '../account/decider.ts';"],
    ['actors/kernel/turn.ts', "import { DurableObject } from 'cloudflare:workers';"],
    ['actors/kernel/outbox.ts', "import { readFileSync } from 'node:fs';"],
    ['actors/order/actor.ts', "import { accountDecider } from '../account/decider.ts';"],
    ['actors/order/actor.ts', "import { app } from '../../workers/http/app.ts';"],
    ['actors/order/actor.ts', "import { IttyDurable } from 'itty-durable';"],
    ['actors/index.ts', "export { accountDecider } from './account/decider.ts';"],
    ['workers/http/routes/orders.ts', "import { accountDecider } from '../../../actors/account/decider.ts';"],
    ['workers/http/routes/orders.ts', "export * from '../../../actors/index.ts';"],
    ['workers/http/routes/orders.ts', "import { Directory } from '../../../actors/directory/directory.ts';"],
    ['workers/index.ts', "import { accountDecider } from '../actors/account/decider.ts';"],
    ['workers/http/app.ts', "import lodash from 'lodash';"],
    ['queues/projectors/orders.ts', "import { accountDecider } from '../../actors/account/decider.ts';"],
    ['queues/projectors/orders.ts', "import { app } from '../../workers/http/app.ts';"],
    ['queues/projectors/orders.ts', "const { app } = await import('../../workers/http/app.ts');"],
    ['queues/projectors/orders.ts', "import { drizzle } from 'drizzle-orm/d1';"],
    ...['test/support/migrations.ts', 'bench/views.ts', 'demo/books.ts', 'local/serve.ts'].map(
      (tool): [string, string] => ['workers/http/app.ts', `import { x } from '../../${tool}';`],
    ),
    ['workers/http/app.ts', "import { readFileSync } from 'node:fs';"],
    ['verifier/verify.ts', "import { canonicalJson } from '../schemas/canonical.ts';"],
    ['verifier/verify.ts', "import type { Manifest } from '../queues/archive/manifest.ts';"],
    ['verifier/rows.ts', "import { ParquetWriter } from 'hyparquet-writer';"],
    ['verifier/verify.ts', "import { AwsClient } from 'aws4fetch';"],
    ['verifier/s3.ts', "import { ArchiveClient } from '../local/archive/client.ts';"],
    ['reports/csv.ts', "import { Hono } from 'hono';"],
    ['reports/csv.ts', "import type { AccountState } from '../actors/account/decider.ts';"],
  ];
  it.each(offending)('refuse in %s: %s', (file, code) => {
    expect(rulesOf(importProblems(parseSource(file, code)))).toEqual(['imports']);
  });

  const allowed: [file: string, code: string][] = [
    ['schemas/order.ts', "import { z } from 'zod'; import { Id } from './scalars.ts';"],
    [DECIDER, "import type { Decider } from '../kernel/decider.ts'; import { lines } from './lines.ts';"],
    [DECIDER, "import { add } from '../../schemas/decimal.ts';"],
    [
      'actors/kernel/turn.ts',
      "import { hash } from 'node:crypto'; import { Aggregate } from './aggregate.ts';",
    ],
    ['actors/kernel/eventSourcedActor.ts', "import { DurableObject } from 'cloudflare:workers';"],
    ['actors/ambient/rateLimiter.ts', "import { IttyDurable } from 'itty-durable';"],
    ['verifier/s3.ts', "import { AwsClient } from 'aws4fetch';"],
    ['actors/order/actor.ts', "import type { ActorEnv } from '../env.ts'; import { d } from './decider.ts';"],
    ['workers/http/app.ts', "import type { AccountState } from '../../actors/account/decider.ts';"],
    ['workers/http/app.ts', "import { Hono } from 'hono'; import { cors } from 'hono/cors';"],
    ['workers/index.ts', "export * from '../actors/index.ts';"],
    ['test/actors/x.test.ts', "import { accountDecider } from '../../actors/account/decider.ts';"],
  ];
  it.each(allowed)('allow in %s: %s', (file, code) => {
    expect(importProblems(parseSource(file, code))).toEqual([]);
  });

  it('tell packages that package.json does not name', () => {
    const source = parseSource(
      'demo/x.ts',
      "import a from 'zod/v4'; import b from '@scope/b/c'; import 'node:fs';",
    );
    expect(undeclaredPackages(source, new Set(['zod'])).map(({ message }) => message)).toEqual([
      '@scope/b is not in package.json',
    ]);
  });
});

describe('bans', () => {
  const RULES = 'actors/order/decider.ts';
  const offending: [rule: string, file: string, code: string][] = [
    ['eval', 'demo/x.ts', "eval('1');"],
    ['eval', 'workers/x.ts', "new Function('return 1');"],
    ['eval', 'workers/x.ts', "Function('return 1')();"],
    ['as any', 'test/x.ts', 'const a = b as any;'],
    ['as any', 'test/x.ts', 'const a = (b as unknown) as any;'],
    ['compiler switched off', 'test/x.ts', '// @ts-ignore\nconst a = 1;'],
    ['compiler switched off', 'test/x.ts', '/* @ts-nocheck */'],
    ['a test alone', 'test/x.test.ts', "it.only('x', () => {});"],
    ['a test alone', 'test/x.test.ts', "describe.only.each([1])('x', () => {});"],
    ['unfinished business', 'queues/x.ts', '// TODO: later'],
    ['unfinished business', 'queues/x.ts', '/** FIXME */'],
    ['pure rules', RULES, 'const at = (time: string) => Date.parse(time);'],
    ['pure rules', RULES, 'const at = new Date(0);'],
    ['pure rules', RULES, 'export async function decide() {}'],
    ['pure rules', RULES, 'await work();'],
    ['pure rules', RULES, 'const wait = (): Promise<void> => work();'],
    ['pure rules', RULES, "fetch('https://example.com');"],
    ['pure rules', RULES, 'const { env } = process;'],
    ['pure rules', 'actors/account/position.ts', 'const id = crypto.subtle;'],
    ['chance in rules and schemas', 'schemas/x.ts', 'const id = crypto.randomUUID();'],
    ['chance in rules and schemas', 'schemas/x.ts', 'const n = Math.random();'],
    ['chance in rules and schemas', 'schemas/x.ts', 'const now = Date.now();'],
    ['the time of day in schemas', 'schemas/x.ts', 'const now = new Date();'],
    ['the time of day in schemas', 'schemas/x.ts', 'const now = Date();'],
    ['a default case in rules', RULES, 'switch (event.type) { case "A": break; default: }'],
    ['clocks and timers in plain modules', 'actors/kernel/outbox.ts', 'setTimeout(run, 1);'],
    ['clocks and timers in plain modules', 'queues/kernel/runner.ts', 'const now = Date.now();'],
    ['clocks and timers in plain modules', 'actors/directory/directory.ts', 'const n = Math.random();'],
    ['binary floating point on money', 'schemas/decimal.ts', 'const n = Number(text);'],
    ['binary floating point on money', 'schemas/decimal.ts', 'const n = parseFloat(text);'],
    ['binary floating point on money', 'queues/projectors/x.ts', 'const n = amounts.map(Number);'],
    ['binary floating point on money', RULES, 'const n = price.toFixed(2);'],
    ['binary floating point on money', 'reports/csv.ts', 'const n = Number(amount);'],
    ['clocks and timers in plain modules', 'reports/csv.ts', 'const now = Date.now();'],
    ['the console', 'workers/http/app.ts', 'console.log(body);'],
    ['the console', 'queues/x.ts', 'const { error } = console;'],
    ['PRAGMA user_version', 'actors/kernel/x.ts', "sql.exec('PRAGMA user_version = 2');"],
    ['transactions in SQL', 'actors/kernel/x.ts', "sql.exec('BEGIN IMMEDIATE');"],
    ['transactions in SQL', 'actors/kernel/x.ts', "sql.exec('DELETE FROM a; COMMIT;');"],
    ['transactions in SQL', 'queues/x.ts', 'sql.exec(`savepoint one`);'],
    ['asynchronous transactions', 'actors/x/actor.ts', 'ctx.storage.transactionSync(async () => {});'],
    ['shadowed RPC methods', 'actors/x/actor.ts', 'class X extends Y { name() {} }'],
    ['shadowed RPC methods', 'actors/x/actor.ts', 'class X extends Y { get id() { return 1; } }'],
    ['unconfirmed writes', 'actors/x/actor.ts', 'ctx.storage.put("a", 1, { allowUnconfirmed: true });'],
    ['hidden imports', 'workers/x.ts', 'const { app } = await import(`./http/${name}.ts`);'],
    ['hidden imports', 'workers/x.ts', "const fs = require('node:fs');"],
  ];
  it.each(offending)('%s, in %s: %s', (rule, file, code) => {
    expect(rulesOf(banProblems(parseSource(file, code)))).toContain(rule);
  });

  it('are each shown at least one text that breaks them', () => {
    expect(new Set(offending.map(([rule]) => rule))).toEqual(new Set(BANS.map(({ rule }) => rule)));
  });

  const allowed: [file: string, code: string][] = [
    ['actors/kernel/migrations.ts', '/** The platform denies `PRAGMA user_version`. */'],
    [
      'actors/kernel/x.ts',
      'sql.exec("CREATE TRIGGER t BEFORE UPDATE ON e BEGIN SELECT RAISE(ABORT, 1); END;");',
    ],
    ['actors/kernel/x.ts', 'const text = new Date(milliseconds).toISOString();'],
    ['actors/kernel/eventSourcedActor.ts', 'const now = () => Date.now();'],
    ['actors/x/actor.ts', 'ctx.storage.transactionSync(() => {}); class X { head() { return { id: 1 }; } }'],
    [RULES, 'switch (event.type) { case "A": break; }'],
    ['schemas/scalars.ts', 'const text = new Date(input).toISOString();'],
    ['schemas/scalars.ts', 'const value = Number(text);'],
    ['demo/x.ts', 'console.log(Date.now());'],
    ['test/x.test.ts', "it.each([1])('x', () => {}); it.skipIf(true)('y', () => {});"],
  ];
  it.each(allowed)('leave alone in %s: %s', (file, code) => {
    expect(banProblems(parseSource(file, code))).toEqual([]);
  });
});

describe('sizes', () => {
  const body = (lines: number) => `${'\n'.repeat(lines - 1)}`;
  const functionOf = (lines: number) => parseSource('schemas/x.ts', `function long() {${body(lines)}}\n`);
  const fileOf = (lines: number, file = 'schemas/x.ts') => parseSource(file, '\n'.repeat(lines));

  it('count a function from its head to its closing brace', () => {
    expect(longFunctions(functionOf(70))).toEqual([]);
    expect(longFunctions(functionOf(71)).map(({ message }) => message)).toEqual([
      'long has 71 lines, more than 70',
    ]);
  });

  it.each(['const f = () => {BODY};', 'class X { m() {BODY} }', 'const o = { async m() {BODY} };'])(
    'count %s',
    (code) => {
      expect(longFunctions(parseSource('test/x.ts', code.replace('BODY', body(71))))).toHaveLength(1);
    },
  );

  it('do not count a suite of tests, but each test in it', () => {
    const suite = (inner: string) =>
      parseSource('test/x.test.ts', `describe('a', () => {${inner}${body(80)}});`);
    expect(longFunctions(suite(''))).toEqual([]);
    expect(longFunctions(suite(`it('b', () => {${body(71)}});`))).toHaveLength(1);
  });

  it('let a file have its limit, and tests more', () => {
    expect(longFiles([fileOf(300)], {})).toEqual([]);
    expect(longFiles([fileOf(301)], {})).toHaveLength(1);
    expect(longFiles([fileOf(600, 'test/actors/x.test.ts')], {})).toEqual([]);
    expect(longFiles([fileOf(601, 'test/actors/x.test.ts')], {})).toHaveLength(1);
  });

  it('let allowances only shrink', () => {
    const messages = (lines: number, allowed: number) =>
      longFiles([fileOf(lines)], { 'schemas/x.ts': allowed }).map(({ message }) => message);
    expect(messages(320, 320)).toEqual([]);
    expect(messages(321, 320)).toEqual(['321 lines, more than 320']);
    expect(messages(310, 320)).toEqual(['310 lines, fewer than the 320 allowed: lower its allowance to 310']);
    expect(messages(299, 320)).toEqual(['299 lines, fewer than the 320 allowed: remove its allowance']);
    expect(longFiles([], { 'schemas/gone.ts': 320 })).toHaveLength(1);
  });
});

describe('docstrings', () => {
  const missing = (code: string) =>
    parseSource('schemas/scalars.ts', code)
      .exports.filter(({ documented }) => !documented)
      .map(({ name }) => name);

  it('are missed on functions, values, types and classes', () => {
    const code =
      'const a = 1;\n\nexport const b = 2;\n\nexport function c() {}\n\nexport type D = 1;\n\nexport class E {}\n';
    expect(missing(code)).toEqual(['b', 'c', 'D', 'E']);
    expect(missing(`// Not a docstring.\nexport const b = 2;\n`)).toEqual(['b']);
    expect(missing(`import './a.ts';\n\n/** Of another. */\nconst a = 1;\nexport const b = 2;\n`)).toEqual([
      'b',
    ]);
  });

  it('count for their export, its type, and a run of exports without an empty line', () => {
    expect(missing('import "./a.ts";\n\n/** It. */\nexport const b = 2;\nexport const c = 3;\n')).toEqual([]);
    expect(missing('/** It. */\nexport const b = 2;\n\nexport const c = 3;\n\nexport type b = 1;\n')).toEqual(
      ['c'],
    );
    expect(missing('/** It. */\n// biome-ignore lint/x: because\nexport const b = 2;\n')).toEqual([]);
  });

  it('of the file count for its first export and the one of its name alone', () => {
    const code =
      '/** The file. */\nimport "./a.ts";\n\nexport const a = 1;\n\nexport const b = 2;\n\nexport const scalars = 3;\n';
    expect(missing(code)).toEqual(['b']);
  });

  it('are asked of the product alone, and their allowance only shrinks', () => {
    const source = (file: string): Source => parseSource(file, 'export const b = 2;\n');
    expect(undocumentedExports([source('schemas/x.ts'), source('demo/x.ts')], {})).toHaveLength(1);
    expect(undocumentedExports([source('schemas/x.ts')], { 'schemas/x.ts': 1 })).toEqual([]);
    expect(undocumentedExports([source('schemas/x.ts')], { 'schemas/x.ts': 2 })).toHaveLength(1);
  });
});

describe('texts', () => {
  it('name no command that package.json does not have', () => {
    const text = 'Run `npm run serve -- --port 1`, `npm run gone`, `npm test` and `npm ci`.';
    const problems = unknownCommands({ path: 'README.md', text }, new Set(['serve', 'test']));
    expect(problems.map(({ message }) => message)).toEqual(['package.json has no script "gone"']);
    expect(unknownCommands({ path: 'demo/x.ts', text }, new Set())).toEqual([]);
    const piped = unknownCommands({ path: 'README.md', text: 'npm run -s away | cat' }, new Set(['serve']));
    expect(piped.map(({ message }) => message)).toEqual(['package.json has no script "away"']);
  });

  it('pipe no command together with what npm prints before it', () => {
    const text =
      'npm run replay -- --type X | cat\nnpm run -s replay | cat\nnpm run replay # a | b\n| `npm run x` | y |';
    const problems = chattyPipes({ path: 'docs/x.md', text });
    expect(problems.map(({ where }) => where)).toEqual(['docs/x.md:1']);
  });

  it.each([
    'see /home/somebody/folio',
    'cd /work/folio',
    '"/tmp/x.sqlite"',
    'C:\\folio\\x',
    'file:///etc',
    '(/Users/x)',
  ])('name no local path: %s', (text) => {
    expect(rulesOf(machineNames({ path: 'docs/x.md', text }))).toEqual(['local paths']);
  });

  it.each([
    '"resolved": "https://packages.example/zod.tgz"',
    'registry = https://packages.example/',
    'curl registry.npmjs.org',
    'http://verdaccio.example:4873',
  ])('name no registry: %s', (text) => {
    expect(rulesOf(machineNames({ path: 'package-lock.json', text }))).toContain('registries');
  });

  it('may name paths of the platform', () => {
    const text =
      "GET /v1/accounts, https://example.com/home/page, '../work/x', /workerd/queues.js, test/tmp/x";
    expect(machineNames({ path: 'docs/x.md', text })).toEqual([]);
  });
});
