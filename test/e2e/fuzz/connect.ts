/** Calls over Connect: what other operations take in their paths, queries and bodies, as one message. */
import * as fc from 'fast-check';
import type { FuzzedOperation, OpenApi } from './document.ts';
import { damaged, fitting, hostile, mostly } from './values.ts';

/** A call of a method. */
export interface ConnectCall {
  readonly method: string;
  readonly message: unknown;
}

/** Calls of the methods that stand for these operations. */
export function connectCalls(
  document: OpenApi,
  operations: readonly FuzzedOperation[],
): fc.Arbitrary<ConnectCall> {
  return fc.oneof(...operations.map((operation) => callOf(document, operation)));
}

function callOf(document: OpenApi, operation: FuzzedOperation): fc.Arbitrary<ConnectCall> {
  const { operationId, parameters, bodies } = operation;
  const method = `${operationId.slice(0, 1).toUpperCase()}${operationId.slice(1)}`;
  const named = parameters.filter(({ in: where }) => where !== 'header');
  const values = Object.fromEntries(named.map(({ name, schema }) => [name, fitting(document, schema)]));
  const requiredKeys = named.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  const schema = bodies['application/json']?.schema;
  const whole = fc
    .tuple(
      fc.record(values, { requiredKeys }),
      schema === undefined ? fc.constant({}) : fitting(document, schema),
    )
    .map(([given, body]) => ({ ...given, ...(body as object) }));
  const broken = fc
    .tuple(whole, fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }), hostile)
    .map(([message, path, replacement]) => damaged(message, path, replacement));
  return mostly(whole, broken, 2).map((message) => ({ method, message }));
}
