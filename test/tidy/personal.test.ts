/**
 * Nothing personal is stored in the clear by oversight: whatever is called like personal data, or may say anything, is marked as
 * personal, is a remark, or is on the list below with a reason.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import { inventoryRecords } from '../../schemas/inventory.ts';
import { jsonSchemaOf, PERSONAL_MARK } from '../../schemas/jsonSchema.ts';
import { orderRecords } from '../../schemas/order.ts';
import { paymentRecords } from '../../schemas/payment.ts';
import { personal, personalFields, SUBJECT_FIELD, stored } from '../../schemas/personal.ts';
import { Id, Remark, Text } from '../../schemas/scalars.ts';
import { shipmentRecords } from '../../schemas/shipment.ts';
import { subjectRecords } from '../../schemas/subject.ts';
import { transferCommands } from '../../schemas/transfer.ts';
import { ROOT } from './source.ts';

/** Names of fields that are about people, wherever they stand in the name. */
const PERSONAL_NAME =
  /name|addre|street|city|post|zip|phone|mobile|mail|birth|gender|nation|passport|tax|iban|bic|card|token|person|contact|holder|line\d|ship_?to|latitude|longitude|^ip$/i;

/** Fields that look personal or may say anything, and why what they say is about nobody. By their last name. */
const NOT_PERSONAL: Readonly<Record<string, string>> = {
  name: "a product's: what goods are called",
  carrier: 'a company',
  trackingNumber: "the carrier's number of a parcel; who gets it only the carrier knows",
  country: 'by itself it is millions of people; checked to be nothing but a country',
  code: 'the name of a refusal or of an error',
  detail: 'what a program says of an error; providers repeat no token in it (payments/provider.ts)',
  reference: "a provider's own id of a payment",
  operation: 'what was asked for',
  definition: 'the name of a saga',
  userId: 'who works with the platform: in the metadata of every event, and what an audit is about',
  aggregateType: 'one of ours',
  eventType: 'one of ours',
  verdict: 'one of ours',
  symbol: 'what is traded',
};

/** Objects without fixed fields, and why nothing personal gets in. */
const OPEN_OBJECTS: Readonly<Record<string, string>> = {
  input: 'of a saga, made by the platform from events, whose personal fields are encrypted',
  given: 'of a step of a saga, made in the same way',
};

interface Shape {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly pattern?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly additionalProperties?: Shape | boolean;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
}

/** What is wrong with a schema: paths of fields that should be marked and are not. */
function unmarked(schema: z.ZodType): string[] {
  return look(jsonSchemaOf(schema, 'output') as Shape, []);
}

function look(shape: Shape, path: readonly string[]): string[] {
  if (PERSONAL_MARK in shape) return [];
  const choices = [...(shape.anyOf ?? []), ...(shape.oneOf ?? []), ...(shape.allOf ?? [])];
  const inner = [
    ...choices.flatMap((choice) => look(choice, path)),
    ...Object.entries(shape.properties ?? {}).flatMap(([name, field]) => look(field, [...path, name])),
    ...(shape.items === undefined ? [] : look(shape.items, path)),
  ];
  const isOpen = shape.additionalProperties !== undefined && shape.additionalProperties !== false;
  const name = path.at(-1) ?? '';
  const isFault =
    (isOpen && !Object.hasOwn(OPEN_OBJECTS, name)) ||
    (isText(shape) && (isFree(shape) || PERSONAL_NAME.test(name)) && !Object.hasOwn(NOT_PERSONAL, name));
  return isFault ? [path.join('.'), ...inner] : inner;
}

function isText({ type }: Shape): boolean {
  return [type ?? []].flat().includes('string');
}

/** Whether a text may say anything. A remark may, and tells its writer that nothing personal belongs in it. */
function isFree(shape: Shape): boolean {
  const isBound = [shape.pattern, shape.format, shape.enum, shape.const].some((rule) => rule !== undefined);
  return !isBound && shape.title !== 'Remark';
}

const RECORDS = {
  ...inventoryRecords,
  ...orderRecords,
  ...paymentRecords,
  ...shipmentRecords,
  ...subjectRecords,
  ...transferCommands,
};
const COMMANDS = [...AGGREGATE_LIST.map(({ commands }) => commands), RECORDS].flatMap((list) =>
  Object.entries(list),
) as [string, z.ZodType][];
const EVENTS = AGGREGATE_LIST.flatMap(({ events }) => Object.entries(events)) as [string, z.ZodType][];

