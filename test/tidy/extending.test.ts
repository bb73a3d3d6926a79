/** What has to be said in more than one place is said in all of them: a place that was forgotten is named here, not found at runtime. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { getTableName, is } from 'drizzle-orm';
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core';
import { describe, expect, it } from 'vitest';
import { currentShapes, shapeFaults, withShapes } from '../../docs/generator/eventShapes.ts';
import { loadWrangler, WRANGLER_TOML } from '../../local/config.ts';
import { projectors } from '../../queues/projectors/index.ts';
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import { CONSUMER_GROUPS } from '../../schemas/consumerGroups.ts';
import shapes from '../../schemas/eventShapes.json' with { type: 'json' };
import { COLOURS, VIEWS } from '../../schemas/tables/views.ts';
import { sqliteViews } from '../support/sqliteViews.ts';
import { ROOT } from './source.ts';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

interface Wrangler {
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  };
  readonly exports: Readonly<Record<string, { readonly type: string; readonly storage: string }>>;
  readonly queues: {
    readonly producers: readonly { readonly binding: string; readonly queue: string }[];
    readonly consumers: readonly { readonly queue: string; readonly dead_letter_queue?: string }[];
  };
}

const { unstable_readConfig: readConfig } = await loadWrangler();
const wrangler = readConfig({ config: WRANGLER_TOML }, { hideWarnings: true }) as unknown as Wrangler;

/** Classes that the Worker's modules export by name. */
const exported = new Set(
  ['actors/index.ts', 'workers/index.ts'].flatMap((file) =>
    [...read(file).matchAll(/^export \{ (\w+) \} from/gm)].map(([, name]) => name ?? ''),
  ),
);

describe('an aggregate (schemas/aggregates.ts)', () => {
  it.each(AGGREGATE_LIST.map(({ aggregateType, binding }) => [aggregateType, binding]))(
    '%s has the binding %s in wrangler.toml, to the class of its folder',
    (aggregateType, binding) => {
      const bound = wrangler.durable_objects.bindings.find(({ name }) => name === binding);
      expect(bound, `wrangler.toml has no [[durable_objects.bindings]] named ${binding}`).toBeDefined();
      const className = bound?.class_name ?? '';
      const file = `actors/${aggregateType}/actor.ts`;
      expect(read(file), `${binding} of wrangler.toml is bound to ${className}`).toContain(
        `export class ${className} `,
      );
    },
  );

  it.each(AGGREGATE_LIST.map(({ aggregateType }) => [aggregateType]))(
    '%s has rules that go by its name',
    (aggregateType) => {
      const file = `actors/${aggregateType}/decider.ts`;
      expect(read(file), file).toContain(`aggregateType: '${aggregateType}'`);
    },
  );
});

it('commands that the platform alone sends are looked through for personal data as well', () => {
  const sources = globSync('schemas/*.ts', { cwd: ROOT }).map(read);
  const lists = sources.flatMap((source) =>
    [...source.matchAll(/^export const (\w+Records)\b/gm)].map(([, name]) => name ?? ''),
  );
  expect(lists.length).toBeGreaterThan(3);
  const looked = read('test/tidy/personal.test.ts');
  expect(
    lists.filter((list) => !looked.includes(`...${list},`)),
    'add to RECORDS of test/tidy/personal.test.ts',
  ).toEqual([]);
});

describe('a Durable Object that is bound in wrangler.toml', () => {
  it.each(wrangler.durable_objects.bindings.map(({ class_name: name }) => [name]))(
    '%s is exported by the Worker, with SQLite',
    (name) => {
      expect([...exported], 'export it in actors/index.ts').toContain(name);
      expect(wrangler.exports[name], `wrangler.toml has no [exports.${name}]`).toEqual({
        type: 'durable-object',
        storage: 'sqlite',
      });
    },
  );
});

describe('a consumer group (schemas/consumerGroups.ts)', () => {
  it.each(Object.entries(CONSUMER_GROUPS).map(([name, { binding }]) => [name, binding]))(
    '%s has its queue, and one for dead letters, each with a consumer',
    (name, binding) => {
      // Whose queue a batch is from is told by the name (workers/queue.ts).
      expect(name, 'the name of a group is in the names of its queues: small letters alone').toMatch(
        /^[a-z]+$/,
      );
      const producer = wrangler.queues.producers.find((one) => one.binding === binding);
      expect(producer?.queue, `the queue of ${binding} in wrangler.toml`).toBe(`folio-${name}`);
      const consumer = wrangler.queues.consumers.find(({ queue }) => queue === `folio-${name}`);
      expect(consumer, `wrangler.toml has no [[queues.consumers]] of folio-${name}`).toBeDefined();
      expect(consumer?.dead_letter_queue, `dead letters of folio-${name}`).toBe(`folio-${name}-dead`);
      const dead = wrangler.queues.consumers.find(({ queue }) => queue === `folio-${name}-dead`);
      expect(dead, `wrangler.toml has no [[queues.consumers]] of folio-${name}-dead`).toBeDefined();
    },
  );
});

