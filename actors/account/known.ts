/**
 * The account at some version of the past, as it is known at a later one: as recorded then, but for trades that were amended
 * since. Status, limits and what is set aside are what they were.
 */
import type { AccountEvent } from '../../schemas/account.ts';
import { add, formatDecimal, parseDecimal, type Scaled, ZERO } from '../../schemas/decimal.ts';
import type { History, Paced } from '../kernel/decider.ts';
import { type KnownCheckpoints, knownHoldings } from './knownHoldings.ts';
import { type Amendment, amendmentsOf } from './replay.ts';
import type { AccountState } from './state.ts';

/** What is known of an account is found in these. */
export interface KnownSource {
  readonly history: History<AccountState, AccountEvent>;
  readonly checkpoints: KnownCheckpoints;
}

/** A moment of the past and what is known of it. */
export interface KnownAccount {
  readonly state: AccountState;
  /** What was said since of trades that had been booked by then, oldest first. */
  readonly amendments: readonly Amendment[];
}

/** The account as of `version`, as it is known at `knownVersion`, which is not before it. */
export function* knownAccount(
  source: KnownSource,
  version: number,
  knownVersion: number,
): Paced<KnownAccount> {
  const { history } = source;
  const state = history.stateAt(version);
  const known = amendmentsOf(history.amendments()).filter((amendment) => amendment.version <= knownVersion);
  const amendments = known.filter(
    (amendment) => amendment.version > version && amendment.event.data.tradeVersion <= version,
  );
  state.cash = added(state.cash, amendments, 'cash');
  state.fees = added(state.fees, amendments, 'fees');
  const holdings = yield* knownHoldings(source, version, known, amendments);
  for (const [symbol, { position, lastTrade }] of holdings) {
    state.positions[symbol] = position;
    if (lastTrade === undefined) delete state.lastTrades[symbol];
    else state.lastTrades[symbol] = lastTrade;
  }
  return { state, amendments };
}

function added(amount: string, amendments: readonly Amendment[], change: 'cash' | 'fees'): string {
  const sum = amendments.reduce<Scaled>(
    (total, { event }) => add(total, parseDecimal(event.data.changes[change])),
    ZERO,
  );
  return formatDecimal(add(parseDecimal(amount), sum));
}
