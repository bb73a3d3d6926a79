/** Requests made from the API's own description: most of them nearly right, some of them nonsense. */
import * as fc from 'fast-check';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { type ConnectCall, connectCalls } from './connect.ts';
import { type FuzzedOperation, type OpenApi, operationsOf, type Parameter } from './document.ts';
import { graphQlBodies } from './graphQl.ts';
import { damaged, FUZZED_IDS, fitting, hostile, hostileText, mostly } from './values.ts';

/** A request, and the operation that it is about. */
export interface FuzzedRequest {
  readonly operation: FuzzedOperation;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Requests that take seconds of the whole platform's work: a few of them will do. */
const SELDOM = /^(rebuildViews|rollBackView)$/;
const USUAL_WEIGHT = 200;

/** Calls over Connect stand for every other operation: so many for each that is no call of any. */
const CALL_WEIGHT = 3;

/** Its bodies are made from its own schema. */
export const GRAPHQL_PATH = '/v1/graphql';

/** Whose ids stand in the examples. */
const EXAMPLE_IDS = /"(acc-1|t-1|order-1|customer-1|tea|settlement)"/g;

/** Any request to any operation, with `authorization` in most of them. */
export function fuzzedRequests(document: OpenApi, authorization: string): fc.Arbitrary<FuzzedRequest> {
  const operations = operationsOf(document);
  const calls = connectCalls(document, operations);
  const requests = operations.map((operation) => {
    const request = requestTo(document, operation, authorization);
    const isCall = operation.path.endsWith('/{method}');
    return {
      weight: SELDOM.test(operation.operationId) ? 1 : USUAL_WEIGHT,
      arbitrary: isCall ? mostly(callTo(operation, calls, authorization), request, CALL_WEIGHT) : request,
    };
  });
  return fc.oneof(...requests);
}

/** A call over Connect, which is a request to some other operation. */
function callTo(
  operation: FuzzedOperation,
  calls: fc.Arbitrary<ConnectCall>,
  authorization: string,
): fc.Arbitrary<FuzzedRequest> {
  return fc.tuple(calls, headersOf(authorization)).map(([{ method, message }, headers]) => {
    const path = operation.path.replace('{method}', encodeURIComponent(method));
    const text = JSON.stringify(message) ?? '';
    if (operation.method !== 'GET') {
      return { operation, path, headers: { 'Content-Type': 'application/json', ...headers }, body: text };
    }
    const query = `connect=v1&encoding=json&message=${encodeURIComponent(text.toWellFormed())}`;
    return { operation, path: `${path}?${query}`, headers, body: undefined };
  });
}

function requestTo(
  document: OpenApi,
  operation: FuzzedOperation,
  authorization: string,
): fc.Arbitrary<FuzzedRequest> {
  return fc
    .record({
      path: pathOf(document, operation),
      query: queryOf(document, operation),
      headers: headersOf(authorization),
      body: bodyOf(document, operation),
    })
    .map(({ path, query, headers, body }) => ({
      operation,
      path: query === '' ? path : `${path}?${query}`,
      headers: body === undefined ? headers : { 'Content-Type': body.type, ...headers },
      body: body?.text,
    }));
}

function pathOf(document: OpenApi, { path, parameters }: FuzzedOperation): fc.Arbitrary<string> {
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  const values = names.map((name) => {
    const schema = parameters.find((parameter) => parameter.in === 'path' && parameter.name === name)?.schema;
    const fits =
      name === 'aggregateType' ? fc.constantFrom(...AGGREGATE_TYPES) : fitting(document, schema ?? {});
    const usual = fits.map((value) => encodeURIComponent(String(value)));
    const other = fc.oneof(
      hostileText.map((text) => encodeURIComponent(text.toWellFormed())),
      fc.constantFrom('%', '%zz', '%2e%2e', '..%2f..', '%00', ';', '%ff%fe', '.'),
    );
    return mostly(usual, other);
  });
  return fc.tuple(...values).map((filled) => {
    let place = 0;
    return path.replace(/\{\w+\}/g, () => filled[place++] ?? '');
  });
}

function queryOf(document: OpenApi, { parameters }: FuzzedOperation): fc.Arbitrary<string> {
  const pairOf = ({ name, schema }: Parameter) =>
    mostly(fitting(document, schema).map(String), hostileText, 4).map((value): [string, string] => [
      name,
      value,
    ]);
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const demanded = fc.tuple(...known.filter(({ isRequired }) => isRequired).map(pairOf));
  const pairs = known.map(pairOf);
  const stray = fc.tuple(fc.constantFrom('extra', '', 'limit[]', '__proto__'), hostileText);
  const one = pairs.length === 0 ? stray : mostly(fc.oneof(...pairs), stray, 19);
  const others = mostly(fc.constant<[string, string][]>([]), fc.array(one, { maxLength: 3 }), 1);
  return fc.tuple(mostly(demanded, fc.constant<[string, string][]>([])), others).map((lists) =>
    lists
      .flat()
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed())}`)
      .join('&'),
  );
}

function headersOf(authorization: string): fc.Arbitrary<Record<string, string>> {
  const odd = fc.record(
    {
      'Idempotency-Key': fc.oneof(fc.constantFrom('k-1', 'k-2', 'k-3'), hostileText),
      'If-Match': fc.oneof(fc.constantFrom('"1"', '"2"', '*', 'W/"1"'), hostileText),
      'X-Correlation-Id': hostileText,
      traceparent: hostileText,
      'Content-Type': fc.constantFrom(
        'text/plain',
        'application/json;charset=utf-16',
        '*/*',
        'application/x-ndjson',
      ),
      'Content-Encoding': fc.constantFrom('gzip', 'br', 'identity'),
      Origin: fc.constantFrom('https://evil.test', 'null'),
      Accept: fc.constantFrom('text/html', 'image/*', ''),
    },
    { requiredKeys: [] },
  );
  const strangers = fc.constantFrom('', 'Bearer', 'Basic eDp4', 'Bearer a.b.c', 'Bearer folio~a~b');
  const caller = mostly(fc.constant(authorization), fc.oneof(strangers, hostileText), 14);
  return fc
    .tuple(caller, mostly(fc.constant({}), odd, 2))
    .map(([Authorization, headers]) => sendable({ Authorization, ...headers }));
}

/** Values that an HTTP client can send at all. */
function sendable(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const pairs = Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(pairs.map(([name, value]) => [name, value.replace(/[^\x20-\x7e]/g, '')]));
}

interface Body {
  readonly type: string;
  readonly text: string;
}

function bodyOf(
  document: OpenApi,
  { bodies, method, path }: FuzzedOperation,
): fc.Arbitrary<Body | undefined> {
  if (method === 'GET') return fc.constant(undefined);
  const json = 'application/json';
  const media = bodies[json];
  if (media === undefined)
    return mostly(
      fc.constant(undefined),
      hostile.map((value) => textBody(value)),
    );
  const fits = path === GRAPHQL_PATH ? graphQlBodies() : fitting(document, media.schema);
  const values = media.example === undefined ? fits : fc.oneof(example(media.example), fits);
  const broken = fc
    .tuple(values, fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), hostile)
    .map(([value, path, replacement]) => damaged(value, path, replacement));
  return fc.oneof(
    { weight: 5, arbitrary: values.map((value) => textBody(value)) },
    { weight: 4, arbitrary: broken.map((value) => textBody(value)) },
    { weight: 1, arbitrary: hostile.map((value) => textBody(value)) },
    { weight: 1, arbitrary: nearlyJson(values).map((text) => ({ type: json, text })) },
    { weight: 1, arbitrary: values.map((value) => ({ ...textBody(value), type: 'application/x-ndjson' })) },
  );
}

function textBody(value: unknown): Body {
  return { type: 'application/json', text: JSON.stringify(value) ?? '' };
}

/** The example, about somebody of the fuzzed world. */
function example(value: unknown): fc.Arbitrary<unknown> {
  return fc.constantFrom(...FUZZED_IDS).map((id) => exampleAbout(value, id));
}

/** The example as if everything in it had this id. */
export function exampleAbout(value: unknown, id: string): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(EXAMPLE_IDS, `"${id}"`));
}

/** JSON with some characters changed. */
function nearlyJson(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const edit = fc.tuple(
    fc.nat(),
    fc.nat(3),
    fc.constantFrom('', '"', '{', ']', '\\', ',', '-', 'e9', '\n', 'é', '\u0000'),
  );
  return fc.tuple(values, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([value, edits]) =>
    edits.reduce((text, [where, drop, add]) => {
      const at = where % (text.length + 1);
      return text.slice(0, at) + add + text.slice(at + drop);
    }, JSON.stringify(value) ?? ''),
  );
}
