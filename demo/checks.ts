/** Holds what the platform shows against the books. Nothing here talks to the platform. */
import { isDeepStrictEqual } from 'node:util';
import { plural } from '../verifier/counts.ts';
import type { AccountResource } from './api.ts';
import type { Books } from './books.ts';
import { type Exact, NOTHING, plain } from './exact.ts';
import type { Expectations } from './expectations.ts';
import { count, duration } from './figures.ts';
import type { CatchUp } from './lag.ts';
import type { Observation, ObservedAccount } from './observation.ts';
import type { Outcomes } from './outcomes.ts';

/** The checks by name, in the order of the data's way through the platform. */
export type CheckName =
  | 'outcomes'
  | 'accounts'
  | 'audit'
  | 'logs'
  | 'catch-up'
  | 'portfolios'
  | 'trades'
  | 'feed'
  | 'event counts'
  | 'conservation';

/** One thing that must hold. */
export interface Check {
  readonly name: CheckName;
  /** What holds, in words, with its figures. */
  readonly what: string;
  /** What is wrong; nothing where it holds. */
  readonly faults: readonly string[];
}

/** What must be held, and what the platform shows. */
export interface PlatformEvidence {
  readonly expectations: Expectations;
  readonly observation: Observation;
  readonly catchUp: CatchUp;
}

/** Everything that is known after a run. */
export interface Evidence extends PlatformEvidence {
  readonly outcomes: Outcomes;
}

/** Every check. */
export function runChecks(evidence: Evidence): Check[] {
  return [checkOutcomes(evidence), ...checkPlatform(evidence)];
}

/** Every check but the one of the answers: what the platform holds, whoever sent the commands. */
export function checkPlatform(evidence: PlatformEvidence): Check[] {
  return [
    checkAccounts(evidence),
    checkAudit(evidence),
    checkLogs(evidence),
    checkCatchUp(evidence),
    checkPortfolios(evidence),
    checkTrades(evidence),
    checkFeed(evidence),
    checkEventCounts(evidence),
    checkConservation(evidence),
  ];
}

function checkOutcomes({ expectations, outcomes }: Evidence): Check {
  const faults = [...outcomes.faultTexts];
  if (outcomes.faults > faults.length) faults.push(`and ${count(outcomes.faults - faults.length)} more`);
  const missing = expectations.commands - outcomes.answered - outcomes.faults;
  if (missing !== 0) faults.push(`${count(missing)} commands were not answered`);
  return {
    name: 'outcomes',
    what: `every one of ${count(expectations.commands)} commands ended as the books say`,
    faults,
  };
}

function checkAccounts({ expectations: { books }, observation }: PlatformEvidence): Check {
  const faults = differing(observation, (id, { state }) =>
    difference('the account', shownState(state), bookedState(books, id)),
  );
  const accounts = plural(observation.accounts.size, 'account');
  return {
    name: 'accounts',
    what: `${accounts}: cash, fees, positions, realised profit, limits and status equal to the books`,
    faults,
  };
}

function checkAudit({ expectations: { books }, observation }: PlatformEvidence): Check {
  let events = 0;
  const faults = differing(observation, (id, { audit }) => {
    events += audit.eventsChecked;
    const { version } = books.report(id);
    if (!audit.ok) return `the audit says ${JSON.stringify(audit)}`;
    return difference('the audited log', [audit.version, audit.eventsChecked], [version, version]);
  });
  return {
    name: 'audit',
    what: `hash chain of every account whole, by its own audit (${count(events)} events)`,
    faults,
  };
}

function checkLogs({ observation }: PlatformEvidence): Check {
  let events = 0;
  let logs = 0;
  const faults = differing(observation, (_, { log, audit }) => {
    if (log === undefined) return undefined;
    logs += 1;
    events += log.version;
    return log.fault ?? difference('the log', [log.version, log.headHash], [audit.version, audit.headHash]);
  });
  return {
    name: 'logs',
    what: `${plural(logs, 'log')} read and hashed again here: the same chain (${count(events)} events)`,
    faults,
  };
}

function checkCatchUp({ catchUp }: PlatformEvidence): Check {
  const { ms, eventsBehind } = catchUp;
  const faults =
    eventsBehind === 0 ? [] : [`${count(eventsBehind)} events were missing after ${duration(ms)}`];
  return { name: 'catch-up', what: 'views caught up with the logs', faults };
}

function checkPortfolios({ observation }: PlatformEvidence): Check {
  const faults = differing(observation, (_, { state, portfolio, portfolioSource }) =>
    portfolioSource === 'view'
      ? difference('the portfolio', shownState(portfolio), shownState(state))
      : `the portfolio came from the ${portfolioSource}`,
  );
  return {
    name: 'portfolios',
    what: `portfolio of every account, read from the view, equal to the actor's own state`,
    faults,
  };
}

