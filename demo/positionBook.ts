/** A holding in the demonstration's own books, under weighted average cost. Shares no code with the product. */
import { type Exact, NOTHING, plain, round8 } from './exact.ts';

/** A holding; a short one has a negative quantity and cost basis. */
export interface PositionBook {
  readonly quantity: Exact;
  /** What the held quantity cost, the sum that is kept: the average is derived from it. */
  readonly costBasis: Exact;
  /** Profit realised in the symbol so far. */
  readonly realizedPnl: Exact;
}

/** A holding as the API writes it. */
export interface PositionReport {
  readonly symbol: string;
  readonly quantity: string;
  readonly averageCost: string;
  readonly costBasis: string;
  readonly realizedPnl: string;
}

/** Nothing held, nothing realised. */
export const EMPTY_POSITION: PositionBook = { quantity: NOTHING, costBasis: NOTHING, realizedPnl: NOTHING };

/**
 * The holding after a trade of `quantity`, positive for a purchase and negative for a sale. A trade in the position's
 * direction adds its rounded value to the cost. A trade against it takes out cost × closed ÷ held and realises the
 * difference to the rounded value of the closed part; beyond zero, the rest of the trade's value opens the other side.
 */
export function tradePosition(held: PositionBook, quantity: Exact, price: Exact): PositionBook {
  const value = round8(quantity.times(price));
  const after = held.quantity.plus(quantity);
  if (held.quantity.isZero() || held.quantity.isNegative() === quantity.isNegative()) {
    return { ...held, quantity: after, costBasis: held.costBasis.plus(value) };
  }
  if (quantity.abs().lte(held.quantity.abs())) {
    const cost = round8(held.costBasis.times(quantity).div(held.quantity).neg());
    return {
      quantity: after,
      costBasis: held.costBasis.minus(cost),
      realizedPnl: held.realizedPnl.plus(value.neg().minus(cost)),
    };
  }
  const closedValue = round8(held.quantity.times(price));
  return {
    quantity: after,
    costBasis: value.plus(closedValue),
    realizedPnl: held.realizedPnl.plus(closedValue.minus(held.costBasis)),
  };
}

/** The holding as the API writes it. */
export function reportPosition(symbol: string, position: PositionBook): PositionReport {
  const { quantity, costBasis, realizedPnl } = position;
  return {
    symbol,
    quantity: plain(quantity),
    averageCost: quantity.isZero() ? '0' : plain(round8(costBasis.div(quantity))),
    costBasis: plain(costBasis),
    realizedPnl: plain(realizedPnl),
  };
}
