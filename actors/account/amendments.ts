/**
 * Corrections and cancellations of trades. They say what was, so that limits on what may be traded are not asked again; but
 * what follows from them must be possible now: no cash that is not there, no short position where none may be.
 */
import type { AccountEvent, AccountRefusal } from '../../schemas/account.ts';
import {
  add,
  formatDecimal,
  multiply,
  negate,
  parseDecimal,
  type Scaled,
  subtract,
  ZERO,
} from '../../schemas/decimal.ts';
import { timeText } from '../../schemas/time.ts';
import {
  type TradeAmendment,
  type TradeCancelled,
  type TradeExecuted,
  tradeAmendments,
} from '../../schemas/trade.ts';
import type { Amending, Decision, History, Timed } from '../kernel/decider.ts';
import { isBeyondLedger, isOutOfRange, OUT_OF_RANGE } from './amounts.ts';
import {
  agreedVersion,
  amendmentsOf,
  type Holding,
  holdingOf,
  knownTerms,
  Replay,
  type Terms,
  tradesIn,
} from './replay.ts';
import type { AccountState } from './state.ts';
import { inactiveRefusal } from './status.ts';
import { availableCash } from './transfers.ts';

type AmendmentDecision = Decision<AccountEvent, AccountRefusal>;
type AccountHistory = History<AccountState, AccountEvent>;

/**
 * Events from a trade to now that an amendment of it may look through: a turn of about half a second. Whoever has more
 * than that to go back books the difference as a trade of today.
 */
export const AMENDMENT_REACH_EVENTS = 250_000;

/** A trade, where the log has it, and what is known of it now. */
interface Subject {
  readonly version: number;
  readonly recordedAt: number;
  readonly trade: TradeExecuted;
  /** Null for a trade that never was. */
  readonly terms: Terms | null;
}

/** The account as an amendment leaves it. */
interface Outcome extends Holding {
  readonly cash: Scaled;
  readonly fees: Scaled;
  /** Profit of the trade itself. */
  readonly realizedPnl: Scaled;
  readonly changes: TradeCancelled['changes'];
  readonly isOutOfRange: boolean;
}

/** The rules of commands about trades of the past. */
export const accountAmending: Amending<AccountState, AccountEvent, AccountRefusal> = {
  commands: Object.keys(tradeAmendments),
  events: ['TradeCorrected', 'TradeCancelled'],
  decide: (command, state, history) => decideAmendment(command as Timed<TradeAmendment>, state, history),
};

function refuse(code: AccountRefusal, detail: string): AmendmentDecision {
  return { accepted: false, refusal: { code, detail } };
}

function decideAmendment(
  command: TradeAmendment,
  state: Readonly<AccountState>,
  history: AccountHistory,
): AmendmentDecision {
  const inactive = inactiveRefusal(state.status);
  if (inactive !== undefined) return { accepted: false, refusal: inactive };
  const { tradeId } = command.data;
  const created = history.created(tradeId);
  if (created?.event.type !== 'TradeExecuted')
    return refuse('trade_not_found', `The account has no trade ${tradeId}.`);
  const { version, recordedAt } = created;
  const trade = created.event.data;
  const amendments = amendmentsOf(history.amendments(), trade.symbol);
  const known = knownTerms(amendments);
  const current = known.get(version);
  if (current === null)
    return refuse('trade_already_cancelled', `The trade ${tradeId} was cancelled before.`);
  const terms = current ?? trade;
  const replacement = command.type === 'CorrectTrade' ? correctedTerms(terms, command.data) : null;
  if (replacement !== null && isSame(terms, replacement))
    return refuse('nothing_to_correct', `The trade ${tradeId} has these terms already.`);
  const start = agreedVersion(version - 1, amendments);
  if (history.version - start > AMENDMENT_REACH_EVENTS) {
    return refuse(
      'trade_out_of_reach',
      `More than ${AMENDMENT_REACH_EVENTS} events have come since the trade.`,
    );
  }
  known.set(version, replacement);
  const replay = new Replay(start, holdingOf(history.stateAt(start), trade.symbol), known, version);
  for (const page of history.having(tradesIn([trade.symbol]), start))
    for (const recorded of page) replay.add(recorded);
  const subject = { version, recordedAt, trade, terms };
  const outcome = outcomeOf(state, subject, replacement, replay);
  const impossible = impossibility(state, subject, outcome);
  return impossible ?? { accepted: true, events: [eventOf(command, subject, replacement, outcome)] };
}

