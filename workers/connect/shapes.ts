/** How messages stand for the JSON of the API where Protobuf has no form of its own for it (docs/connect.md). */
import type { DescField, DescMessage } from '@bufbuild/protobuf';

/** A message that is one of several things. */
export function isVariant({ oneofs }: DescMessage): boolean {
  return oneofs.some(({ name }) => name === 'variant');
}

/** A list or a map that may be absent, or one of several things: there is nothing else in such a message. */
export function valuesField({ fields }: DescMessage): DescField | undefined {
  const [only] = fields;
  return fields.length === 1 && only?.name === 'values' ? only : undefined;
}

/** Whether the field says that another one is null. */
export function isNull(field: DescField): boolean {
  return field.fieldKind === 'enum' && field.enum.typeName === 'google.protobuf.NullValue';
}
