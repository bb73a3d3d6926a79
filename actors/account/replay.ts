/**
 * Trades of one symbol as they are known at some version of the log: a trade that was corrected since counts with its
 * corrected terms, in its own place, and one that was cancelled counts no more. Average cost and profit are those that
 * this sequence gives.
 */
import type { AccountEvent } from '../../schemas/account.ts';
import { parseDecimal, type Scaled } from '../../schemas/decimal.ts';
import type { Position, TradeCancelled, TradeCorrected, TradeExecuted } from '../../schemas/trade.ts';
import type { Recorded } from '../kernel/decider.ts';
import { isOutOfRange } from './amounts.ts';
import { type LastTrade, laterTrade } from './lastTrade.ts';
import { applyTrade, FLAT } from './position.ts';

/** What a trade says. */
export type Terms = Pick<TradeExecuted, 'side' | 'quantity' | 'price' | 'notional' | 'fee'>;

/** A correction or a cancellation, and where the log has it. */
export interface Amendment {
  readonly version: number;
  readonly recordedAt: number;
  readonly event:
    | { readonly type: 'TradeCorrected'; readonly data: TradeCorrected }
    | { readonly type: 'TradeCancelled'; readonly data: TradeCancelled };
}

/** What is known now of trades that were amended, by their versions: other terms, or null for one that never was. */
export type Known = ReadonlyMap<number, Terms | null>;

/** The amendments among some events, of one symbol where it is named. */
export function amendmentsOf(events: readonly Recorded<AccountEvent>[], symbol?: string): Amendment[] {
  return events.flatMap(({ event, ...place }): Amendment[] => {
    if (event.type !== 'TradeCorrected' && event.type !== 'TradeCancelled') return [];
    return symbol === undefined || event.data.symbol === symbol ? [{ ...place, event }] : [];
  });
}

/** What replays have to read: the trades in their symbols. */
export function tradesIn(symbols: readonly string[]) {
  return { type: 'TradeExecuted', field: 'symbol', values: symbols } as const;
}

/** What the amendments say of the trades that they are about; the last word on each counts. */
export function knownTerms(amendments: readonly Amendment[]): Map<number, Terms | null> {
  return new Map(
    amendments.map(({ event }) => [
      event.data.tradeVersion,
      event.type === 'TradeCorrected' ? event.data : null,
    ]),
  );
}

/**
 * The newest version up to `before` whose recorded position is the one known now: no trade up to it was amended after it.
 * A replay begins there.
 */
export function agreedVersion(before: number, amendments: readonly Amendment[]): number {
  let version = before;
  const spans = amendments.map((amendment) => ({
    from: amendment.event.data.tradeVersion,
    to: amendment.version,
  }));
  // Latest trades first: a span that begins after the version has come down past it cannot hold it any more.
  spans.sort((a, b) => b.from - a.from);
  for (const { from, to } of spans) if (from <= version && version < to) version = from - 1;
  return version;
}

/** What a symbol's trades leave. */
export interface Holding {
  readonly position: Position;
  readonly lastTrade: LastTrade | undefined;
}

/** What an account held of a symbol. */
export function holdingOf(
  {
    positions,
    lastTrades,
  }: {
    readonly positions: Readonly<Record<string, Position>>;
    readonly lastTrades: Readonly<Record<string, LastTrade>>;
  },
  symbol: string,
): Holding {
  return { position: positions[symbol] ?? FLAT, lastTrade: lastTrades[symbol] };
}

/** A holding on its way through the trades of its symbol. */
export class Replay implements Holding {
  /** Trades after this version count. */
  readonly version: number;
  position: Position;
  lastTrade: LastTrade | undefined;
  /** Profit that the trade realised which is watched. */
  realizedPnl: Scaled | undefined;
  /** Whether the position has left the range of the ledger on its way. */
  isOutOfRange = false;
  readonly #known: Known;
  readonly #watched: number | undefined;

  /** Begins with the holding that a version left; `watched` is the trade whose profit is wanted. */
  constructor(version: number, { position, lastTrade }: Holding, known: Known, watched?: number) {
    this.version = version;
    this.position = position;
    this.lastTrade = lastTrade;
    this.#known = known;
    this.#watched = watched;
  }

  /** Takes the next trade in the symbol. */
  add({ version, event }: Recorded<AccountEvent>): void {
    if (event.type !== 'TradeExecuted' || version <= this.version) return;
    const known = this.#known.get(version);
    if (known === null) return;
    const { side, quantity, price } = known ?? event.data;
    const after = applyTrade(this.position, side === 'BUY', parseDecimal(quantity), parseDecimal(price));
    this.position = after.position;
    this.lastTrade = laterTrade(this.lastTrade, { ...event.data, price });
    if (version === this.#watched) this.realizedPnl = after.realizedPnl;
    const { quantity: held, costBasis, realizedPnl } = after.position;
    this.isOutOfRange ||= [held, costBasis, realizedPnl].some(isOutOfRange);
  }
}
