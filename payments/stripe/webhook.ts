/** Stripe's webhooks: verified first, then read (docs.stripe.com/webhooks; event types in docs.stripe.com/api/events/types). */
import { z } from 'zod';
import { Currency } from '../../schemas/currency.ts';
import type { ProviderNotice } from '../../schemas/paymentProvider.ts';
import { AggregateId, Id } from '../../schemas/scalars.ts';
import { type Webhook, type WebhookReading, webhookJson } from '../provider.ts';
import { signatureFault } from '../signature.ts';
import { fromMinorUnits } from './amounts.ts';
import { type PaymentIntent, type Refund, SHAPES, wordsOf } from './objects.ts';

const EventReply = z.object({
  id: z.string().regex(/^[\x21-\x7e]{1,100}$/),
  type: z.string(),
  data: z.object({ object: z.unknown() }),
});

/** Says what a webhook is about. A body that is signed and no event of Stripe's is a bug on one side, and not ours to follow. */
export function readStripeWebhook(
  { body, header }: Webhook,
  secrets: readonly string[],
  nowSeconds: number,
): WebhookReading {
  const fault = signatureFault({ body, header: header('Stripe-Signature') }, secrets, nowSeconds);
  if (fault !== undefined) return { status: 'forged', detail: fault };
  const event = EventReply.safeParse(webhookJson({ body }));
  if (!event.success) return { status: 'ignored', detail: 'The body is no event.' };
  const { id, type, data } = event.data;
  const found = type.startsWith('payment_intent.')
    ? ofIntent(type, data.object)
    : ofRefund(type, data.object);
  if (found === undefined) return { status: 'ignored', detail: `Events of type ${type} are not followed.` };
  const { paymentId } = found.metadata;
  if (paymentId === undefined || !AggregateId.safeParse(paymentId).success) {
    return { status: 'ignored', detail: 'The event is about no payment of this platform.' };
  }
  return { status: 'notice', deliveryId: id, paymentId, notice: found.notice };
}

interface Found {
  readonly metadata: Readonly<Record<string, string>>;
  readonly notice: ProviderNotice;
}

function ofIntent(type: string, object: unknown): Found | undefined {
  const intent = SHAPES.paymentIntent.safeParse(object);
  if (!intent.success) return undefined;
  const notice = intentNotice(type, intent.data);
  return notice && { metadata: intent.data.metadata, notice };
}

function intentNotice(type: string, intent: PaymentIntent): ProviderNotice | undefined {
  const { id: reference, amount_received, currency, last_payment_error: error } = intent;
  switch (type) {
    case 'payment_intent.amount_capturable_updated':
      return { notice: 'authorized', reference };
    case 'payment_intent.succeeded': {
      const code = Currency.safeParse(currency.toUpperCase());
      if (!code.success) return undefined;
      return { notice: 'captured', reference, captured: fromMinorUnits(amount_received, code.data) };
    }
    case 'payment_intent.canceled':
      return { notice: 'voided', reference };
    case 'payment_intent.payment_failed': {
      const detail = wordsOf(error?.message ?? 'The payment failed.');
      return {
        notice: 'declined',
        reference,
        code: error?.decline_code ?? error?.code ?? 'payment_failed',
        detail,
      };
    }
    default:
      return undefined;
  }
}

/** Refunds are told of under several names; what their status says is what counts. */
const REFUND_EVENTS = /^(refund\.(created|updated|failed)|charge\.refund\.updated)$/;

function ofRefund(type: string, object: unknown): Found | undefined {
  const refund = SHAPES.refund.safeParse(object);
  if (!REFUND_EVENTS.test(type) || !refund.success) return undefined;
  const notice = refundNotice(refund.data);
  return notice && { metadata: refund.data.metadata, notice };
}

function refundNotice({
  id: reference,
  status,
  failure_reason,
  metadata,
}: Refund): ProviderNotice | undefined {
  const { refundId = '' } = metadata;
  if (!Id.safeParse(refundId).success) return undefined;
  if (status === 'succeeded') return { notice: 'refunded', reference, refundId };
  if (status !== 'failed' && status !== 'canceled') return undefined;
  const detail = `The refund ${status} at Stripe.`;
  return { notice: 'refund_failed', reference, refundId, code: failure_reason ?? status, detail };
}
