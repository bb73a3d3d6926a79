/**
 * The account at some version of the past, as it is known at a later one: as recorded then, but for trades that were amended
 * since. Status, limits and what is set aside are what they were.
 */
import type { AccountEvent } from '../../schemas/account.ts';
import { add, formatDecimal, parseDecimal, type Scaled, ZERO } from '../../schemas/decimal.ts';
import type { History, Paced } from '../kernel/decider.ts';
import type { AccountState } from './decider.ts';
import {
  type Amendment,
  agreedVersion,
  amendmentsOf,
  holdingOf,
  knownTerms,
  Replay,
  tradesIn,
} from './replay.ts';

/** A moment of the past and what is known of it. */
export interface KnownAccount {
  readonly state: AccountState;
  /** What was said since of trades that had been booked by then, oldest first. */
  readonly amendments: readonly Amendment[];
}

type AccountHistory = History<AccountState, AccountEvent>;

/** The account as of `version`, as it is known at `knownVersion`, which is not before it. */
export function* knownAccount(
  history: AccountHistory,
  version: number,
  knownVersion: number,
): Paced<KnownAccount> {
  const state = history.stateAt(version);
  const known = amendmentsOf(history.amendments()).filter((amendment) => amendment.version <= knownVersion);
  const amendments = known.filter(
    (amendment) => amendment.version > version && amendment.event.data.tradeVersion <= version,
  );
  state.cash = added(state.cash, amendments, 'cash');
  state.fees = added(state.fees, amendments, 'fees');
  const replays = yield* replaysOf(history, known, amendments);
  const start = Math.min(version, ...Array.from(replays.values(), (replay) => replay.version));
  for (const page of history.having(tradesIn([...replays.keys()]), start, version)) {
    for (const trade of page) {
      if (trade.event.type === 'TradeExecuted') replays.get(trade.event.data.symbol)?.add(trade);
    }
    yield;
  }
  for (const [symbol, { position, lastTrade }] of replays) {
    state.positions[symbol] = position;
    if (lastTrade === undefined) delete state.lastTrades[symbol];
    else state.lastTrades[symbol] = lastTrade;
  }
  return { state, amendments };
}

/** A replay of every symbol with amendments that came after the moment. */
function* replaysOf(
  history: AccountHistory,
  known: readonly Amendment[],
  since: readonly Amendment[],
): Paced<Map<string, Replay>> {
  const bySymbol = Map.groupBy(known, ({ event }) => event.data.symbol);
  const firstTrades = new Map<string, number>();
  for (const { event } of since) {
    const { symbol, tradeVersion } = event.data;
    firstTrades.set(symbol, Math.min(tradeVersion, firstTrades.get(symbol) ?? tradeVersion));
  }
  const replays = new Map<string, Replay>();
  for (const [symbol, first] of firstTrades) {
    const amendments = bySymbol.get(symbol) ?? [];
    const start = agreedVersion(first - 1, amendments);
    const holding = holdingOf(history.stateAt(start), symbol);
    replays.set(symbol, new Replay(start, holding, knownTerms(amendments)));
    yield;
  }
  return replays;
}

function added(amount: string, amendments: readonly Amendment[], change: 'cash' | 'fees'): string {
  const sum = amendments.reduce<Scaled>(
    (total, { event }) => add(total, parseDecimal(event.data.changes[change])),
    ZERO,
  );
  return formatDecimal(add(parseDecimal(amount), sum));
}
