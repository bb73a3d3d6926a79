/** Every method of Connect with every role, on an own account and on another's: the answers are what the table says. */
import { type DescMessage, toBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it } from 'vitest';
import { ACCESS, type AccessRow } from '../../workers/access/table.ts';
import { replyMessage } from '../../workers/connect/replyMessage.ts';
import { CONNECT_PATH, handlerOf } from '../../workers/connect/service.ts';
import { rowName } from '../../workers/http/access.ts';
import { EXAMPLES } from '../../workers/http/openapi/examples.ts';
import { isPublic, type Operation } from '../../workers/http/operation.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';
import { CALLERS, expected } from '../support/accessMatrix.ts';
import { ANONYMOUS, call, opened, type Reply, verdict } from '../support/api.ts';
import { as, withClaims } from '../support/callers.ts';

const MINE = 'mine-c-1';
const THEIRS = 'theirs-c-1';

interface Method {
  readonly name: string;
  readonly operation: Operation;
  readonly input: DescMessage;
}

const METHODS: readonly Method[] = ROUTES.filter((route) => !isPublic(route)).flatMap((operation) => {
  const name = operation.operationId.charAt(0).toUpperCase() + operation.operationId.slice(1);
  const handler = handlerOf(name);
  return handler === undefined ? [] : [{ name, operation, input: handler.method.input }];
});

beforeAll(async () => {
  await opened(MINE);
  await opened(THEIRS);
});

/** A well-formed call about an account. */
function send({ name, operation, input }: Method, account: string, headers: Record<string, string>) {
  const inPath = Object.keys(operation.params?.shape ?? {}).map((field) => [field, account]);
  const parked = operation.path.startsWith('/v1/parked/') ? { id: `view.trades.account.${account}` } : {};
  const named = {
    ...Object.fromEntries(inPath),
    aggregateType: 'account',
    view: 'trades',
    version: 1,
    ...parked,
  };
  const example = EXAMPLES[operation.operationId]?.request?.['application/json'];
  const about: unknown = JSON.parse(JSON.stringify(example ?? {}).replaceAll('"acc-1"', `"${account}"`));
  const message = replyMessage(input, { ...(about as object), ...named });
  return call('POST', `${CONNECT_PATH}/${name}`, {
    body: toBinary(input, message),
    headers: { 'Content-Type': 'application/proto', ...headers },
  });
}

it('are most operations', () => {
  expect(METHODS.length).toBeGreaterThan(60);
});

describe.each(METHODS)('$name', (method) => {
  const row = ACCESS[rowName(method.operation)] as AccessRow;

  it('asks everybody for a token, and refuses who has no role', async () => {
    expect(verdict(await send(method, MINE, ANONYMOUS))).toBe('401 unauthenticated');
    const nobody = await withClaims({ accounts: [MINE] });
    expect(verdict(await send(method, MINE, nobody))).toBe('403 forbidden');
  });

  it('answers each role, confined to its accounts or not, as the table says', async () => {
    for (const { role, isConfined } of CALLERS) {
      const headers = await as(role, isConfined ? [MINE] : undefined);
      for (const account of [MINE, THEIRS]) {
        const reply: Reply = await send(method, account, headers);
        const answer = verdict(reply) === '403 forbidden' ? 'forbidden' : 'passes';
        const cell = `${role}, confined: ${isConfined}, ${account}: ${verdict(reply)}`;
        expect(answer, cell).toBe(expected(row, role, isConfined, account === MINE));
        expect(reply.status, cell).not.toBe(401);
      }
    }
  });
});