/** What of a trade is sent replaces what it had. */
function correctedTerms(
  { side, quantity, price, fee }: Terms,
  sent: Extract<TradeAmendment, { type: 'CorrectTrade' }>['data'],
): Terms {
  const corrected = {
    side: sent.side ?? side,
    quantity: sent.quantity ?? quantity,
    price: sent.price ?? price,
    fee: sent.fee ?? fee,
  };
  const notional = formatDecimal(multiply(parseDecimal(corrected.quantity), parseDecimal(corrected.price)));
  return { ...corrected, notional };
}

function isSame(one: Terms, other: Terms): boolean {
  return (['side', 'quantity', 'price', 'fee'] as const).every((term) => one[term] === other[term]);
}

/** What a trade of these terms adds to the balance. */
function cashOf(terms: Terms | null): Scaled {
  if (terms === null) return ZERO;
  const notional = parseDecimal(terms.notional);
  return subtract(terms.side === 'BUY' ? negate(notional) : notional, parseDecimal(terms.fee));
}

function outcomeOf(
  state: Readonly<AccountState>,
  { terms: before, trade: { symbol } }: Subject,
  after: Terms | null,
  { position, lastTrade, realizedPnl = ZERO, isOutOfRange: wasOutOfRange }: Replay,
): Outcome {
  const fee = subtract(parseDecimal(after?.fee ?? '0'), parseDecimal(before?.fee ?? '0'));
  const cash = subtract(cashOf(after), cashOf(before));
  const { position: held } = holdingOf(state, symbol);
  const changes = {
    cash: formatDecimal(cash),
    fees: formatDecimal(fee),
    quantity: difference(position.quantity, held.quantity),
    realizedPnl: difference(position.realizedPnl, held.realizedPnl),
  };
  // Changes lead from what is in range to what is: they have a digit more, and what an older release booked can be taken back.
  const said = [after?.notional ?? '0', formatDecimal(realizedPnl)];
  return {
    cash: add(parseDecimal(state.cash), cash),
    fees: add(parseDecimal(state.fees), fee),
    position,
    lastTrade,
    realizedPnl,
    changes,
    isOutOfRange: wasOutOfRange || said.some(isOutOfRange),
  };
}

function difference(after: string, before: string): string {
  return formatDecimal(subtract(parseDecimal(after), parseDecimal(before)));
}

/** Why the account cannot be what would follow; undefined where it can. */
function impossibility(
  state: Readonly<AccountState>,
  { trade: { symbol } }: Subject,
  { cash, fees, position, isOutOfRange: isTooLarge }: Outcome,
): AmendmentDecision | undefined {
  const held = parseDecimal(position.quantity);
  // A position that is short already may stay so, and a correction may make it less short.
  const isShorter = held < ZERO && held < parseDecimal(state.positions[symbol]?.quantity ?? '0');
  if (isShorter && !state.limits.allowShort) {
    return refuse('insufficient_position', `The account would hold ${position.quantity} ${symbol}.`);
  }
  const available = availableCash({ cash: formatDecimal(cash), reserved: state.reserved });
  if (available < ZERO)
    return refuse('insufficient_funds', `Available cash would be ${formatDecimal(available)}.`);
  if (isTooLarge || isBeyondLedger(cash, state.expected) || isOutOfRange(formatDecimal(fees))) {
    return refuse('amount_out_of_range', OUT_OF_RANGE);
  }
  return undefined;
}

function eventOf(
  { data: { reason, tradeId } }: TradeAmendment,
  { version, recordedAt, trade: { symbol, executedAt } }: Subject,
  terms: Terms | null,
  { cash, fees, position, lastTrade, realizedPnl, changes }: Outcome,
): AccountEvent {
  const amendment = {
    cash: formatDecimal(cash),
    changes,
    effectiveAt: timeText(recordedAt),
    executedAt,
    fees: formatDecimal(fees),
    lastTrade: lastTrade ?? null,
    position,
    reason,
    symbol,
    tradeId,
    tradeVersion: version,
  };
  if (terms === null) return { type: 'TradeCancelled', data: amendment };
  const { side, quantity, price, notional, fee } = terms;
  return {
    type: 'TradeCorrected',
    data: { ...amendment, side, quantity, price, notional, fee, realizedPnl: formatDecimal(realizedPnl) },
  };
}