/** Every table that the schemas declare: what drizzle-kit sees (drizzle.config.ts). */
const tables: SQLiteTable[] = [];
for (const file of globSync('schemas/tables/*.ts', { cwd: ROOT })) {
  const module: object = await import(path.join(ROOT, file));
  for (const each of Object.values(module)) if (is(each, SQLiteTable)) tables.push(each);
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

const MIGRATION = 'write a migration (docs/extending.md, "A view")';

describe('a view (schemas/tables)', () => {
  const database = sqliteViews();
  const made = <Row>(sql: string, table: SQLiteTable) =>
    database.all<Row>({ sql, parameters: [getTableName(table)] });

  it('is kept by the projector of its name', () => {
    expect(projectors.map(({ view }) => view).sort()).toEqual([...VIEWS].sort());
  });

  it.each(projectors.map((projector) => [projector.view, projector] as const))(
    '%s has a table in each colour',
    (_, { table: { name } }) => {
      const names = tables.map((table) => getTableName(table));
      for (const colour of COLOURS)
        expect(names, `declare ${name(colour)} in schemas/tables`).toContain(name(colour));
    },
  );

  it.each(tables.map((table) => [getTableName(table), table] as const))(
    '%s is in the migrations as it is declared',
    async (_, table) => {
      const { columns, indexes, primaryKeys } = getTableConfig(table);
      const keys = new Set(primaryKeys.flatMap((key) => key.columns.map(({ name }) => name)));
      const declared = columns.map((column) => {
        const isKey = column.primary || keys.has(column.name);
        return `${column.name} ${column.getSQLType()} ${column.notNull} ${isKey}`;
      });
      const found = await made<Column>('SELECT * FROM pragma_table_info(?)', table);
      const text = ({ name, type, notnull, pk }: Column) =>
        `${name} ${type.toLowerCase()} ${notnull === 1} ${pk > 0}`;
      expect(found.map(text).sort(), MIGRATION).toEqual(declared.sort());
      const indexed = await made<{ name: string }>(
        "SELECT name FROM pragma_index_list(?) WHERE origin = 'c'",
        table,
      );
      expect(indexed.map(({ name }) => name).sort(), MIGRATION).toEqual(
        indexes.map(({ config }) => config.name).sort(),
      );
    },
  );
});

describe('the fields of stored events (schemas/eventShapes.json)', () => {
  const advice =
    'logs have such events: give the type a new schema version (schemas/upcasts.ts). Only where no log anywhere has one, take it ' +
    'out of schemas/eventShapes.json and run npm run docs';

  it('are those that logs have', () => {
    expect(shapeFaults(shapes, currentShapes()), advice).toEqual([]);
  });

  const known = { 'TeaDrunk@1': { cups: 'integer', 'pot.size': 'decimal' } };

  it.each([
    ['a field that comes', { ...known['TeaDrunk@1'], sugar: 'boolean' }, ['sugar was absent and is boolean']],
    ['one that goes', { cups: 'integer' }, ['pot.size was decimal and is absent']],
    ['one of another kind', { cups: 'string', 'pot.size': 'decimal' }, ['cups was integer and is string']],
    ['no field that may be absent', { ...known['TeaDrunk@1'], milk: 'boolean?' }, []],
  ])('are held: %s is told, and written down by nobody', (_, shape, faults) => {
    const current = { 'TeaDrunk@1': shape };
    expect(shapeFaults(known, current)).toEqual(faults.map((fault) => `TeaDrunk@1: ${fault}`));
    expect(withShapes(known, current)['TeaDrunk@1']).toMatchObject(known['TeaDrunk@1']);
  });

  it('may be others in a new version, and an event that logs may have does not go', () => {
    const second = { 'TeaDrunk@2': { cups: 'string' } };
    expect(shapeFaults(known, second)).toEqual([]);
    expect(withShapes(known, second)).toEqual({ ...known, ...second });
    expect(shapeFaults(known, {})).toEqual(['TeaDrunk@1 is gone from the schemas, and logs may have it']);
  });
});

describe('docs/extending.md', () => {
  const page = read('docs/extending.md');
  const named = [...page.matchAll(/`((?:[\w-]+\/)+[\w.-]*|[\w-]+\.(?:toml|ts|md))`/g)].map(
    ([, file]) => file ?? '',
  );

  it('names files that there are', () => {
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });

  it('links to pages that there are', () => {
    const links = [...page.matchAll(/\]\(([\w./-]+\.md)(?:#[\w-]+)?\)/g)].map(([, file]) => file ?? '');
    expect(links.filter((file) => !existsSync(path.join(ROOT, 'docs', file)))).toEqual([]);
  });
});
