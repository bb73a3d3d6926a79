/** The schema of GraphQL satisfies a public linter, and has every event and every state that the platform has. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPE_NAMES } from '../../schemas/eventTypes.ts';
import { graphQlSchema } from '../../workers/graphql/schema.ts';
import { BATCH_COMMANDS } from '../../workers/http/batch.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** Rules of graphql-schema-linter. Fields of replies whose names say all have no description, so that rule is not among them. */
const RULES = [
  'arguments-have-descriptions',
  'defined-types-are-used',
  'deprecations-have-a-reason',
  'fields-are-camel-cased',
  'input-object-values-are-camel-cased',
  'relay-connection-arguments-spec',
  'relay-connection-types-spec',
  'relay-page-info-spec',
  'types-are-capitalized',
  'types-have-descriptions',
];

const schema = graphQlSchema(ROUTES);

describe('the schema of GraphQL', () => {
  it('is one that graphql-schema-linter has no error to find in', async () => {
    const linter = createRequire(import.meta.url).resolve('graphql-schema-linter/lib/cli.js');
    const file = path.join(REPOSITORY, 'docs/generated/schema.graphql');
    const lint = promisify(execFile)(
      process.execPath,
      [linter, '-r', RULES.join(','), '-f', 'json', file],
      // Where it stands it looks for a configuration of its own.
      { cwd: import.meta.dirname, maxBuffer: 2 ** 24 },
    );
    const { stdout } = await lint.catch((error: { stdout: string }) => error);
    const { errors } = JSON.parse(stdout) as { errors: { rule: string; message: string }[] };
    expect(errors.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
  });

  it('has a type for every type of event', () => {
    for (const eventType of EVENT_TYPE_NAMES) {
      const type = schema.getType(`${eventType}Event`);
      expect(isObjectType(type) && type.getInterfaces().map(({ name }) => name), eventType).toEqual([
        'Event',
      ]);
    }
  });

  it('has a mutation for every command, with its idempotency key and expected version', () => {
    const mutations = schema.getMutationType()?.getFields() ?? {};
    const commands = [...BATCH_COMMANDS.keys(), ...ROUTES.flatMap(({ command = [] }) => command)];
    const named = new Set(commands.map((type) => type.charAt(0).toLowerCase() + type.slice(1)));
    expect(Object.keys(mutations).toSorted()).toEqual([...named].toSorted());
    for (const { name, args } of Object.values(mutations)) {
      const names = args.map((argument) => argument.name);
      expect(names, name).toEqual(expect.arrayContaining(['idempotencyKey', 'expectedVersion']));
    }
  });

  it('has a field for every state that REST reads', () => {
    const fields = Object.keys(schema.getQueryType()?.getFields() ?? {});
    const states = ROUTES.filter(({ state }) => state !== undefined).map(({ operationId }) => operationId);
    expect(states.length).toBeGreaterThan(6);
    for (const operation of states) {
      const name = operation.replace(/^get(.)/, (_, letter: string) => letter.toLowerCase());
      expect(fields).toContain(name);
    }
  });
});
