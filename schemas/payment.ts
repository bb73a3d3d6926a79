/**
 * The payment of an order: its commands, events and refusals. Event names and shapes are the storage format: a stored name
 * never changes, a changed shape gets a new schema version and an upcast (`schemas/upcasts.ts`).
 *
 * A payment provider holds the money, so whatever moves it is asked for in one event (`…Requested`) and known in another;
 * in between an effect calls the provider until it has answered.
 */
import { z } from 'zod';
import { Currency } from './currency.ts';
import {
  PaymentProvider,
  ProviderCode,
  ProviderDetail,
  ProviderNotice,
  ProviderOperation,
  ProviderReference,
  ProviderResult,
} from './paymentProvider.ts';
import { personal, stored } from './personal.ts';
import { DecimalText, Id, PositiveDecimal, Remark, UtcTime } from './scalars.ts';

/** How the customer pays, as the provider's front end names it. */
export const PaymentMethod = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, 'must be 1 to 32 characters of A-Z, a-z, 0-9, _ and -')
  .meta({ description: 'How the customer pays.', examples: ['card'] });

/** What the provider's front end gave the shop in place of card data: never a card number. */
export const PaymentToken = personal(
  'paymentToken',
  z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .refine((token) => !/^\d{12,19}$/.test(token), 'must be a token, not a card number')
    .meta({
      description: 'What stands for the card at the provider; never a card number.',
      examples: ['tok_ok'],
    }),
);

// ---- commands of clients and sagas: type → data ----

/** Asks the provider to hold the amount on the customer's card. */
export const AuthorizePayment = z.strictObject({
  orderId: Id,
  customerId: Id,
  amount: PositiveDecimal,
  currency: Currency,
  method: PaymentMethod,
  token: PaymentToken,
});
/** Takes some or all of what is held. A final capture lets go of the rest. */
export const CapturePayment = z.strictObject({
  amount: PositiveDecimal.optional().meta({ description: 'Everything that is left, where it is absent.' }),
  final: z.boolean().optional().meta({ description: 'Whether the rest is let go; true where it is absent.' }),
});
/** Lets go of what is held and not captured. */
export const VoidPayment = z.strictObject({ reason: Remark });
/** What sagas call the refunds that they ask for themselves, with a number from the second on. */
export const SAGA_REFUNDS = ['cancellation', 'fulfilment'] as const;
/** A client's refund of such a name would stand in the way of the saga's own for good. */
const SAGA_REFUND = new RegExp(`^(?:${SAGA_REFUNDS.join('|')})(?:-\\d+)?$`);

/** Whether a refund is one that a saga asks for. */
export function isOfSaga(refundId: string): boolean {
  return SAGA_REFUND.test(refundId);
}

/**
 * Refunds of one payment: as many as an order has lines. Each stands in its state and in the answer to whoever asks for it, and is
 * looked at for the next one. Those of sagas count, but are never too many: an order that is undone gives all of its money back.
 */
export const PAYMENT_REFUNDS_MAX = 1_000;

/** Gives back some or all of what was captured. */
export const RefundPayment = z.strictObject({
  refundId: Id.refine((id) => !isOfSaga(id), 'is a name for the refunds of sagas'),
  amount: PositiveDecimal.optional().meta({ description: 'Everything that is left, where it is absent.' }),
  reason: Remark.optional(),
});

/** Commands by type, with what the catalogue says of them. */
export const paymentCommands = {
  AuthorizePayment: AuthorizePayment.meta({ description: 'Asks the provider to hold the amount.' }),
  CapturePayment: CapturePayment.meta({ description: 'Takes some or all of what is held.' }),
  VoidPayment: VoidPayment.meta({
    description:
      'Lets go of what is held, also where the answer to the authorisation is still to come. A payment that does not ' +
      'exist yet is barred: whatever asks for it later is refused.',
  }),
  RefundPayment: RefundPayment.meta({ description: 'Gives back some or all of what was captured.' }),
} as const;

// ---- commands of the platform itself: no client can send them ----

/** Records the answer to a call. */
export const RecordProviderResult = z.strictObject({ operation: ProviderOperation, result: ProviderResult });

/** Records what a provider said by itself. */
export const RecordProviderNotice = z.strictObject({ provider: PaymentProvider, notice: ProviderNotice });

/** Commands that the platform alone sends, with the provider's answers and webhooks. */
export const paymentRecords = { RecordProviderResult, RecordProviderNotice } as const;

/** What is asked for as it is decided: without what is personal in it. */
const ProtectedAuthorizePayment = AuthorizePayment.extend({ token: stored(PaymentToken) });

type Commands = Omit<typeof paymentCommands, 'AuthorizePayment'> & {
  readonly AuthorizePayment: typeof ProtectedAuthorizePayment;
};

/** A command as the decider takes it. */
export type PaymentCommand =
  | {
      [Type in keyof Commands]: { readonly type: Type; readonly data: z.infer<Commands[Type]> };
    }[keyof Commands]
  | PaymentRecord;

/** A command with what the provider said. */
export type PaymentRecord = {
  [Type in keyof typeof paymentRecords]: {
    readonly type: Type;
    readonly data: z.infer<(typeof paymentRecords)[Type]>;
  };
}[keyof typeof paymentRecords];

// ---- events: type → data of the newest schema version ----

/**
 * `PENDING` waits for the provider's answer, `VOIDING` lets go of the money or will as soon as the answer is there. `FAILED`
 * never got an answer. A payment is `CAPTURED` once nothing more can be captured, `REFUNDED` once all of it went back.
 */
