/** What caching brings to a portfolio that many ask for: kept answers, and held ones, against reading the views each time. */
import { type Contender, compareThroughput } from '../compare.ts';
import { type Expectation, inTurn, RequestTemplate } from '../load/requests.ts';
import { type Server, withServers } from '../servers/server.ts';
import type { Benchmark, Figure } from '../types.ts';
import { viewsCaughtUp } from '../views.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, accountId } from '../workload/commands.ts';
import { SINGLE_CONNECTIONS } from './single.ts';

const DEFAULT_SECONDS = 3;

/** The version of every account once it is open and has its limits. */
const TAG = '"2"';

interface Scenario {
  readonly name: string;
  readonly accounts: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly expects: Expectation;
}

const ANSWERED: Expectation = { status: 200, start: '{"accountId":' };

const SCENARIOS: readonly Scenario[] = [
  { name: 'one portfolio, kept', accounts: 1, headers: {}, expects: ANSWERED },
  { name: '100 portfolios, kept', accounts: ACCOUNTS, headers: {}, expects: ANSWERED },
  {
    name: '100 portfolios, held by their clients',
    accounts: ACCOUNTS,
    headers: { 'If-None-Match': TAG },
    expects: { status: 304, start: '' },
  },
];

export const cache: Benchmark = {
  name: 'cache',
  summary: 'portfolios a second over 64 connections, kept or held, against reading the views for each',
  run({ servers, rounds, progress, seconds = DEFAULT_SECONDS }): Promise<Figure[]> {
    return withServers(['product'], servers, async (server) => {
      await openAccounts(server.url, ACCOUNTS);
      await viewsCaughtUp(server, ACCOUNTS);
      const figures: Figure[] = [];
      for (const { name, accounts, headers, expects } of SCENARIOS) {
        const kept = reader(server, accounts, headers, expects);
        const afresh = reader(server, accounts, { 'Cache-Control': 'no-cache' }, ANSWERED);
        const options = { connections: SINGLE_CONNECTIONS, seconds, rounds, progress };
        figures.push(await compareThroughput(name, kept, afresh, options));
      }
      return figures;
    });
  },
};

function reader(
  server: Server,
  accounts: number,
  headers: Readonly<Record<string, string>>,
  expects: Expectation,
): Contender {
  const templates = Array.from({ length: accounts }, (_, index) => {
    const target = accountId(index);
    const path = `/v1/accounts/${target}/portfolio`;
    const contentType = 'application/json';
    return new RequestTemplate({
      method: 'GET',
      path,
      contentType,
      headers,
      body: '',
      commands: 1,
      target,
      expects,
    });
  });
  return { server, source: inTurn(templates) };
}
