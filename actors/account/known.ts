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

/** The account as of `version`, as it is known at `knownVersion`, which is not before it. */
export function* knownAccount(
  history: History<AccountState, AccountEvent>,
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
  const symbols = new Set(amendments.map(({ event }) => event.data.symbol));
  for (const symbol of symbols) {
    const ofSymbol = ({ event }: Amendment) => event.data.symbol === symbol;
    yield* replaySymbol(history, version, state, symbol, {
      known: known.filter(ofSymbol),
      since: amendments.filter(ofSymbol),
    });
  }
  return { state, amendments };
}

/** Puts the holding into the state that the trades in a symbol give by what is known of them. */
function* replaySymbol(
  history: History<AccountState, AccountEvent>,
  version: number,
  state: AccountState,
  symbol: string,
  { known, since }: { readonly known: readonly Amendment[]; readonly since: readonly Amendment[] },
): Paced<void> {
  const first = Math.min(...since.map(({ event }) => event.data.tradeVersion));
  const start = agreedVersion(first - 1, known);
  const replay = new Replay(holdingOf(history.stateAt(start), symbol), knownTerms(known));
  for (const page of history.having(tradesIn(symbol), start, version)) {
    replay.addAll(page);
    yield;
  }
  state.positions[symbol] = replay.position;
  if (replay.lastTrade === undefined) delete state.lastTrades[symbol];
  else state.lastTrades[symbol] = replay.lastTrade;
}

function added(amount: string, amendments: readonly Amendment[], change: 'cash' | 'fees'): string {
  const sum = amendments.reduce<Scaled>(
    (total, { event }) => add(total, parseDecimal(event.data.changes[change])),
    ZERO,
  );
  return formatDecimal(add(parseDecimal(amount), sum));
}