export const PaymentStatus = z.enum([
  'PENDING',
  'AUTHORIZED',
  'DECLINED',
  'FAILED',
  'VOIDING',
  'VOIDED',
  'CAPTURED',
  'REFUNDED',
]);
export type PaymentStatus = z.infer<typeof PaymentStatus>;

/** Where the payment's money is. Held and still to be captured is authorized − captured − released. */
export const PaymentStanding = z.strictObject({
  status: PaymentStatus,
  authorized: DecimalText.meta({ description: 'What the provider has held, ever.' }),
  captured: DecimalText.meta({ description: 'What was taken of it.' }),
  released: DecimalText.meta({ description: 'What was let go of it.' }),
  refunded: DecimalText.meta({ description: 'What went back of the captured.' }),
});
export type PaymentStanding = z.infer<typeof PaymentStanding>;

/** On every event, so that a view needs no rule and no sum. */
const standing = PaymentStanding.meta({ description: 'Where the money is after the event.' });
const CaptureNumber = z.number().int().min(1).meta({ description: '1, 2, 3, … within the payment.' });

const PaymentAuthorizationRequested = ProtectedAuthorizePayment.extend({
  provider: PaymentProvider,
  standing,
});
const PaymentAuthorized = z.strictObject({
  amount: DecimalText,
  reference: ProviderReference,
  standing,
});
const PaymentDeclined = z.strictObject({
  reference: ProviderReference.nullable(),
  code: ProviderCode,
  detail: ProviderDetail,
  standing,
});
const PaymentFailed = z.strictObject({ code: ProviderCode, detail: ProviderDetail, standing });
const CaptureRequested = z.strictObject({
  capture: CaptureNumber,
  amount: DecimalText,
  final: z.boolean(),
  standing,
});
const PaymentCaptured = CaptureRequested.extend({ reference: ProviderReference });
const CaptureFailed = CaptureRequested.extend({ code: ProviderCode, detail: ProviderDetail });
const VoidRequested = z.strictObject({ reason: Remark, standing });
const PaymentVoided = z.strictObject({
  amount: DecimalText.meta({ description: 'What was let go.' }),
  reason: Remark,
  standing,
});
const VoidFailed = z.strictObject({ code: ProviderCode, detail: ProviderDetail, standing });
const RefundRequested = z.strictObject({
  refundId: Id,
  amount: DecimalText,
  reason: Remark.nullable(),
  standing,
});
const PaymentRefunded = z.strictObject({
  refundId: Id,
  amount: DecimalText,
  reference: ProviderReference,
  standing,
});
const RefundFailed = z.strictObject({
  refundId: Id,
  amount: DecimalText,
  code: ProviderCode,
  detail: ProviderDetail,
  standing,
});
const ProviderAnswerPending = z.strictObject({
  operation: ProviderOperation,
  reference: ProviderReference,
  askAt: UtcTime.meta({ description: 'When the provider is asked again if no webhook came.' }),
  standing,
});
const ProviderCallFailed = z.strictObject({
  operation: ProviderOperation,
  failures: z.number().int().min(1).meta({ description: 'Failed calls in a row.' }),
  code: ProviderCode,
  detail: ProviderDetail,
  retryAt: UtcTime,
  standing,
});

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const paymentEvents = {
  PaymentAuthorizationRequested: PaymentAuthorizationRequested.meta({
    description: 'The provider is asked to hold the amount. Version 1 had the token in the clear.',
  }),
  PaymentAuthorized: PaymentAuthorized.meta({ description: 'The provider holds the amount.' }),
  PaymentDeclined: PaymentDeclined.meta({ description: 'The provider said no.' }),
  PaymentFailed: PaymentFailed.meta({
    description:
      'The provider never answered the authorisation; if it holds the amount after all, that is let go.',
  }),
  CaptureRequested: CaptureRequested.meta({ description: 'The provider is asked to take money.' }),
  PaymentCaptured: PaymentCaptured.meta({ description: 'The provider has taken money.' }),
  CaptureFailed: CaptureFailed.meta({ description: 'The provider would not take the money.' }),
  VoidRequested: VoidRequested.meta({ description: 'The provider is asked to let go of what it holds.' }),
  PaymentVoided: PaymentVoided.meta({ description: 'Nothing is held any more.' }),
  VoidFailed: VoidFailed.meta({ description: 'The provider would not let go.' }),
  RefundRequested: RefundRequested.meta({ description: 'The provider is asked to give money back.' }),
  PaymentRefunded: PaymentRefunded.meta({ description: 'Money went back to the customer.' }),
  RefundFailed: RefundFailed.meta({
    description: 'The provider could not give the money back; it may say so after it had said that it did.',
  }),
  ProviderAnswerPending: ProviderAnswerPending.meta({ description: 'The provider will tell later.' }),
  ProviderCallFailed: ProviderCallFailed.meta({ description: 'A call had no answer and is made again.' }),
} as const;

/** An event as the decider folds it. */
export type PaymentEvent = {
  [Type in keyof typeof paymentEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof paymentEvents)[Type]>;
  };
}[keyof typeof paymentEvents];

/** Refusals in the order in which they are checked. */
export const PAYMENT_REFUSALS = [
  'payment_voided',
  'payment_already_requested',
  'provider_not_configured',
  'payment_not_found',
  'payment_not_authorized',
  'capture_in_progress',
  'void_in_progress',
  'nothing_to_void',
  'nothing_to_capture',
  'nothing_to_refund',
  'too_many_refunds',
  'amount_precision',
  'amount_exceeds_authorized',
  'amount_exceeds_captured',
  'nothing_new',
] as const;
export type PaymentRefusal = (typeof PAYMENT_REFUSALS)[number];
