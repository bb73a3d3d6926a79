/** The workload's trades as requests to the product and, with the very same bodies, to the baseline. */
import { type Expectation, RequestTemplate, STAMP } from '../load/requests.ts';
import { type Trade, tradeCycle } from './trades.ts';

/** Accounts of the benchmarks that spread their load. */
export const ACCOUNTS = 100;

/** Trades of a cycle at least: enough that sides, symbols and prices mix. */
const CYCLE_MIN = 200;

/** Different mixed batches: each is megabytes. */
const MIXED_TEMPLATES = 4;

/** Which server a request is for; `relay` is the baseline with a queue and a table behind its rows. */
export type Side = 'product' | 'baseline' | 'relay';

const ROUTES = { baseline: 'rows', relay: 'relay' } as const;

/**
 * Whether a command's id is the id of its trade. The log then finds the trade by the command's id; another id costs one
 * more row, in which the trade's id leads to the command.
 */
export type CommandIds = 'trade id' | 'own id';

/** Id of the n-th account. */
export function accountId(index: number): string {
  return `bench-${String(index).padStart(4, '0')}`;
}

/** Batches of `size` trades of one account each, over `accounts` accounts in turn. */
export function batchTemplates(
  side: Side,
  size: number,
  accounts: number,
  ids: CommandIds,
): RequestTemplate[] {
  const cycles = Array.from({ length: accounts }, (_, account) => tradeCycle(account + 1, cycleLength(size)));
  const perCycle = cycleLength(size) / size;
  return Array.from({ length: perCycle * accounts }, (_, index) => {
    const account = index % accounts;
    const from = Math.floor(index / accounts) * size;
    const trades = (cycles[account] as Trade[]).slice(from, from + size);
    const lines = trades.map((trade, place) => commandLine(trade, accountId(account), place, ids));
    return batchTemplate(side, accountId(account), lines);
  });
}

/** Batches whose commands go over `accounts` accounts line by line. */
export function mixedTemplates(
  side: Side,
  size: number,
  accounts: number,
  ids: CommandIds,
): RequestTemplate[] {
  return Array.from({ length: MIXED_TEMPLATES }, (_, batch) =>
    batchTemplate(side, accountId(batch), mixedLines(batch, size, accounts, ids)),
  );
}

/** The bodies of such batches over all accounts, for what takes no HTTP request of its own. */
export function mixedBodies(size: number, count: number): string[] {
  return Array.from({ length: count }, (_, batch) =>
    mixedLines(batch, size, ACCOUNTS, 'trade id').join('\n'),
  );
}

function mixedLines(batch: number, size: number, accounts: number, ids: CommandIds): string[] {
  const length = cycleLength(Math.ceil(size / accounts));
  const cycles = Array.from({ length: accounts }, (_, account) =>
    tradeCycle(batch * accounts + account, length),
  );
  return Array.from({ length: size }, (_, place) => {
    const account = place % accounts;
    const trade = cycles[account]?.[Math.floor(place / accounts)] as Trade;
    return commandLine(trade, accountId(account), place, ids);
  });
}

/** Frames of `size` trades of one account each, over all accounts in turn, for a socket of either side. */
export function frameTexts(side: 'product' | 'baseline', size: number): string[] {
  const cycles = Array.from({ length: ACCOUNTS }, (_, account) => tradeCycle(account + 1, cycleLength(size)));
  return Array.from({ length: (cycleLength(size) / size) * ACCOUNTS }, (_, index) => {
    const account = index % ACCOUNTS;
    const from = Math.floor(index / ACCOUNTS) * size;
    const trades = (cycles[account] as Trade[]).slice(from, from + size);
    const lines = trades.map((trade, place) => commandLine(trade, accountId(account), place, 'trade id'));
    return side === 'product'
      ? `{"type":"commands","id":"f-${STAMP}","commands":[${lines.join(',')}]}`
      : `${accountId(account)}\n${lines.join('\n')}`;
  });
}

/** One trade a request, by the route of the account. */
export function singleTemplates(side: Side, accounts: number, ids: CommandIds): RequestTemplate[] {
  return Array.from({ length: CYCLE_MIN * accounts }, (_, index) => {
    const account = accountId(index % accounts);
    const trade = tradeOf(index % accounts, Math.floor(index / accounts));
    const tradeId = `t-${STAMP}`;
    return new RequestTemplate({
      path: side === 'product' ? `/v1/accounts/${account}/trades` : `/${ROUTES[side]}/${account}`,
      contentType: 'application/json',
      headers: ids === 'trade id' ? { 'Idempotency-Key': tradeId } : {},
      body: JSON.stringify({ tradeId, ...trade }),
      commands: 1,
      target: account,
      expects: expected(side, 1, { status: 201, start: '{"aggregateId":' }),
    });
  });
}

const singleCycles = new Map<number, Trade[]>();

function tradeOf(account: number, place: number): Trade {
  const cycle = singleCycles.get(account) ?? tradeCycle(account + 1, CYCLE_MIN);
  singleCycles.set(account, cycle);
  return cycle[place] as Trade;
}

/** Whole batches only, and an even number of trades. */
function cycleLength(size: number): number {
  const batches = Math.ceil(CYCLE_MIN / size);
  return size * batches + ((size * batches) % 2 === 0 ? 0 : size);
}

function batchTemplate(side: Side, target: string, lines: readonly string[]): RequestTemplate {
  return new RequestTemplate({
    path: side === 'product' ? '/v1/commands' : `/${ROUTES[side]}/${target}`,
    contentType: 'application/x-ndjson',
    body: lines.join('\n'),
    commands: lines.length,
    target,
    expects: expected(side, lines.length, {
      status: 200,
      start: `{"accepted":${lines.length},"refused":0,"replayed":0`,
    }),
  });
}

function expected(side: Side, commands: number, product: Expectation): Expectation {
  return side === 'product'
    ? product
    : { status: 200, start: `{"accepted":${commands}${side === 'relay' ? ',' : '}'}` };
}

function commandLine(trade: Trade, account: string, place: number, ids: CommandIds): string {
  const tradeId = `t-${STAMP}-${place}`;
  return JSON.stringify({
    commandId: ids === 'trade id' ? tradeId : `c-${STAMP}-${place}`,
    aggregateType: 'account',
    aggregateId: account,
    type: 'ExecuteTrade',
    data: { tradeId, ...trade },
  });
}
