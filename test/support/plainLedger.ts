/**
 * An account refolded from scratch: what was booked, in order, and which terms each trade has by what is known at some
 * version. Exact decimals of a library and the demonstration's average cost; no code of the product.
 */
import { Exact, NOTHING, plain, round8 } from '../../demo/exact.ts';
import { EMPTY_POSITION, type PositionBook, reportPosition, tradePosition } from '../../demo/positionBook.ts';

/** A trade as it was booked or corrected. */
export interface PlainTrade {
  readonly tradeId: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  readonly executedAt: string;
}

/** What one event did; `null` for a trade that never was. */
type Entry =
  | { readonly kind: 'cash'; readonly amount: string }
  | { readonly kind: 'trade'; readonly trade: PlainTrade }
  | { readonly kind: 'amendment'; readonly tradeId: string; readonly trade: PlainTrade | null }
  | { readonly kind: 'nothing' };

/** The account at some version, as a test compares it. */
export interface PlainState {
  readonly cash: string;
  readonly fees: string;
  readonly positions: Record<
    string,
    { quantity: string; averageCost: string; costBasis: string; realizedPnl: string }
  >;
  /** The trade in each symbol that was executed last. */
  readonly lastTrades: Record<string, Pick<PlainTrade, 'tradeId' | 'price' | 'executedAt'>>;
}

interface Command {
  readonly type: string;
  readonly data: Readonly<Record<string, string | undefined>>;
}

export class PlainLedger {
  /** What each version did, from version 1 on. */
  readonly entries: Entry[] = [];
  /** Trades that were booked, by their ids, with the terms that count now. */
  readonly trades = new Map<string, PlainTrade | null>();

  get version(): number {
    return this.entries.length;
  }

  /** Books a command that was accepted, received at this time. */
  book({ type, data }: Command, at: string): void {
    this.entries.push(
      this.#entryOf(type, { ...(type === 'ExecuteTrade' ? { executedAt: at } : {}), ...data }),
    );
  }

  /** The account at a version, by what is known at another that is not before it. */
  state(version: number, knownVersion = version): PlainState {
    const terms = this.#termsAt(knownVersion);
    let cash = NOTHING;
    let fees = NOTHING;
    const positions = new Map<string, PositionBook>();
    const lastTrades: PlainState['lastTrades'] = {};
    for (const entry of this.entries.slice(0, version)) {
      if (entry.kind === 'cash') cash = cash.plus(entry.amount);
      if (entry.kind !== 'trade') continue;
      const { tradeId, symbol } = entry.trade;
      const trade = terms.has(tradeId) ? terms.get(tradeId) : entry.trade;
      // A symbol whose only trade never was is shown with nothing.
      const held = positions.get(symbol) ?? EMPTY_POSITION;
      positions.set(symbol, held);
      if (trade === null || trade === undefined) continue;
      const quantity = new Exact(trade.side === 'BUY' ? trade.quantity : `-${trade.quantity}`);
      cash = cash.minus(round8(quantity.times(trade.price))).minus(trade.fee);
      fees = fees.plus(trade.fee);
      positions.set(symbol, tradePosition(held, quantity, new Exact(trade.price)));
      const { price, executedAt } = trade;
      if ((lastTrades[symbol]?.executedAt ?? '') <= executedAt)
        lastTrades[symbol] = { tradeId, price, executedAt };
    }
    const reports = [...positions].map(([symbol, position]) => reportPosition(symbol, position));
    return {
      cash: plain(cash),
      fees: plain(fees),
      positions: Object.fromEntries(reports.map(({ symbol, ...position }) => [symbol, position])),
      lastTrades,
    };
  }

  /** The balance at every version, by what is known at one; each as recorded where none is given. */
  cashes(knownVersion?: number): string[] {
    let known = this.#termsAt(knownVersion ?? 0);
    const booked: PlainTrade[] = [];
    let cash = NOTHING;
    return this.entries.map((entry) => {
      if (entry.kind === 'cash') cash = cash.plus(entry.amount);
      if (entry.kind === 'trade') {
        booked.push(entry.trade);
        cash = cash.plus(moved(entry.trade, known));
      }
      if (entry.kind === 'amendment' && knownVersion === undefined) {
        const trade = booked.find(({ tradeId }) => tradeId === entry.tradeId) as PlainTrade;
        cash = cash.minus(moved(trade, known));
        known = new Map(known).set(entry.tradeId, entry.trade);
        cash = cash.plus(moved(trade, known));
      }
      return plain(cash);
    });
  }

  #termsAt(knownVersion: number): Map<string, PlainTrade | null> {
    const terms = new Map<string, PlainTrade | null>();
    for (const entry of this.entries.slice(0, knownVersion))
      if (entry.kind === 'amendment') terms.set(entry.tradeId, entry.trade);
    return terms;
  }

  #entryOf(type: string, data: Command['data']): Entry {
    switch (type) {
      case 'OpenAccount':
        return { kind: 'cash', amount: data.initialBalance ?? '0' };
      case 'DepositFunds':
        return { kind: 'cash', amount: data.amount ?? '' };
      case 'WithdrawFunds':
        return { kind: 'cash', amount: `-${data.amount}` };
      case 'ExecuteTrade': {
        const trade = { fee: '0', ...data } as unknown as PlainTrade;
        this.trades.set(trade.tradeId, trade);
        return { kind: 'trade', trade };
      }
      case 'CorrectTrade':
      case 'CancelTrade': {
        const tradeId = data.tradeId ?? '';
        const { reason: _, ...terms } = data;
        const before = this.trades.get(tradeId);
        const trade = type === 'CancelTrade' ? null : ({ ...before, ...terms } as PlainTrade);
        this.trades.set(tradeId, trade);
        return { kind: 'amendment', tradeId, trade };
      }
    }
    return { kind: 'nothing' };
  }
}

/** What a trade adds to the balance, by what is known of it. */
function moved(booked: PlainTrade, known: ReadonlyMap<string, PlainTrade | null>): Exact {
  const trade = known.has(booked.tradeId) ? known.get(booked.tradeId) : booked;
  if (trade === null || trade === undefined) return NOTHING;
  const quantity = new Exact(trade.side === 'BUY' ? `-${trade.quantity}` : trade.quantity);
  return round8(quantity.times(trade.price)).minus(trade.fee);
}
