/**
 * What the engine finds wrong with a request, without what was sent: its sentences quote values, of a variable with a missing field the whole of it.
 * Errors are kept by whoever watches for errors, and an order has a name, an address and a payment token. Names of types, fields and
 * variables say where to look.
 */
import { GraphQLError } from 'graphql';

/** A sentence of the engine that ends with a value, and what is left of it. */
const WITHOUT_VALUE: readonly (readonly [RegExp, string])[] = [
  [/^((?:Enum "\w+"|\w+) cannot represent [^:]*):[\s\S]*$/, '$1.'],
  [/^Value [\s\S]* does not exist in ("\w+" enum)\.[\s\S]*$/, 'The value does not exist in $1.'],
  [/^(Expected value of type "[^"]*"), found [\s\S]*$/, '$1.'],
  [/^(Argument "\w+" has invalid value) [\s\S]*$/, '$1.'],
  [/^(Syntax Error: .*\b(?:String|BlockString|Int|Float)) "[\s\S]*$/, '$1.'],
];

/** Where in a variable, at the end of what comes before the fault itself. */
const PLACE = / at "([^"]*)"$/;

/** The sentence of an error that is about what was asked. */
export function faultText({ message, originalError }: GraphQLError): string {
  const [, variable] = /^Variable "\$(\w+)" got invalid value /.exec(message) ?? [];
  if (variable !== undefined) {
    const fault = originalError instanceof GraphQLError ? originalError : undefined;
    if (fault === undefined) return `Variable "$${variable}" got an invalid value.`;
    const before = message.slice(0, message.length - `; ${fault.message}`.length);
    const place = PLACE.exec(before)?.[1] ?? variable;
    return `Variable "$${variable}" got an invalid value at "${place}": ${faultText(fault)}`;
  }
  const [pattern, text] = WITHOUT_VALUE.find(([known]) => known.test(message)) ?? [];
  return pattern === undefined || text === undefined ? message : message.replace(pattern, text);
}
