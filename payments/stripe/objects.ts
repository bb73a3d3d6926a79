/** What Stripe's objects say of our calls, and our calls in Stripe's words. */
import { z } from 'zod';
import { add, parseDecimal } from '../../schemas/decimal.ts';
import { DETAIL_LENGTH_MAX, type ProviderCall, type ProviderResult } from '../../schemas/paymentProvider.ts';
import { fromMinorUnits } from './amounts.ts';

const PaymentIntent = z.object({
  id: z.string(),
  object: z.literal('payment_intent'),
  status: z.string(),
  amount_capturable: z.number().int(),
  amount_received: z.number().int(),
  currency: z.string(),
  metadata: z.record(z.string(), z.string()),
  last_payment_error: z
    .object({
      code: z.string().nullish(),
      decline_code: z.string().nullish(),
      message: z.string().nullish(),
    })
    .nullish(),
});
/** As much of a PaymentIntent as is read. */
export type PaymentIntent = z.infer<typeof PaymentIntent>;

const Refund = z.object({
  id: z.string(),
  object: z.literal('refund'),
  status: z.string().nullish(),
  failure_reason: z.string().nullish(),
  metadata: z.record(z.string(), z.string()),
});
/** As much of a refund as is read. */
export type Refund = z.infer<typeof Refund>;

const RefundList = z.object({ data: z.array(Refund), has_more: z.boolean() });

/** What Stripe's objects look like, by what is asked for. */
export const SHAPES = { paymentIntent: PaymentIntent, refund: Refund, refundList: RefundList } as const;

/** Ids of cards and of what stands for them. */
const TOKEN_IDS = /\b(?:tok_\w{3,}|(?:pm|card|src|seti)_[A-Za-z0-9]{10,})/g;

/**
 * What Stripe says to people without the ids of cards that it may name: it is kept for good, and may come when the customer was erased
 * meanwhile, so that nobody knows the card's id any more. No longer than what is stored may be.
 */
export function wordsOf(message: string): string {
  // Half a character at the cut could not be stored.
  return message.replace(TOKEN_IDS, '[token]').slice(0, DETAIL_LENGTH_MAX).toWellFormed();
}

/** The parameters that name the card: a PaymentMethod, or a token of Stripe's older front ends. */
export function paymentMethod(token: string): Readonly<Record<string, string>> {
  if (!token.startsWith('tok_')) return { payment_method: token };
  return { 'payment_method_data[type]': 'card', 'payment_method_data[card][token]': token };
}

/** Stripe's id of the payment. A call after the authorisation always has it: without it is a bug. */
export function paymentOf({ operation, payment }: ProviderCall): string {
  if (payment === null) throw new Error(`${operation} of a payment that Stripe was never asked for`);
  return payment;
}

/** A definite no before Stripe was asked. */
export function noSuchAmount({ amount, currency }: ProviderCall): ProviderResult {
  const detail = `Stripe takes no payment of ${amount} ${currency}.`;
  return { outcome: 'declined', reference: null, code: 'amount_not_supported', detail };
}

/** Whether the amount is held. */
export function authorizationOf(intent: PaymentIntent): ProviderResult {
  const { id: reference, status, last_payment_error: error } = intent;
  switch (status) {
    case 'requires_capture':
    case 'succeeded':
      return { outcome: 'succeeded', reference };
    case 'processing':
      return { outcome: 'pending', reference };
    case 'canceled':
      return declined(reference, 'canceled', 'The payment was canceled at Stripe.');
    default:
      return declined(
        reference,
        error?.decline_code ?? error?.code ?? status,
        error?.message ?? `The payment is ${status}.`,
      );
  }
}

/** Whether the capture has happened; undefined where it has not and still may. */
export function captureOf(intent: PaymentIntent, call: ProviderCall): ProviderResult | undefined {
  const { id: reference, status, amount_received } = intent;
  const wanted = add(parseDecimal(call.captured), parseDecimal(call.amount));
  if (parseDecimal(fromMinorUnits(amount_received, call.currency)) >= wanted) {
    return { outcome: 'succeeded', reference };
  }
  if (status !== 'canceled' && status !== 'succeeded') return undefined;
  const detail = `Nothing is held any more: the payment is ${status} at Stripe.`;
  return { ...declined(reference, status, detail), released: true };
}

/** Whether what was held has been let go; undefined where it is still held. */
export function voidOf(intent: PaymentIntent, call: ProviderCall): ProviderResult | undefined {
  const { id: reference, status, amount_capturable, amount_received } = intent;
  if (parseDecimal(fromMinorUnits(amount_received, call.currency)) > parseDecimal(call.captured)) {
    return declined(reference, 'captured', 'The payment was captured at Stripe, not by this platform.');
  }
  return status === 'canceled' || amount_capturable === 0 ? { outcome: 'succeeded', reference } : undefined;
}

/** Whether the money went back. */
export function refundOf({ id: reference, status, failure_reason }: Refund): ProviderResult {
  if (status === 'succeeded') return { outcome: 'succeeded', reference };
  if (status !== 'failed' && status !== 'canceled') return { outcome: 'pending', reference };
  return declined(reference, failure_reason ?? status, `The refund ${status} at Stripe.`);
}

function declined(reference: string, code: string, detail: string) {
  return { outcome: 'declined' as const, reference, code, detail: wordsOf(detail) };
}
