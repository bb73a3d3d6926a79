/** The API's JSON as messages of replies. */
import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type MessageShape,
  ScalarType,
} from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import { isVariant, valuesField } from './shapes.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Makes a message. Null and what is absent are both a field that is not set. */
export function replyMessage<Desc extends DescMessage>(desc: Desc, json: unknown): MessageShape<Desc> {
  return create(desc, fieldsOf(desc, json as Fields) as never);
}

function fieldsOf(desc: DescMessage, json: Fields): Fields {
  const fields: Record<string, unknown> = {};
  for (const field of desc.fields) {
    const value = json[field.jsonName] ?? undefined;
    if (value !== undefined) fields[field.localName] = fieldValue(field, value);
  }
  return fields;
}

function fieldValue(field: DescField, value: unknown): unknown {
  if (field.fieldKind === 'message') return messageOf(field.message, value);
  if (field.fieldKind === 'list' && field.listKind === 'message') {
    return (value as unknown[]).map((each) => messageOf(field.message, each));
  }
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.INT64) return BigInt(value as number);
  return value;
}

function messageOf(desc: DescMessage, value: unknown): unknown {
  if (desc.typeName === TimestampSchema.typeName) return fromJson(TimestampSchema, value as string);
  // An object of any content is one in memory as well.
  if (desc.typeName === 'google.protobuf.Struct') return value;
  if (isVariant(desc)) return { variant: variantOf(desc, value as Fields) };
  const values = valuesField(desc);
  return values === undefined
    ? fieldsOf(desc, value as Fields)
    : { [values.localName]: fieldValue(values, value) };
}

/** A thing, or why it is not shown: `{ "$masked": true }`. */
function variantOf({ fields }: DescMessage, value: Fields) {
  const flag = fields.find(({ jsonName }) => value[`$${jsonName}`] === true);
  if (flag !== undefined) return { case: flag.localName, value: true };
  const shown = fields.find((field) => field.fieldKind === 'message');
  return shown?.message === undefined
    ? { case: undefined }
    : { case: shown.localName, value: messageOf(shown.message, value) };
}
