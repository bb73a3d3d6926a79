/**
 * An account's trades as the auditor keeps them: what was booked, and what was said of it later. Positions come from all
 * trades in the symbol, from the first on, by the average cost of the demonstration's books.
 */
import { Exact, plain } from '../../../demo/exact.ts';
import { EMPTY_POSITION, reportPosition, tradePosition } from '../../../demo/positionBook.ts';
import { Breach } from '../model/world.ts';
import type { AuditedEvent } from './book.ts';
import { product, units } from './exact.ts';

/** A row of a view: what the auditor expects. */
export type Row = Record<string, string | number | null>;

type Data = Readonly<Record<string, unknown>>;

interface Terms {
  readonly side: string;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
}

interface Booked {
  readonly symbol: string;
  readonly event: AuditedEvent;
  /** Null once the trade is cancelled. */
  terms: Terms | null;
  row: Row;
}

/** What an event moves. */
interface Moved {
  readonly cash: bigint;
  readonly fee: bigint;
}

/** Fails where two amounts differ. */
export function equal(
  check: string,
  actual: bigint,
  expected: bigint,
  { aggregateId, version }: Pick<AuditedEvent, 'aggregateId' | 'version'>,
): void {
  if (actual !== expected) {
    throw new Breach(
      check,
      `${aggregateId} version ${version}: ${actual}, by the auditor's books ${expected}`,
    );
  }
}

export class TradeBook {
  /** By trade id, in the order in which they were booked. */
  readonly #trades = new Map<string, Booked>();

  get ids(): IterableIterator<string> {
    return this.#trades.keys();
  }

  /** Rows of the trades view, by version. */
  rows(): Row[] {
    return [...this.#trades.values()].map(({ row }) => row);
  }

  /** Books a trade as its command says it. */
  book(event: AuditedEvent, data: Data): Moved {
    const terms = termsOf({ fee: '0', ...data });
    equal('notionals are exact', units(String(event.data.notional)), notionalOf(terms), event);
    const row = rowOf(event, data, terms);
    this.#trades.set(String(data.tradeId), { symbol: String(data.symbol), event, terms, row });
    return movedBy(terms);
  }

  /** Books what a command says of an earlier trade. */
  amend(event: AuditedEvent, data: Data): Moved {
    const trade = this.#trades.get(String(data.tradeId));
    if (trade?.terms == null)
      throw new Breach('amended trades count', `${event.aggregateId} ${data.tradeId} at ${event.version}`);
    const { tradeVersion, effectiveAt, symbol } = event.data;
    const place = [trade.event.version, new Date(trade.event.recordedAt).toISOString(), trade.symbol];
    if (JSON.stringify([tradeVersion, effectiveAt, symbol]) !== JSON.stringify(place))
      throw new Breach('amendments name their trade', `${event.aggregateId} at ${event.version}`);
    const before = movedBy(trade.terms);
    trade.terms = event.type === 'TradeCancelled' ? null : termsOf({ ...trade.terms, ...data });
    trade.row = amendedRow(trade, event);
    const after = trade.terms === null ? { cash: 0n, fee: 0n } : movedBy(trade.terms);
    return { cash: after.cash - before.cash, fee: after.fee - before.fee };
  }

  /** Holds a stored position against what all trades in the symbol give. */
  check(
    { aggregateId, version }: AuditedEvent,
    symbol: string,
    stored: Readonly<Record<string, string>>,
  ): void {
    let position = EMPTY_POSITION;
    for (const trade of this.#trades.values()) {
      if (trade.symbol !== symbol || trade.terms === null) continue;
      const { side, quantity, price } = trade.terms;
      const signed = new Exact(side === 'BUY' ? quantity : `-${quantity}`);
      position = tradePosition(position, signed, new Exact(price));
    }
    const { symbol: _, ...expected } = reportPosition(symbol, position);
    const wrong = Object.entries(expected).find(([name, value]) => stored[name] !== value);
    if (wrong === undefined) return;
    const [name, value] = wrong;
    const found = `${name} is ${stored[name]}, by the auditor's books ${value}`;
    throw new Breach('positions come from their trades', `${aggregateId} version ${version}: ${found}`);
  }
}

function termsOf(data: Data): Terms {
  const { side, quantity, price, fee } = data as Record<keyof Terms, unknown>;
  return { side: String(side), quantity: String(quantity), price: String(price), fee: String(fee) };
}

function notionalOf({ quantity, price }: Terms): bigint {
  return product(units(quantity), units(price));
}

function movedBy(terms: Terms): Moved {
  const fee = units(terms.fee);
  const notional = notionalOf(terms);
  return { cash: (terms.side === 'BUY' ? -notional : notional) - fee, fee };
}

function rowOf(event: AuditedEvent, data: Data, terms: Terms): Row {
  const executedAt = data.executedAt === undefined ? event.recordedAt : Date.parse(String(data.executedAt));
  return {
    account_id: event.aggregateId,
    version: event.version,
    trade_id: String(data.tradeId),
    symbol: String(data.symbol),
    ...terms,
    notional: String(event.data.notional),
    realized_pnl: String(event.data.realizedPnl),
    executed_at: executedAt,
    recorded_at: event.recordedAt,
    status: 'EXECUTED',
    amended_version: null,
  };
}

function amendedRow({ row, terms }: Booked, { version, data }: AuditedEvent): Row {
  if (terms === null) return { ...row, status: 'CANCELLED', amended_version: version };
  const notional = plain(new Exact(terms.quantity).times(terms.price).toDecimalPlaces(8));
  const realized_pnl = String(data.realizedPnl);
  return { ...row, ...terms, notional, realized_pnl, status: 'CORRECTED', amended_version: version };
}
