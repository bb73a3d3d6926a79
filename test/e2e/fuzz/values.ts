/** Values from JSON Schemas: such as fit, and such as do not. */
import * as fc from 'fast-check';
import { type OpenApi, resolved, type Schema } from './document.ts';

/** Ids of the fuzzed world: few, so that requests meet what others have made. */
export const FUZZED_IDS = ['fuzz-1', 'fuzz-2', 'fuzz-3'] as const;

/** What is called after something: itself, the saga and the first shipment of an order, and the saga of a cancellation. */
const namesMadeOf = (id: string) => [id, id, `fulfil-${id}`, `cancel-${id}`, `${id}-1`];

/** Items of the longest list that is made: the limits of lists have tests of their own. */
const ITEMS_MAX = 4;

/** Nothing is nested deeper than this. */
const DEPTH_MAX = 6;

/** What breaks parsers, databases and renderers, from everywhere. */
const HOSTILE: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1e21, 1e-9, 0.1, 1.5, Number.MAX_SAFE_INTEGER + 2, 123456789012345680000],
  ...[
    '',
    ' ',
    '0',
    '-0',
    '1e5',
    'NaN',
    'Infinity',
    '1.',
    '.5',
    '00',
    '0x10',
    '999999999999999',
    '9'.repeat(40),
  ],
  ...[
    '\u0000',
    '\ud800',
    '😀',
    'e\u0301',
    '\u202e',
    '\r\nX-Injected: 1',
    '../../x',
    '__proto__',
    'constructor',
  ],
  ...["' OR 1=1 --", '"; DROP TABLE events; --', '<script>', '#{7*7}', '{{7*7}}', '%00', 'x'.repeat(5_000)],
  ...[
    '2024-02-30T00:00:00Z',
    '9999-12-31T23:59:60Z',
    '-000001-01-01T00:00:00Z',
    '1',
    [],
    {},
    [[[[]]]],
    [null],
  ],
  { toString: 1 },
  JSON.parse('{"__proto__":{"admin":true}}'),
];

/** A value out of place. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** The usual most of the time: `weight` times as often as the other. */
export const mostly = <Value>(usual: fc.Arbitrary<Value>, other: fc.Arbitrary<Value>, weight = 9) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: other });

/** Text out of place, as a path, a query or a header can carry it. */
export const hostileText: fc.Arbitrary<string> = hostile.map((value) =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
);

/** Values that fit a schema, most of the time. */
export function fitting(document: OpenApi, schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const whole = resolved(document, schema);
  const known = listed(whole);
  if (known !== undefined) return known;
  const choices = whole.anyOf ?? whole.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => fitting(document, choice, depth)));
  if (depth > DEPTH_MAX) return fc.constant(null);
  const types = typeof whole.type === 'string' ? [whole.type] : (whole.type ?? ['object']);
  return fc.oneof(...types.map((type) => ofType(document, whole, type, depth)));
}

/** What the schema itself names: constants, examples, and ids of the fuzzed world. */
function listed(schema: Schema): fc.Arbitrary<unknown> | undefined {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.title === 'Id') return fc.constantFrom(...FUZZED_IDS);
  if (schema.title === 'AggregateId') return fc.constantFrom(...FUZZED_IDS.flatMap(namesMadeOf));
  if (schema.examples !== undefined) return fc.constantFrom(...schema.examples);
  return undefined;
}

function ofType(document: OpenApi, schema: Schema, type: string, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1_000, 2 ** 31) });
    case 'number':
      return fc.constantFrom(0, 1, 2.5, 100);
    case 'array': {
      const size = { minLength: Math.min(schema.minItems ?? 0, ITEMS_MAX), maxLength: ITEMS_MAX };
      return fc.array(fitting(document, schema.items ?? {}, depth + 1), size);
    }
    case 'string':
      return text(schema);
    default:
      return object(document, schema, depth);
  }
}

function text({ pattern, format, minLength = 1, maxLength = 20 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.constantFrom('2026-11-21T09:30:00.000Z', '2013-10-07T13:30:00.123Z');
  // Assertions cannot be turned into generators; the schemas that have some have examples too.
  if (pattern !== undefined && !pattern.includes('(?')) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 20) });
}

function object(document: OpenApi, schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {});
  const model = Object.fromEntries(
    properties.map(([name, property]) => [name, fitting(document, property, depth + 1)]),
  );
  return fc.record(model, { requiredKeys: [...(schema.required ?? [])] });
}

/** The same value with one member somewhere replaced, removed or added. */
export function damaged(value: unknown, path: readonly number[], replacement: unknown): unknown {
  if (typeof value !== 'object' || value === null) return replacement;
  const copy: Record<string, unknown> = Array.isArray(value) ? ([...value] as never) : { ...value };
  const [at = 0, ...rest] = path;
  const keys = Object.keys(copy);
  const key = keys[at % (keys.length + 1)] ?? 'extra';
  if (rest.length > 0) copy[key] = damaged(copy[key], rest, replacement);
  else if (at % 3 === 0) delete copy[key];
  else copy[key] = replacement;
  return copy;
}
