/** Portfolios at a steady rate, by GraphQL against REST, as clients ask for them and read anew for each. */
import { measured, pairedFigure, type Round } from '../compare.ts';
import { openLoop } from '../load/loops.ts';
import { type Expectation, inTurn, type RequestDescription, RequestTemplate } from '../load/requests.ts';
import { BENCH_TOKEN } from '../load/token.ts';
import { type Server, withServers } from '../servers/server.ts';
import { median, quantile } from '../statistics.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { viewsCaughtUp } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, accountId } from '../workload/commands.ts';

const DEFAULT_SECONDS = 5;
const WARM_UP_SECONDS = 3;

/** The rate of the issue. */
const REQUESTS_PER_SECOND = 500;

/** Enough that a request waits for an idle one only where the server is slower than the load. */
const CONNECTIONS = 32;

const TARGET: Target = { of: 'value', atMost: 50 };

/** What every account holds. */
const SYMBOLS = ['AAPL', 'AMZN', 'GOOG', 'IBM', 'INTC', 'MSFT', 'NFLX', 'NVDA', 'ORCL', 'TSLA'];

/** Everything that REST answers. */
const QUERY = `query Portfolio($id: ID!) { portfolio(id: $id) { source account {
  accountId customerId accountType status currency cash { total reserved available } fees
  positions { symbol quantity averageCost realizedPnl }
  limits { maxOrderNotional maxPositionQuantity maxPositionNotional allowShort } version } } }`;

export const portfolio: Benchmark = {
  name: 'portfolio',
  summary: 'latency of portfolios at 500 requests a second, by GraphQL against REST, open loop',
  run(options: BenchOptions): Promise<Figure[]> {
    return withServers(['product'], options.servers, async (server) => {
      await fillPortfolios(server);
      return compare(server, options);
    });
  },
};

/** Opens the accounts and buys for them, until the views have it all. */
export async function fillPortfolios(server: Server): Promise<void> {
  await openAccounts(server.url, ACCOUNTS);
  await buyEverything(server);
  await viewsCaughtUp(server, ACCOUNTS);
}

/** Every account's portfolio in turn, asked for by GraphQL as clients ask. */
export function portfoliosByGraphQl() {
  return requestsOf(byGraphQl, WAYS['as asked']);
}

/** How both are asked: as clients do, who are given what was read a moment ago, or so that each request reads the views. */
const WAYS = { 'as asked': {}, 'read anew': { 'Cache-Control': 'no-cache' } } as const;

async function compare(server: Server, options: BenchOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [way, headers] of Object.entries(WAYS)) {
    figures.push(...(await compareWay(server, way, headers, options)));
  }
  return figures;
}

type Sides = Readonly<Record<'graphql' | 'rest', Round[]>>;

async function compareWay(
  server: Server,
  way: string,
  headers: Readonly<Record<string, string>>,
  { rounds, progress, seconds = DEFAULT_SECONDS }: BenchOptions,
): Promise<Figure[]> {
  const sources = { graphql: requestsOf(byGraphQl, headers), rest: requestsOf(byRest, headers) };
  const taken: Sides = { graphql: [], rest: [] };
  const offer = (side: keyof Sides, length: number) =>
    measured(server, () =>
      openLoop(server.port, sources[side], {
        connections: CONNECTIONS,
        seconds: length,
        requestsPerSecond: REQUESTS_PER_SECOND,
      }),
    );
  for (const side of ['graphql', 'rest'] as const) await offer(side, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round++) {
    for (const side of ['graphql', 'rest'] as const) taken[side].push(await offer(side, seconds));
    const [own, bare] = [taken.graphql, taken.rest].map((all) => summary(all.at(-1) as Round));
    progress(`portfolio ${way}: GraphQL ${own} against REST ${bare}`);
  }
  const latencies = (all: readonly Round[]) => all.map(({ load }) => quantile(load.latencies, 0.95));
  const rest = latencies(taken.rest);
  return [
    pairedFigure(`GraphQL, p95, ${way}`, 'ms', latencies(taken.graphql), rest, {
      targets: [TARGET],
      detail: detailOf(taken),
    }),
    { name: `REST, p95, ${way}`, unit: 'ms', value: median(rest), rounds: rest, targets: [TARGET] },
  ];
}

function detailOf({ graphql, rest }: Sides): Record<string, number> {
  const micros = (all: readonly Round[]) => median(all.map((round) => round.processorMicros));
  const unsent = (all: readonly Round[]) => all.reduce((sum, { load }) => sum + load.unsent, 0);
  return {
    processorMicros: micros(graphql),
    baselineProcessorMicros: micros(rest),
    otherCores: Math.max(...[...graphql, ...rest].map((round) => round.otherCores)),
    unsent: unsent(graphql),
    baselineUnsent: unsent(rest),
  };
}

function summary({ load, processorMicros }: Round): string {
  return `p95 ${quantile(load.latencies, 0.95).toFixed(1)} ms, ${Math.round(processorMicros)} µs cpu`;
}

function requestsOf(
  describe: (id: string) => Omit<RequestDescription, 'contentType' | 'commands' | 'target'>,
  headers: Readonly<Record<string, string>>,
) {
  const templates = Array.from({ length: ACCOUNTS }, (_, index) => {
    const target = accountId(index);
    return new RequestTemplate({
      ...describe(target),
      headers,
      contentType: 'application/json',
      commands: 1,
      target,
    });
  });
  return inTurn(templates);
}

const answered = (start: string): Expectation => ({ status: 200, start });

function byGraphQl(id: string) {
  return {
    path: '/v1/graphql',
    body: JSON.stringify({ query: QUERY, variables: { id } }),
    expects: answered('{"data":{"portfolio":{"source":"view","account":{'),
  };
}

function byRest(id: string) {
  return {
    method: 'GET' as const,
    path: `/v1/accounts/${id}/portfolio`,
    body: '',
    expects: answered('{"accountId":'),
  };
}

/** Gives every account a position in every symbol. */
async function buyEverything({ url }: Server): Promise<void> {
  const commands = Array.from({ length: ACCOUNTS }, (_, index) => accountId(index)).flatMap((aggregateId) =>
    SYMBOLS.map((symbol) => ({
      commandId: `buy-${symbol}`,
      aggregateType: 'account',
      aggregateId,
      type: 'ExecuteTrade',
      data: { tradeId: `buy-${symbol}`, symbol, side: 'BUY', quantity: '10', price: '101.25', fee: '1' },
    })),
  );
  const response = await fetch(`${url}/v1/commands`, {
    method: 'POST',
    headers: { authorization: `Bearer ${BENCH_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ commands }),
  });
  const body = await response.text();
  if (!body.startsWith(`{"accepted":${commands.length},`)) {
    throw new Error(`the accounts did not buy: ${response.status} ${body.slice(0, 500)}`);
  }
}
