/**
 * What the engine finds wrong with a request, without what was sent: its sentences quote values, of a variable with a missing field the whole of it.
 * Errors are kept by whoever watches for errors, and an order has a name, an address and a payment token. Names of types, fields and
 * variables say where to look.
 */
import { GraphQLError } from 'graphql';
import type { RequestFault } from '../http/problem.ts';

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
export function faultText(error: GraphQLError): string {
  const variable = variableOf(error);
  const { path, message } = graphQlFault(error);
  if (variable === undefined) return message;
  if (path === '') return `Variable "$${variable}" got an invalid value.`;
  return `Variable "$${variable}" got an invalid value at "${path}": ${message}`;
}

/** The same as problems list what is wrong: of a variable's value where in it, of all else what there is to say. */
export function graphQlFault(error: GraphQLError): RequestFault {
  const { message, originalError } = error;
  const variable = variableOf(error);
  if (variable !== undefined) {
    const fault = originalError instanceof GraphQLError ? originalError : undefined;
    if (fault === undefined) return { path: '', message: 'is not valid' };
    const before = message.slice(0, message.length - `; ${fault.message}`.length);
    return { path: PLACE.exec(before)?.[1] ?? variable, message: faultText(fault) };
  }
  const [pattern, text] = WITHOUT_VALUE.find(([known]) => known.test(message)) ?? [];
  const said = pattern === undefined || text === undefined ? message : message.replace(pattern, text);
  return { path: '', message: said };
}

/** The variable whose value an error is about. */
function variableOf({ message }: GraphQLError): string | undefined {
  return /^Variable "\$(\w+)" got invalid value /.exec(message)?.[1];
}
