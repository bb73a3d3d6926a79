/**
 * Times of messages in JSON, judged before the library reads them: it takes the 30th of February for the 2nd of March, and what it
 * does not take it does not name.
 */
import type { DescField, DescMessage, JsonValue } from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import { Time } from '../../schemas/scalars.ts';
import { tryParse } from '../http/parse.ts';
import type { RequestFault } from '../http/problem.ts';
import { valuesField } from './shapes.ts';

/** What is wrong with the times in a message, with the paths of the API's JSON. */
export function timeFaults(desc: DescMessage, json: JsonValue, path = ''): RequestFault[] {
  if (json === null) return [];
  if (desc.typeName === TimestampSchema.typeName) {
    const parsed = tryParse(Time, json);
    return parsed.ok ? [] : parsed.faults.map(({ message }) => ({ path, message }));
  }
  if (typeof json !== 'object' || Array.isArray(json)) return [];
  const values = valuesField(desc);
  return Object.entries(json).flatMap(([name, value]) => {
    const field = desc.fields.find((each) => each.jsonName === name || each.name === name);
    if (field?.message === undefined) return [];
    const inner = path === '' ? field.jsonName : `${path}.${field.jsonName}`;
    return fieldFaults(field, field.message, value, field === values ? path : inner);
  });
}

function fieldFaults(field: DescField, desc: DescMessage, value: JsonValue, path: string): RequestFault[] {
  if (field.fieldKind !== 'list') return timeFaults(desc, value, path);
  if (!Array.isArray(value)) return [];
  return value.flatMap((each, index) => timeFaults(desc, each, `${path}[${index}]`));
}
