/**
 * Random requests to every operation: good ones from the API's own examples, damaged in a few places. Whatever comes, the
 * reply is one that the operation describes (test/support/api.ts checks it), is no failure of ours, and only a success
 * moves a version. `API_FUZZ_SEED=… npm test` repeats a run; `npm run fuzz` sends many thousands.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../workers/http/openapi/examples.ts';
import type { Operation } from '../../workers/http/operation.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';
import { call, footprint, opened } from '../support/api.ts';

const seed = Number(process.env.API_FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.API_FUZZ_RUNS ?? 20);
console.log(`API fuzz: API_FUZZ_SEED=${seed}`);

const ID = 'fuzzed';

const hostile = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      null,
      true,
      0,
      -1,
      1e21,
      1e-9,
      0.1,
      '',
      '0',
      '-0',
      '1e5',
      'NaN',
      '1',
      '1.5',
      '0.01',
      '999999999999999',
    ],
    ...[
      'IBM',
      'SELL',
      'USD',
      'JPY',
      '\u0000',
      '😀',
      '\ud800',
      '../x',
      '__proto__',
      'x'.repeat(300),
      [],
      {},
      [[]],
    ],
    ...['2024-01-01T00:00:00Z', '2024-13-01T00:00:00Z', '0000-01-01T00:00:00+01:00'],
  ),
  fc.string({ unit: 'binary' }),
  fc.jsonValue(),
);

/** Replaces, removes or adds one member somewhere in the value. */
function damaged(value: unknown, [path, change]: [number[], { kind: string; value: unknown }]): unknown {
  if (typeof value !== 'object' || value === null) return change.value;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  const keys = Object.keys(copy);
  const [at = 0, ...rest] = path;
  const key = keys[at % (keys.length + 1)] ?? 'extra';
  const target = copy as Record<string, unknown>;
  if (rest.length > 0 && typeof target[key] === 'object') target[key] = damaged(target[key], [rest, change]);
  else if (change.kind === 'remove') delete target[key];
  else target[key] = change.value;
  return copy;
}

const change = fc.tuple(
  fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }),
  fc.record({ kind: fc.constantFrom('set', 'set', 'remove'), value: hostile }),
);

/** A few characters replaced, dropped or added. */
const edits = fc.array(
  fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom('', '"', '{', '}', '\\', ',', '-', 'e9', '\n', 'é')),
  {
    maxLength: 3,
  },
);

function edited(text: string, list: readonly [number, number, string][]): string {
  let result = text;
  for (const [where, drop, add] of list) {
    const at = where % (result.length + 1);
    result = result.slice(0, at) + add + result.slice(at + drop);
  }
  return result;
}

const goodQuery: Record<string, readonly string[]> = {
  version: ['1', '0', '9', '007'],
  at: ['2999-01-01T00:00:00Z', '2000-01-01T00:00:00.123456+14:00'],
  fromVersion: ['1', '5', '999999999999999'],
  minVersion: ['1', '999999999999999'],
  limit: ['1', '1000', '0', '1001'],
  format: ['json', 'csv', 'html', 'pdf', 'xml'],
  symbol: ['IBM', 'EUR/USD'],
  side: ['BUY'],
  from: ['2024-01-01T00:00:00Z'],
  to: ['9999-12-31T23:59:59Z'],
  cursor: ['Mw', 'OTk5OTk5OTk5OTk5OTk5', 'W10'],
  after: ['WzFd', 'W10', 'WzEsMSwxLDEsMV0', 'WzkwMDcxOTkyNTQ3NDA5OTFd'],
  type: ['TradeExecuted', 'Nothing'],
  aggregateType: ['account'],
  aggregateId: [ID, 'nobody'],
};

/** What an operation asks for in its query: without it every request would end at the door. */
const demandedQuery: Record<string, readonly [string, string][]> = {
  getConsistency: [
    ['from', '1'],
    ['to', '2'],
  ],
  getPortfolioDifference: [['version', '1']],
  liftLegalHold: [['reason', 'case closed']],
  queryMethod: [
    ['encoding', 'json'],
    ['message', `{"id":"${ID}"}`],
  ],
  getLargePositions: [['minValue', '0']],
  getLargeHolders: [['minValue', '0']],
  getArchiveObject: [['key', 'manifests/0000000001.json']],
  queryGraphQl: [['query', '{ accounts(first: 2) { edges { cursor } } }']],
};

const pair = fc.constantFrom(...Object.keys(goodQuery), 'extra').chain((name) =>
  fc.tuple(
    fc.constant(name),
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...(goodQuery[name] ?? ['x'])) },
      {
        weight: 1,
        arbitrary: fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          fc.constantFrom('%', '%ff', '&', '='),
        ),
      },
    ),
  ),
);

const headers = fc.record(
  {
    'Idempotency-Key': fc.oneof(fc.constantFrom('k-1', 'k-2', 'k-3'), fc.string({ maxLength: 140 })),
    'If-Match': fc.oneof(fc.constantFrom('"1"', '"2"', '"3"'), fc.string({ maxLength: 12 })),
    'X-Correlation-Id': fc.string({ maxLength: 140 }),
    traceparent: fc.string({ maxLength: 60 }),
    Authorization: fc.constantFrom('Bearer test-token', 'Bearer x', 'x'),
    'Content-Type': fc.constantFrom(
      'application/json',
      'application/x-ndjson',
      'text/plain',
      ';',
      'application/json;charset=x',
    ),
  },
  { requiredKeys: [] },
);

