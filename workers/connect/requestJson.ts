/** Messages of requests as the JSON that the API takes. */
import { type DescField, type DescMessage, type JsonValue, toJson } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { StructSchema, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import type { RequestFault } from '../http/problem.ts';
import { isNull, isVariant, valuesField } from './shapes.ts';

/** A request as JSON, or what is wrong with it before any schema is asked. */
export interface RequestJson {
  readonly json: Readonly<Record<string, JsonValue>>;
  readonly faults: readonly RequestFault[];
}

/** Converts a whole message. */
export function requestJson(desc: DescMessage, message: Parameters<typeof reflect>[1] & object): RequestJson {
  const faults: RequestFault[] = [];
  const json = objectOf(reflect(desc, message as never), '', faults);
  return { json, faults };
}

type JsonFields = Record<string, JsonValue>;

function objectOf(message: ReflectMessage, path: string, faults: RequestFault[]): JsonFields {
  const json: JsonFields = {};
  // A newer client may mean something by it: a command that is half understood must not run.
  for (const { no } of message.message.$unknown ?? []) {
    faults.push({ path: path === '' ? `#${no}` : `${path}.#${no}`, message: 'is not a known field' });
  }
  for (const field of message.fields.filter((each) => message.isSet(each))) {
    if (isNull(field)) {
      const other = field.oneof?.fields.find((each) => each !== field);
      if (other !== undefined) json[other.jsonName] = null;
    } else {
      const where = path === '' ? field.jsonName : `${path}.${field.jsonName}`;
      json[field.jsonName] = fieldJson(message, field, where, faults);
    }
  }
  return json;
}

function fieldJson(
  message: ReflectMessage,
  field: DescField,
  path: string,
  faults: RequestFault[],
): JsonValue {
  if (field.fieldKind === 'message') return messageJson(message.get(field), path, faults);
  if (field.fieldKind === 'list') {
    const items = [...message.get(field)];
    if (field.listKind !== 'message') return items.map(scalarJson);
    return items.map((item, index) => messageJson(item as ReflectMessage, `${path}[${index}]`, faults));
  }
  if (field.fieldKind === 'map') {
    return Object.fromEntries(
      [...message.get(field)].map(([key, value]) => [String(key), scalarJson(value)]),
    );
  }
  return scalarJson(message.get(field));
}

/** Whole numbers beyond what JSON numbers hold are refused by every schema, and the nearest such number is beyond as well. */
function scalarJson(value: unknown): JsonValue {
  return typeof value === 'bigint' ? Number(value) : (value as JsonValue);
}

function messageJson(message: ReflectMessage, path: string, faults: RequestFault[]): JsonValue {
  const { desc } = message;
  if (desc.typeName === TimestampSchema.typeName) return timeJson(message, path, faults);
  // What has no fixed shape is JSON already.
  if (desc.typeName === StructSchema.typeName) return toJson(StructSchema, message.message as never);
  const values = valuesField(desc);
  if (values !== undefined) return fieldJson(message, values, path, faults);
  const json = objectOf(message, path, faults);
  if (!isVariant(desc)) return { ...COMMANDS.get(desc.name), ...json };
  return Object.values(json)[0] ?? json;
}

function timeJson({ message }: ReflectMessage, path: string, faults: RequestFault[]): JsonValue {
  try {
    return toJson(TimestampSchema, message as never);
  } catch {
    faults.push({ path, message: 'must be a time from year 1 to 9999' });
    return null;
  }
}

/** What the message of a command says by being that message. */
const COMMANDS: ReadonlyMap<string, JsonFields> = new Map(
  AGGREGATE_LIST.flatMap(({ aggregateType, commands }) =>
    Object.keys(commands).map((type) => [`${type}Command`, { type, aggregateType }] as const),
  ),
);
