/** The Protobuf definitions: fresh, clean by the public linter, the same to old clients whatever changes, and complete. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  create,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProtoField, ProtoFile } from '../../docs/generator/proto/definition.ts';
import { type NumberRegistry, withNumbers } from '../../docs/generator/proto/numbers.ts';
import { isCalled } from '../../docs/generator/proto/service.ts';
import { protoText } from '../../docs/generator/proto/text.ts';
import { FolioService } from '../../workers/connect/generated/folio/v1/folio_pb.ts';
import { replyMessage } from '../../workers/connect/replyMessage.ts';
import { requestJson } from '../../workers/connect/requestJson.ts';
import { isNull, isVariant, valuesField } from '../../workers/connect/shapes.ts';
import { EXAMPLES } from '../../workers/http/openapi/examples.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';
import { ROOT } from './source.ts';

const PROTO = path.join(ROOT, 'schemas/proto');
const folder = mkdtempSync(path.join(tmpdir(), 'folio-proto-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs buf, which needs no network for any of this; its complaints are in the error. */
function buf(cwd: string, ...words: string[]): void {
  const bin = path.join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}`, BUF_CACHE_DIR: folder };
  execFileSync(path.join(bin, 'buf'), words, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
}

describe('schemas/proto', () => {
  it('has nothing that the linter of buf finds', () => {
    buf(PROTO, 'lint');
  });

  it('is what the code beside the service was made from (npm run docs)', () => {
    const copy = path.join(folder, 'schemas/proto');
    mkdirSync(copy, { recursive: true });
    cpSync(PROTO, copy, { recursive: true });
    buf(copy, 'generate');
    const made = 'workers/connect/generated/folio/v1/folio_pb.ts';
    expect(readFileSync(path.join(ROOT, made), 'utf8')).toBe(readFileSync(path.join(folder, made), 'utf8'));
  });
});

describe('numbers of fields', () => {
  const field = (name: string, type = 'string'): ProtoField => ({
    name,
    type,
    isOptional: false,
    comment: '',
  });
  const file = (...fields: ProtoField[]): ProtoFile => ({
    messages: [
      { name: 'Thing', comment: '', fields, nested: [{ name: 'Part', comment: '', fields, nested: [] }] },
    ],
    methods: [{ name: 'Do', comment: '', input: 'Thing', output: 'Thing', isSafe: false }],
  });
  const before = file(field('a'), field('b'), field('c'));
  const numbers = withNumbers({}, before);
  const numberOf = (registry: NumberRegistry, name: string) => registry.Thing?.[name]?.number;

  it.each<[string, ProtoFile, Record<string, number>]>([
    ['a field is removed', file(field('a'), field('c')), { a: 1, b: 2, c: 3 }],
    ['a field is renamed', file(field('a'), field('renamed'), field('c')), { a: 1, b: 2, c: 3, renamed: 4 }],
    ['fields are put in another order', file(field('c'), field('b'), field('a')), { a: 1, b: 2, c: 3 }],
    [
      'a field is added in between',
      file(field('a'), field('x'), field('b'), field('c')),
      { a: 1, b: 2, c: 3, x: 4 },
    ],
  ])('stay when %s, and buf finds nothing that breaks a client', (what, after, expected) => {
    const known = withNumbers(numbers, after);
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, numberOf(known, name)]))).toEqual(
      expected,
    );
    const place = (name: string, text: string) => {
      const at = path.join(folder, what, name);
      mkdirSync(path.join(at, 'folio/v1'), { recursive: true });
      cpSync(path.join(PROTO, 'buf.yaml'), path.join(at, 'buf.yaml'));
      writeFileSync(path.join(at, 'folio/v1/folio.proto'), text);
      return at;
    };
    const old = place('before', protoText(before, numbers));
    buf(place('after', protoText(after, known)), 'breaking', '--against', old);
    // The same with numbers given anew: buf would have told.
    if (what === 'a field is removed') {
      const careless = place('careless', protoText(after, withNumbers({}, after)));
      expect(() => buf(careless, 'breaking', '--against', old)).toThrow();
    }
  });

  it('are given to a field that comes back, and never to another', () => {
    const gone = withNumbers(numbers, file(field('a')));
    const back = withNumbers(gone, file(field('d'), field('c'), field('a')));
    expect([numberOf(back, 'c'), numberOf(back, 'd')]).toEqual([3, 4]);
  });

  it('belong to a type as well', () => {
    expect(() => withNumbers(numbers, file(field('a', 'int64')))).toThrow(
      'Thing.a was string and would be int64',
    );
  });

  it('that a field had with another type are given to none', () => {
    const a = { number: 4, type: 'List', formerly: [1] };
    const changed = file(field('a', 'List'), field('d'));
    const known = withNumbers({ Thing: { a }, 'Thing.Part': { a } }, changed);
    expect(known.Thing?.d?.number).toBe(5);
    expect(protoText(changed, known)).toContain('reserved 1;');
  });

  it('in the repository are each given once', () => {
    const known = JSON.parse(readFileSync(path.join(PROTO, 'numbers.json'), 'utf8')) as NumberRegistry;
    for (const [message, fields] of Object.entries(known)) {
      const given = Object.values(fields).flatMap(({ number, formerly = [] }) => [number, ...formerly]);
      expect(new Set(given).size, message).toBe(given.length);
    }
  });
});

type Json = Record<string, JsonValue>;

/** The API's JSON in the JSON form of Protobuf. */
function protoJson(desc: DescMessage, value: JsonValue): JsonValue {
  if (desc.typeName === 'google.protobuf.Timestamp' || desc.typeName === 'google.protobuf.Struct')
    return value;
  const values = valuesField(desc);
  if (values !== undefined) return { [values.jsonName]: value };
  if (isVariant(desc)) {
    const [first = ''] = typeof value === 'string' ? [] : Object.keys(value as Json);
    if (first.startsWith('$')) return { [first.slice(1)]: true };
    const type = typeof value === 'string' ? 'text' : ((value as Json).type as string | undefined);
    const member = desc.fields.find(({ jsonName }) =>
      type === undefined
        ? jsonName === 'address'
        : [type, `${type.charAt(0).toLowerCase()}${type.slice(1)}Command`].includes(jsonName),
    );
    if (member === undefined) throw new Error(`${desc.name} has nothing for ${JSON.stringify(value)}`);
    if (member.message === undefined) return { [member.jsonName]: value };
    const { type: _, aggregateType: __, ...rest } = value as Json;
    return { [member.jsonName]: protoJson(member.message, type === undefined ? value : rest) };
  }
  const known = new Set(desc.fields.map(({ jsonName }) => jsonName));
  return Object.fromEntries(
    Object.entries(value as Json).flatMap(([name, each]): [string, JsonValue][] => {
      if (!known.has(name)) throw new Error(`${desc.typeName} has no ${name}`);
      const field = desc.fields.find(({ jsonName }) => jsonName === name);
      if (each === null) {
        const isLifted = desc.fields.some((other) => isNull(other) && other.jsonName === `${name}Null`);
        return isLifted ? [[`${name}Null`, null]] : [];
      }
      if (field?.message === undefined || field.fieldKind === 'map') return [[name, each]];
      const { message } = field;
      return [
        [
          name,
          Array.isArray(each) && field.fieldKind === 'list'
            ? each.map((one) => protoJson(message, one))
            : protoJson(message, each),
        ],
      ];
    }),
  );
}

describe.each(ROUTES.filter(isCalled).map((route) => [route.operationId, route] as const))(
  '%s',
  (id, route) => {
    const method = FolioService.methods.find(({ localName }) => localName === id);
    if (method === undefined) throw new Error(`there is no method ${id}: npm run docs`);
    const { input, output } = method;

    it('takes all that its example says', () => {
      const body = (EXAMPLES[id]?.request?.['application/json'] ?? {}) as Json;
      const sent = fromJson(input, protoJson(input, body));
      const { json, faults } = requestJson(input, fromBinary(input, toBinary(input, sent)));
      expect(faults).toEqual([]);
      expect(json).toEqual(body);
      const names = new Set(input.fields.map(({ jsonName }) => jsonName));
      const more = [...Object.keys(route.params?.shape ?? {}), ...Object.keys(route.query?.shape ?? {})];
      for (const name of more.filter((each) => each !== 'format')) expect(names, name).toContain(name);
      for (const name of route.command === undefined ? [] : ['idempotencyKey', 'expectedVersion'])
        expect(names).toContain(name);
    });

    it('answers all that its example says', () => {
      const reply = JSON.parse(JSON.stringify(EXAMPLES[id]?.reply)) as JsonValue;
      const isWrapped = route.success.schema?.safeParse(null).success === true;
      const whole = isWrapped ? { [output.fields[0]?.jsonName ?? '']: reply } : reply;
      const message = replyMessage(output, whole);
      // The library reads the same JSON by the rules of Protobuf.
      expect(toJson(output, fromBinary(output, toBinary(output, message)))).toEqual(
        toJson(output, fromJson(output, protoJson(output, whole))),
      );
      expect(message).not.toEqual(create(output));
    });
  },
);
