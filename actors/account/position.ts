/**
 * A holding under weighted average cost. The total cost of what is held is kept exactly and the average is derived from
 * it, so that roundings of the average never add up: over a full round trip the realised profit is proceeds minus cost.
 */
import {
  absolute,
  add,
  divide,
  formatDecimal,
  multiply,
  multiplyRatio,
  negate,
  parseDecimal,
  type Scaled,
  smaller,
  subtract,
  ZERO,
} from '../../schemas/decimal.ts';
import type { Position } from '../../schemas/trade.ts';

/** No holding and no history. */
export const FLAT: Position = { averageCost: '0', costBasis: '0', quantity: '0', realizedPnl: '0' };

/**
 * The position after a trade and the profit that the trade realised. The part of a trade against the position closes it
 * at average cost, (price − averageCost) × quantity for a sale; what goes beyond zero opens the other side at the price.
 */
export function applyTrade(
  held: Position,
  buying: boolean,
  quantity: Scaled,
  price: Scaled,
): { position: Position; realizedPnl: Scaled } {
  const heldQuantity = parseDecimal(held.quantity);
  const heldCost = parseDecimal(held.costBasis);
  const signed = buying ? quantity : negate(quantity);
  const closing = heldQuantity !== ZERO && heldQuantity > ZERO !== buying;
  const closed = closing ? smaller(quantity, absolute(heldQuantity)) : ZERO;
  // The cost of the closed part: all of it when everything is closed, so that no remainder stays on an empty position.
  const closedCost = closed === ZERO ? ZERO : multiplyRatio(heldCost, closed, absolute(heldQuantity));
  const closedValue = multiply(heldQuantity < ZERO ? negate(closed) : closed, price);
  const realizedPnl = subtract(closedValue, closedCost);
  // What the closing part does not explain of the trade's value: no unit is lost between the two roundings.
  const openedCost = add(multiply(signed, price), closedValue);
  const quantityAfter = add(heldQuantity, signed);
  const costAfter = add(subtract(heldCost, closedCost), openedCost);
  return { position: positionOf(quantityAfter, costAfter, held.realizedPnl, realizedPnl), realizedPnl };
}

function positionOf(quantity: Scaled, cost: Scaled, realizedBefore: string, realized: Scaled): Position {
  return {
    averageCost: quantity === ZERO ? '0' : formatDecimal(divide(cost, quantity)),
    costBasis: formatDecimal(cost),
    quantity: formatDecimal(quantity),
    realizedPnl:
      realized === ZERO ? realizedBefore : formatDecimal(add(parseDecimal(realizedBefore), realized)),
  };
}
