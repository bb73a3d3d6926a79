/** What the sagas of an order have in common: their input, their commands, and how long each part may take. */
import { parseDecimal } from '../../../schemas/decimal.ts';
import type { SAGA_REFUNDS } from '../../../schemas/payment.ts';
import type { Encrypted } from '../../../schemas/personal.ts';
import type { ObservedEvent, RetryPolicy, StepContext } from './definition.ts';

/** An order as its sagas know it. */
export interface OrderInput {
  readonly orderId: string;
  readonly customerId: string;
  readonly currency: string;
  /** What is paid. */
  readonly total: string;
  readonly payment: { readonly method: string; readonly token: Encrypted | string };
  readonly items: readonly { readonly line: number; readonly productId: string; readonly quantity: string }[];
}

/** A line's step is known by its number. */
export function lineKeys({ items }: Pick<OrderInput, 'items'>): string[] {
  return items.map(({ line }) => `${line}`);
}

/** The order, and the number of a line of it. */
type LineContext<Input> = Pick<StepContext<Input>, 'input' | 'key'>;

type Items = OrderInput['items'];

/** Lines by their step's key: every step that runs asks for its line in every turn, and an order may have a thousand of them. */
const LINES = new WeakMap<Items, ReadonlyMap<string, Items[number]>>();

function lineOf({ input: { items }, key }: LineContext<Pick<OrderInput, 'items'>>) {
  const lines = LINES.get(items) ?? new Map(items.map((item) => [`${item.line}`, item]));
  LINES.set(items, lines);
  const found = lines.get(key);
  if (found === undefined) throw new Error(`the order has no line ${key}`);
  return found;
}

/** A command about the reservation of a line: its id is the order's with the line's number. */
export function stockCommand(
  context: LineContext<Pick<OrderInput, 'orderId' | 'items'>>,
  type: string,
  more: object = {},
) {
  const { orderId } = context.input;
  const { productId } = lineOf(context);
  const data = { reservationId: `${orderId}-${context.key}`, ...more };
  return { aggregateType: 'inventory', aggregateId: productId, type, data };
}

/** What a line's reservation takes. */
export function lineQuantity(context: LineContext<Pick<OrderInput, 'items'>>): string {
  return lineOf(context).quantity;
}

/** A command to the payment of the order, which has the order's id. */
export function paymentCommand({ orderId }: Pick<OrderInput, 'orderId'>, type: string, data: object) {
  return { aggregateType: 'payment', aggregateId: orderId, type, data };
}

/** A command to the order itself. */
export function orderCommand({ orderId }: Pick<OrderInput, 'orderId'>, type: string, data: object) {
  return { aggregateType: 'order', aggregateId: orderId, type, data };
}

/** Refusals that say that a reservation is not there to be released. */
export const NOT_RESERVED = [
  'inventory_not_found',
  'reservation_not_found',
  'reservation_expired',
  'reservation_ended',
] as const;

/** Refusals that say that a payment holds nothing. */
export const NOT_HELD = ['payment_voided', 'nothing_to_void'] as const;

/** Refusals that say that nothing is left to capture: somebody has done it by hand. */
export const CAPTURED = ['nothing_to_capture'] as const;

/** Refusals of a void that are over once the bank has answered: only then is it known what is still held. */
export const BANK_ASKED = ['capture_in_progress', 'void_in_progress'] as const;

/** What became of a void. It was only asked for when its command was taken. */
export const VOIDED = 'PaymentVoided';
export const STILL_HELD = 'VoidFailed';

/**
 * What ends a void that came while the bank had not answered yet: where it says no, it holds nothing, and the payment itself lets go of
 * what one holds that is heard of only after it was given up.
 */
export const NEVER_HELD = ['PaymentDeclined', 'PaymentFailed'] as const;

/** One refund of the payment by a saga; another one where the bank sent the one before back. `again`: how often it did. */
export function refundId(saga: (typeof SAGA_REFUNDS)[number], again: number): string {
  return again === 0 ? saga : `${saga}-${again}`;
}

/** Refusals that say that nothing is to go back. */
export const NOT_CAPTURED = ['nothing_to_refund', 'payment_not_found'] as const;

/** Nothing of what was captured is with the shop any more, whoever had it go back. */
export function isAllRefunded({ data }: ObservedEvent): boolean {
  const { captured, refunded } = data.standing as Record<string, string>;
  return parseDecimal(captured as string) === parseDecimal(refunded as string);
}

/** While a customer waits: quick, and not for long. */
export const PROMPT: RetryPolicy = { firstMs: 250, maxMs: 10_000, attemptsMax: 12 };
export const PROMPT_MS = 60_000;

/** What has to be done in the end goes on for about a day before an operator is asked. */
export const PATIENT: RetryPolicy = { firstMs: 500, maxMs: 300_000, attemptsMax: 300 };
export const PATIENT_MS = 86_400_000;