function checkTrades({ expectations, observation }: PlatformEvidence): Check {
  const faults = differing(observation, (id, { trades }) => {
    const sent = expectations.tradesOf(id);
    const logged = observation.feed.accounts.get(id)?.trades;
    if (trades.count !== sent.count) return `${trades.count} trades in the view, ${sent.count} sent`;
    if (trades.sent !== sent.sent) return 'the trades in the view are not the ones that were sent';
    return trades.executed === logged?.executed
      ? undefined
      : 'the trades in the view are not those of the log';
  });
  return {
    name: 'trades',
    what: `trades view: each of ${count(expectations.trades)} trades once, as sent and as logged`,
    faults,
  };
}

function checkFeed({ observation: { accounts, feed } }: PlatformEvidence): Check {
  const faults = differing({ accounts }, (id, { audit }) => {
    const chain = feed.accounts.get(id)?.chain;
    return (
      chain?.fault ??
      difference('the feed', [chain?.version, chain?.headHash], [audit.version, audit.headHash])
    );
  });
  if (feed.eventsAfterEnd > 0) faults.push(`${feed.eventsAfterEnd} events came after the end of the feed`);
  return {
    name: 'feed',
    what: `feed: each of ${count(feed.events)} events once, in version order, hashed again here up to the log's head`,
    faults,
  };
}

function checkEventCounts({ expectations: { books }, observation }: PlatformEvidence): Check {
  const total: Record<string, number> = {};
  const faults = differing(observation, (id) => {
    const events = observation.feed.accounts.get(id)?.events ?? {};
    for (const [type, number] of Object.entries(events)) total[type] = (total[type] ?? 0) + number;
    return difference('events by type', events, books.report(id).events);
  });
  const types = Object.entries(total).map(([type, number]) => `${count(number)} ${type}`);
  return { name: 'event counts', what: `events by type as booked: ${types.join(', ')}`, faults };
}

/** From the platform's own events: the books only say where to look. */
function checkConservation({ observation: { accounts, feed } }: PlatformEvidence): Check {
  let held: Exact = NOTHING;
  const faults = differing({ accounts }, (id) => {
    const sides = feed.accounts.get(id)?.sides();
    if (sides === undefined) return 'no events in the feed';
    held = held.plus(sides.held);
    if (sides.held.eq(sides.owed)) return undefined;
    return `cash and cost are ${plain(sides.held)}, and ${plain(sides.owed)} came in`;
  });
  return {
    name: 'conservation',
    what: `money conserved: cash + cost of positions = deposits − withdrawals − fees + realised profit = ${plain(held)}`,
    faults,
  };
}

/** Accounts whose faults are named; the others are counted. */
const FAULTS_NAMED = 3;

/** The faults of all accounts, each with its account. */
function differing(
  { accounts }: Pick<Observation, 'accounts'>,
  faultOf: (id: string, account: ObservedAccount) => string | undefined,
): string[] {
  const faults: string[] = [];
  for (const [id, account] of accounts) {
    const fault = faultOf(id, account);
    if (fault !== undefined) faults.push(`${id}: ${fault}`);
  }
  if (faults.length <= FAULTS_NAMED) return faults;
  return [...faults.slice(0, FAULTS_NAMED), `and ${plural(faults.length - FAULTS_NAMED, 'account')} more`];
}

function difference(what: string, shown: unknown, wanted: unknown): string | undefined {
  if (isDeepStrictEqual(shown, wanted)) return undefined;
  return `${what} shows ${JSON.stringify(shown)} in place of ${JSON.stringify(wanted)}`;
}

/** What is compared of an account, in an order of its own. */
function shownState({ status, currency, version, cash, fees, positions, limits }: AccountResource) {
  const bySymbol = [...positions].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  return { status, currency, version, cash, fees, limits, positions: bySymbol };
}

/** The same from the books. */
function bookedState(books: Books, id: string): ReturnType<typeof shownState> {
  const { status, currency, version, cash, fees, positions } = books.report(id);
  const { allowShort, ...limits } = books.account(id)?.limits ?? { allowShort: false };
  const written = Object.entries(limits).map(([name, value]) => [name, value === null ? null : plain(value)]);
  return {
    status,
    currency,
    version,
    cash: { total: cash, reserved: '0', available: cash },
    fees,
    limits: { ...Object.fromEntries(written), allowShort },
    positions: positions.map(({ symbol, quantity, averageCost, realizedPnl }) => ({
      symbol,
      quantity,
      averageCost,
      realizedPnl,
    })),
  };
}