/** How often a schema is marked, at any depth. */
function marks(schema: z.ZodType): number {
  const count = (shape: unknown): number => {
    if (typeof shape !== 'object' || shape === null) return 0;
    if (PERSONAL_MARK in shape) return 1;
    return Object.values(shape).reduce((sum: number, each) => sum + count(each), 0);
  };
  return count(jsonSchemaOf(schema, 'output'));
}

describe('what is personal', () => {
  it.each([...COMMANDS, ...EVENTS])('is marked in %s', (_, schema) => {
    expect(unmarked(schema), 'mark it (schemas/personal.ts), or say above why it is not personal').toEqual(
      [],
    );
  });

  it.each([
    ['a name', { surname: z.string().regex(/^[A-Z]+$/) }, ['surname']],
    ['a mail address', { details: z.strictObject({ email: z.email() }) }, ['details.email']],
    ['a free text', { note: Text(80) }, ['note']],
    [
      'one of several in a list',
      { people: z.array(z.strictObject({ note: z.string().nullable() })) },
      ['people.note'],
    ],
    ['what has any fields', { extra: z.record(z.string(), z.unknown()) }, ['extra']],
    ['nothing where all is bound', { id: Id, reason: Remark, kind: z.enum(['A', 'B']) }, []],
    ['nothing where it is marked', { email: personal('address', z.email()) }, []],
  ])('is found where it is not marked: %s', (_, shape, paths) => {
    expect(unmarked(z.strictObject(shape as z.ZodRawShape))).toEqual(paths);
  });

  it('is no longer on the list where it is gone', () => {
    const names = new Set<string>();
    const collect = (shape: Shape): void => {
      for (const [name, field] of Object.entries(shape.properties ?? {})) {
        names.add(name);
        collect(field);
      }
      for (const each of [shape.items, ...(shape.anyOf ?? []), ...(shape.oneOf ?? [])])
        if (each) collect(each);
    };
    for (const [, schema] of [...COMMANDS, ...EVENTS]) collect(jsonSchemaOf(schema, 'output') as Shape);
    const listed = [...Object.keys(NOT_PERSONAL), ...Object.keys(OPEN_OBJECTS)];
    expect(listed.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('what is marked as personal', () => {
  it('is stored as a ciphertext, or was before there were any', () => {
    const fields = EVENTS.flatMap(([type, schema]) =>
      personalFields(schema).map(({ path }) => ({ type, path, field: fieldOf(schema, path) })),
    );
    expect(fields.map(({ type, path }) => `${type}.${path.join('.')}`).sort()).toEqual([
      'OrderPlaced.payment.token',
      'OrderPlaced.shipTo',
      'PaymentAuthorizationRequested.token',
      'ShipmentCreated.shipTo',
    ]);
    const encrypted = {
      $enc: { ciphertext: 'A'.repeat(40), keyVersion: 1, nonce: 'A'.repeat(16), subject: 's' },
    };
    for (const { type, field } of fields) expect(field.safeParse(encrypted).success, type).toBe(true);
    expect(() => stored(z.string())).toThrow('only what is marked');
  });

  it('is found by the actors that encrypt it, and is of somebody', () => {
    for (const [type, schema] of [...COMMANDS, ...EVENTS])
      expect(personalFields(schema).length, `${type}: personal in a list or a choice is not encrypted`).toBe(
        marks(schema),
      );
    for (const { aggregateType, commands } of AGGREGATE_LIST) {
      const own = Object.entries(commands).filter(([, schema]) => personalFields(schema).length > 0);
      if (own.length === 0) continue;
      const source = (file: string) => {
        const path = join(ROOT, 'actors', aggregateType, file);
        return existsSync(path) ? readFileSync(path, 'utf8') : '';
      };
      expect(source('personal.ts'), aggregateType).toContain('personalCommands(');
      expect(source('actor.ts'), aggregateType).toMatch(/personal: \{\s+\.\.\.\w+Personal,/);
      for (const [type, schema] of own)
        expect((schema as unknown as z.ZodObject).shape, type).toHaveProperty(SUBJECT_FIELD);
    }
  });
});

function fieldOf(schema: z.ZodType, path: readonly string[]): z.ZodType {
  return path.reduce((at, name) => (at as z.ZodObject).shape[name] as z.ZodType, schema);
}
