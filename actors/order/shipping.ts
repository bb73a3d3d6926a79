/** Which units of an order leave with a shipment: those that are asked for, or all that are left. */
import { add, formatDecimal, parseDecimal, type Scaled, subtract, ZERO } from '../../schemas/decimal.ts';
import type { Refusal } from '../../schemas/envelope.ts';
import type { OrderRefusal } from '../../schemas/order.ts';

/** A line as far as shipping knows it. Quantities are whole units in decimal strings. */
export interface ShippableLine {
  readonly line: number;
  readonly productId: string;
  readonly quantity: string;
  /** What has left of it. */
  shipped: string;
}

/** Units of a line that somebody asks for. */
interface AskedItem {
  readonly line: number;
  readonly quantity: string;
}

/** Units that leave. */
export interface ShippedItem extends AskedItem {
  readonly productId: string;
}

type Shipped =
  | { readonly ok: true; readonly items: [ShippedItem, ...ShippedItem[]]; readonly isComplete: boolean }
  | { readonly ok: false; readonly refusal: Refusal<OrderRefusal> };

/** What leaves, by line in ascending order, and whether that is all there was. A line that is asked for twice is added up. */
export function shipItems(lines: readonly ShippableLine[], asked: readonly AskedItem[] | undefined): Shipped {
  const wanted = new Map<number, Scaled>();
  for (const { line, quantity } of asked ?? []) {
    if (lines[line - 1] === undefined)
      return refuse('unknown_line', `The order has ${lines.length} lines, and no line ${line}.`);
    wanted.set(line, add(wanted.get(line) ?? ZERO, parseDecimal(quantity)));
  }
  const items: ShippedItem[] = [];
  let isComplete = true;
  for (const { line, productId, quantity, shipped } of lines) {
    const left = subtract(parseDecimal(quantity), parseDecimal(shipped));
    const leaving = asked === undefined ? left : (wanted.get(line) ?? ZERO);
    if (leaving > left) {
      return refuse(
        'quantity_exceeds_order',
        `Of line ${line} ${formatDecimal(left)} are left to ship, not ${formatDecimal(leaving)}.`,
      );
    }
    if (leaving < left) isComplete = false;
    if (leaving > ZERO) items.push({ line, productId, quantity: formatDecimal(leaving) });
  }
  const [first, ...others] = items;
  if (first === undefined) throw new Error('an order with nothing left to ship is not confirmed');
  return { ok: true, items: [first, ...others], isComplete };
}

function refuse(code: OrderRefusal, detail: string): Shipped {
  return { ok: false, refusal: { code, detail } };
}
