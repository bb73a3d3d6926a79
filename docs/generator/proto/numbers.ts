/**
 * Numbers of fields. They are what Protobuf sends, so a number once given belongs to one field of one type for good: they
 * are kept in schemas/proto/numbers.json, to which this only adds.
 */
import type { ProtoField, ProtoFile, ProtoMessage } from './definition.ts';

/** What a field has been given. */
export interface GivenNumber {
  readonly number: number;
  readonly type: string;
  /**
   * Numbers that it had with other types, written down by hand where a field had to change. They are never given again: who sends
   * one sends a field that is not known, and is refused.
   */
  readonly formerly?: readonly number[];
}

/** By message (`Account.Cash` for one inside of another) and field. */
export type NumberRegistry = Readonly<Record<string, Readonly<Record<string, GivenNumber>>>>;

/** The largest number that may be given; 19000 to 19999 before it are Protobuf's own. No message will come near. */
const NUMBER_MAX = 18_999;

/** The registry with everything in the file. Throws where a field is of another type than it was. */
export function withNumbers(known: NumberRegistry, { messages }: ProtoFile): NumberRegistry {
  const numbered: Record<string, Readonly<Record<string, GivenNumber>>> = { ...known };
  const add = (message: ProtoMessage, scope: string) => {
    const name = scope + message.name;
    numbered[name] = message.fields.reduce(
      (given, field) => withNumber(given, field, name),
      known[name] ?? {},
    );
    for (const nested of message.nested) add(nested, `${name}.`);
  };
  for (const message of messages) add(message, '');
  return numbered;
}

function withNumber(
  given: Readonly<Record<string, GivenNumber>>,
  { name, type }: ProtoField,
  message: string,
): Readonly<Record<string, GivenNumber>> {
  const before = Object.hasOwn(given, name) ? given[name] : undefined;
  if (before === undefined) {
    const used = Object.values(given).flatMap(({ number: own, formerly = [] }) => [own, ...formerly]);
    const number = Math.max(0, ...used) + 1;
    if (number > NUMBER_MAX) throw new Error(`${message} has no number left for ${name}`);
    return { ...given, [name]: { number, type } };
  }
  if (before.type === type) return given;
  const advice = 'clients that know the old type would misread the new one; give the field another name';
  throw new Error(`${message}.${name} was ${before.type} and would be ${type}: ${advice}`);
}
