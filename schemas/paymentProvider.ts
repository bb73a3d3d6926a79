/** What Folio asks of payment providers and what they say, whichever they are. */
import { z } from 'zod';
import type { Encrypted } from './personal.ts';
import { DecimalText, Id } from './scalars.ts';

/** Ids and codes of providers are longer than ours, and never as long as this. */
const REFERENCE_LENGTH_MAX = 255;

/** What a provider says of a failure, cut to this before it is stored. */
export const DETAIL_LENGTH_MAX = 500;

/** Providers by name: the sandbox always works, the others need a secret. */
export const PAYMENT_PROVIDERS = ['sandbox', 'stripe'] as const;
export const PaymentProvider = z.enum(PAYMENT_PROVIDERS);
export type PaymentProvider = z.infer<typeof PaymentProvider>;

/** The provider of new payments; `missing` says what it lacks, where it cannot be called. */
export interface ProviderChoice {
  readonly provider: PaymentProvider;
  readonly missing?: string | undefined;
}

/** A provider's own id of a payment, a refund or whatever a call began. */
export const ProviderReference = z
  .string()
  .min(1)
  .max(REFERENCE_LENGTH_MAX)
  .meta({ description: "The provider's own id of it." });

/** Why something failed: the provider's own name for it, which programs may read. */
export const ProviderCode = z
  .string()
  .min(1)
  .max(REFERENCE_LENGTH_MAX)
  .meta({ description: "The provider's name for the reason." });
/** The same for people. */
export const ProviderDetail = z.string().max(DETAIL_LENGTH_MAX);

/**
 * One call that the provider has to answer: `authorize`, `capture-1`, `capture-2`, …, `refund-<refundId>`, `void` and, where the
 * provider would not let go and is asked another time, `void-2`, `void-3`, …. With the payment's id it is the idempotency key
 * of the call.
 */
export const ProviderOperation = z
  .string()
  .regex(/^(authorize|void(-[1-9]\d{0,5})?|capture-[1-9]\d{0,5}|refund-[A-Za-z0-9_-]{1,64})$/)
  .meta({ description: 'The call: `authorize`, `void`, `void-<n>`, `capture-<n>` or `refund-<refundId>`.' });

/** What a call is to do. */
export type OperationKind = 'authorize' | 'capture' | 'void' | 'refund';

/** The kind of an operation. */
export function kindOf(operation: string): OperationKind {
  return operation.split('-', 1)[0] as OperationKind;
}

// ---- what a provider is asked, and what it says ----

/** What a provider is asked to do, once under `operation`: a repeat is the same call. Amounts are decimals of the currency. */
export interface ProviderCall {
  readonly operation: string;
  readonly provider: PaymentProvider;
  readonly orderId: string;
  readonly currency: string;
  readonly amount: string;
  /** What was captured before: tells whether a capture without an answer has happened. */
  readonly captured: string;
  readonly token: string;
  /** Of a capture: whether the rest is let go. */
  readonly final: boolean;
  /** Of a refund. */
  readonly refundId: string | null;
  /** The provider's id of the payment, once it is known. */
  readonly payment: string | null;
  /** The provider's id of what this call began, where it said that it was under way: then it is asked how that stands. */
  readonly pending: string | null;
  /** How often the call had no answer: whatever it was to do may have happened. */
  readonly failures: number;
}

/** A call as its payment wants it: the token is decrypted when the call is made, and not before. */
export type ProtectedCall = Omit<ProviderCall, 'token'> & { readonly token: Encrypted | string };

/** What a call came to. */
export const ProviderResult = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('succeeded'), reference: ProviderReference }),
  /** A definite no. `released`: and the authorisation is gone with it. */
  z.strictObject({
    outcome: z.literal('declined'),
    reference: ProviderReference.nullable(),
    code: ProviderCode,
    detail: ProviderDetail,
    released: z.boolean().optional(),
  }),
  /** Under way: a webhook, or asking again, will tell. */
  z.strictObject({ outcome: z.literal('pending'), reference: ProviderReference }),
  /** No answer, or none that says whether it happened: the same call again will tell. */
  z.strictObject({
    outcome: z.literal('unanswered'),
    code: ProviderCode,
    detail: ProviderDetail,
    retryAfterMs: z.number().int().nonnegative().optional(),
  }),
]);
export type ProviderResult = z.infer<typeof ProviderResult>;

/** What a provider says of its own accord, in a webhook. */
export const ProviderNotice = z.discriminatedUnion('notice', [
  z.strictObject({ notice: z.literal('authorized'), reference: ProviderReference }),
  z.strictObject({
    notice: z.literal('declined'),
    reference: ProviderReference.nullable(),
    code: ProviderCode,
    detail: ProviderDetail,
  }),
  /** `captured` is all that has been captured so far, which tells an old notice from a new one. */
  z.strictObject({ notice: z.literal('captured'), reference: ProviderReference, captured: DecimalText }),
  z.strictObject({ notice: z.literal('voided'), reference: ProviderReference }),
  z.strictObject({ notice: z.literal('refunded'), reference: ProviderReference, refundId: Id }),
  z.strictObject({
    notice: z.literal('refund_failed'),
    reference: ProviderReference,
    refundId: Id,
    code: ProviderCode,
    detail: ProviderDetail,
  }),
]);
export type ProviderNotice = z.infer<typeof ProviderNotice>;