const request = fc.record({
  id: fc.oneof(
    { weight: 8, arbitrary: fc.constant(ID) },
    { weight: 1, arbitrary: fc.constantFrom('nobody', '%', '%2e%2e', '%00', 'x'.repeat(70)) },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 8 }).map(encodeURIComponent) },
  ),
  demanded: fc.boolean(),
  query: fc.oneof(
    { weight: 2, arbitrary: fc.constant<[string, string][]>([]) },
    { weight: 2, arbitrary: fc.array(pair, { maxLength: 3 }) },
  ),
  headers: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
  changes: fc.array(change, { maxLength: 2 }),
  edits: fc.option(edits, { nil: [], freq: 1 }),
});

type FuzzedRequest = typeof request extends fc.Arbitrary<infer Value> ? Value : never;

/** Nothing damaged: the example as it stands, so that no seed leaves an operation without a request that comes through. */
const UNDAMAGED: FuzzedRequest = { id: ID, demanded: true, query: [], headers: {}, changes: [], edits: [] };

/** Header values that the client side of the runtime lets through. */
function sendable(values: Record<string, string | undefined>): Record<string, string> {
  const pairs = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(pairs.filter(([, value]) => /^[\x20-\x7e]*$/.test(value)));
}

function bodyOf(operation: Operation, { changes, edits: list }: FuzzedRequest): string | undefined {
  if (operation.method === 'get') return undefined;
  const example = EXAMPLES[operation.operationId]?.request?.['application/json'];
  if (example === undefined) return undefined;
  const about = JSON.parse(JSON.stringify(example).replaceAll('"acc-1"', `"${ID}"`)) as unknown;
  return edited(JSON.stringify(changes.reduce(damaged, about)), list);
}

/** Whether what came after a version are steps of transfers that earlier requests began: they go on in their own time. */
async function sagasAlone(version: number): Promise<boolean> {
  const { body } = await call('GET', `/v1/accounts/${ID}/events?fromVersion=${version + 1}`);
  const events = (body.events ?? []) as { metadata: { sagaId?: string } }[];
  return events.length > 0 && events.every(({ metadata }) => metadata.sagaId !== undefined);
}

/** Operations whose answers of 200 may have parts that failed. */
const HAS_PARTS: ReadonlySet<string> = new Set(['runCommands', 'runGraphQl', 'queryGraphQl']);

async function send(operation: Operation, fuzzed: FuzzedRequest): Promise<number> {
  const path = operation.path
    .replace('{aggregateType}', 'account')
    .replace('{view}', 'trades')
    .replace('/v1/parked/{id}', '/v1/parked/view.trades.account.{id}')
    .replace('{provider}', 'sandbox')
    .replace('{method}', operation.method === 'get' ? 'GetAccount' : 'DepositFunds')
    .replace('{version}', '1')
    .replace('{tradeId}', 't-1')
    .replace(/\{(id|aggregateId)\}/, () => fuzzed.id);
  const demanded = fuzzed.demanded ? (demandedQuery[operation.operationId] ?? []) : [];
  const query = [...demanded, ...fuzzed.query]
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const body = bodyOf(operation, fuzzed);
  const before = await footprint(ID);
  const reply = await call(operation.method.toUpperCase(), query === '' ? path : `${path}?${query}`, {
    ...(body === undefined ? {} : { body }),
    headers: sendable(fuzzed.headers),
  });
  expect(reply.status).toBeLessThan(500);
  if (HAS_PARTS.has(operation.operationId))
    expect(JSON.stringify(reply.body)).not.toMatch(/"code":"(internal_error|unavailable)"/);
  const after = await footprint(ID);
  const mayWrite = reply.status < 300 && operation.method !== 'get';
  if (!mayWrite && !(await sagasAlone(before.version))) expect(after).toEqual(before);
  return reply.status;
}

/** What is accepted here rebuilds every view, which takes half a second. */
const REBUILDS: ReadonlySet<string> = new Set(['rebuildViews', 'rollBackView']);

describe('any request', () => {
  it.each(ROUTES.map((route) => [route.operationId, route] as const))('to %s', async (_name, operation) => {
    if ((await footprint(ID)).version === 0) await opened(ID);
    const statuses = new Set<number>();
    const property = fc.asyncProperty(request, async (fuzzed) => {
      statuses.add(await send(operation, fuzzed));
    });
    const numRuns = REBUILDS.has(operation.operationId) ? Math.ceil(runs / 5) : runs;
    await fc.assert(property, { seed, numRuns, examples: [[UNDAMAGED]] });
    // Requests that are all refused at the door would test nothing behind it.
    const behindTheDoor = [...statuses].some(
      (status) => status < 300 || [404, 409, 422, 426].includes(status),
    );
    // Nobody guesses a signature.
    if (operation.operationId !== 'openAccount' && operation.signed !== true)
      expect(behindTheDoor).toBe(true);
  });
});
