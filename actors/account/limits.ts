/** Limits on what an account may trade, and whether a trade stays within them. */
import type { AccountCommand, AccountRefusal, Limits } from '../../schemas/account.ts';
import { absolute, formatDecimal, multiply, parseDecimal, type Scaled, ZERO } from '../../schemas/decimal.ts';
import type { Refusal } from '../../schemas/envelope.ts';
import type { Position } from '../../schemas/trade.ts';

type LimitRefusal = Refusal<AccountRefusal>;
type SentLimits = Extract<AccountCommand, { type: 'SetLimits' }>['data'];

/** Why a trade of this notional, from one position to another, goes beyond the limits; undefined where it does not. */
export function limitRefusal(
  limits: Limits,
  notional: Scaled,
  held: Position,
  after: Position,
  price: Scaled,
): LimitRefusal | undefined {
  if (exceeds(notional, limits.maxOrderNotional)) {
    return exceeded(
      `maxOrderNotional is ${limits.maxOrderNotional}, the trade has ${formatDecimal(notional)}.`,
    );
  }
  if (limits.maxPositionQuantity === null && limits.maxPositionNotional === null) return undefined;
  if (isReduction(parseDecimal(held.quantity), parseDecimal(after.quantity))) return undefined;
  const quantityAfter = absolute(parseDecimal(after.quantity));
  if (exceeds(quantityAfter, limits.maxPositionQuantity)) {
    const text = formatDecimal(quantityAfter);
    return exceeded(`maxPositionQuantity is ${limits.maxPositionQuantity}, the position would be ${text}.`);
  }
  const positionNotional = multiply(quantityAfter, price);
  if (!exceeds(positionNotional, limits.maxPositionNotional)) return undefined;
  const text = formatDecimal(positionNotional);
  return exceeded(`maxPositionNotional is ${limits.maxPositionNotional}, the position would be ${text}.`);
}

function exceeded(detail: string): LimitRefusal {
  return { code: 'limit_exceeded', detail };
}

/** A limit that was lowered below a position must not keep its owner from reducing it; a flip is a new position. */
function isReduction(held: Scaled, after: Scaled): boolean {
  return after === ZERO || (after > ZERO === held > ZERO && absolute(after) <= absolute(held));
}

function exceeds(value: Scaled, limit: string | null): boolean {
  return limit !== null && value > parseDecimal(limit);
}

/** The limits after some were sent: absent ones stay. */
export function mergeLimits(current: Limits, sent: SentLimits): Limits {
  const { allowShort, maxOrderNotional, maxPositionNotional, maxPositionQuantity } = current;
  return {
    allowShort: sent.allowShort ?? allowShort,
    maxOrderNotional: sent.maxOrderNotional === undefined ? maxOrderNotional : sent.maxOrderNotional,
    maxPositionNotional:
      sent.maxPositionNotional === undefined ? maxPositionNotional : sent.maxPositionNotional,
    maxPositionQuantity:
      sent.maxPositionQuantity === undefined ? maxPositionQuantity : sent.maxPositionQuantity,
  };
}
