/** Payments: as they are, what an operator has done about them, and what providers tell of them in webhooks. */
import type { Context } from 'hono';
import { z } from 'zod';
import type { PaymentState } from '../../../actors/payment/decider.ts';
import { noticeCommand, type WebhookReading } from '../../../payments/provider.ts';
import type { Outcome } from '../../../schemas/envelope.ts';
import { CapturePayment, PaymentStanding, RefundPayment, VoidPayment } from '../../../schemas/payment.ts';
import { PAYMENT_PROVIDERS, PaymentProvider } from '../../../schemas/paymentProvider.ts';
import { AggregateId, DecimalText, Id, UtcTime, Version } from '../../../schemas/scalars.ts';
import { receiverOf } from '../../aggregates.ts';
import { webhookReader } from '../../payments.ts';
import { readBytes } from '../body.ts';
import type { HttpEnv } from '../context.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import {
  commandRoute,
  commandSuccess,
  type Resource,
  type ResourceCommand,
  stateRoute,
} from '../resource.ts';

/** Bytes of a webhook: providers send whole objects, some tens of thousands. */
export const WEBHOOK_BYTES_MAX = 256 * 1024;

/** Milliseconds that a webhook's body may take: providers send from data centres, and anybody else may open connections that stall. */
const WEBHOOK_MS_MAX = 10_000;

/** A payment as its actor has it. What the card's token is does not leave the platform. */
export const PaymentReply = z
  .strictObject({
    paymentId: AggregateId,
    orderId: Id.nullable().meta({
      description: 'Null where the payment was barred before it was asked for.',
    }),
    customerId: Id.nullable(),
    amount: DecimalText,
    currency: z.string().nullable(),
    method: z.string().nullable(),
    provider: PaymentProvider,
    reference: z.string().nullable().meta({ description: "The provider's own id of the payment." }),
    ...PaymentStanding.shape,
    refunds: z.array(
      z.strictObject({
        refundId: Id,
        amount: DecimalText,
        status: z.enum(['REQUESTED', 'REFUNDED', 'FAILED']),
      }),
    ),
    calls: z
      .array(
        z.strictObject({
          operation: z.string(),
          amount: DecimalText,
          failures: z.number().int().meta({ description: 'Calls without an answer, in a row.' }),
          nextAt: UtcTime.nullable().meta({ description: 'When the next call is made; null at once.' }),
        }),
      )
      .meta({ description: 'What the provider has not answered for good.' }),
    version: Version,
  })
  .meta({ id: 'Payment' });

const WebhookReply = z.strictObject({
  outcome: z.enum(['recorded', 'known', 'unknown_payment', 'ignored']).meta({
    description:
      '`recorded` where it said something new, `known` where it did not, `unknown_payment` where no such payment ' +
      'exists here, `ignored` where it is about nothing that Folio follows.',
  }),
});

const PAYMENTS: Resource = {
  aggregateType: 'payment',
  noun: 'payment',
  tag: 'Payments',
  path: '/v1/payments/{id}',
  notFound: 'payment_not_found',
};

const takeWebhook = route(
  {
    method: 'post',
    path: '/v1/webhooks/payments/{provider}',
    operationId: 'takePaymentWebhook',
    tag: 'Payments',
    summary: 'Take a webhook of a payment provider',
    description:
      "Proves itself by the provider's signature over the raw body, and by no token. Whatever is signed is answered " +
      'with 200, since sending it again would change nothing: `outcome` says what became of it.',
    signed: true,
    params: z.strictObject({ provider: z.enum(PAYMENT_PROVIDERS) }),
    query: z.strictObject({}),
    ownBody: { content: { 'application/json': { schema: z.unknown() } } },
    success: { status: 200, description: 'It was taken.', schema: WebhookReply },
    problems: ['invalid_signature', 'overloaded', 'unavailable'],
  },
  async (c, { params: { provider } }) => {
    const body = await readBytes(c, WEBHOOK_BYTES_MAX, WEBHOOK_MS_MAX);
    const header = (name: string) => c.req.header(name);
    const reading = webhookReader(c.env, provider)({ body, header });
    const logger = c.get('logger');
    const correlationId = c.get('correlationId');
    if (reading.status === 'forged') {
      logger.log('warn', 'webhook refused', { provider, correlationId, reason: reading.detail });
      throw new ProblemError({ code: 'invalid_signature', detail: reading.detail });
    }
    if (reading.status === 'ignored') {
      logger.log('debug', 'webhook ignored', { provider, correlationId, reason: reading.detail });
      return c.json({ outcome: 'ignored' });
    }
    const outcome = outcomeOf(await record(c, provider, reading));
    const { paymentId, notice } = reading;
    const level = outcome === 'unknown_payment' ? 'warn' : 'info';
    logger.log(level, 'webhook taken', {
      provider,
      correlationId,
      paymentId,
      outcome,
      notice: notice.notice,
    });
    return c.json({ outcome });
  },
);

async function record(
  c: Context<HttpEnv>,
  provider: PaymentProvider,
  reading: Extract<WebhookReading, { status: 'notice' }>,
): Promise<Outcome> {
  const payment = receiverOf(c.env, { aggregateType: 'payment', aggregateId: reading.paymentId });
  const context = { userId: provider, correlationId: c.get('correlationId'), causationId: null };
  const [outcome] = await payment.execute([noticeCommand(provider, reading)], context);
  if (outcome === undefined) throw new Error('a webhook was not answered');
  return outcome;
}

function outcomeOf(outcome: Outcome): z.infer<typeof WebhookReply>['outcome'] {
  if (outcome.status === 'accepted') return 'recorded';
  return outcome.status === 'refused' && outcome.code === 'payment_not_found' ? 'unknown_payment' : 'known';
}

/** What the shop does about the money of an order beyond what its sagas do. Each goes on at the provider after the answer. */
const COMMANDS: readonly ResourceCommand[] = [
  {
    resource: 'capture',
    operationId: 'capturePayment',
    summary: 'Take some or all of what is held',
    description:
      'Without `amount` all that is left. A capture lets go of the rest unless `final` is false. The provider is asked ' +
      'after the answer: `GET /v1/payments/{id}` says what became of it.',
    type: 'CapturePayment',
    body: CapturePayment,
    isBodyOptional: true,
    success: commandSuccess(202, 'The provider is asked to take the money.'),
    refusals: [
      'payment_not_found',
      'payment_not_authorized',
      'payment_voided',
      'capture_in_progress',
      'nothing_to_capture',
      'amount_exceeds_authorized',
      'amount_precision',
    ],
  },
  {
    resource: 'void',
    operationId: 'voidPayment',
    summary: 'Let go of what is held and not captured',
    description:
      'Also while the answer to the authorisation is still to come: what is held then is let go at once. An id without a ' +
      'payment is barred, so that whatever asks for it later is refused: that is 201.',
    type: 'VoidPayment',
    body: VoidPayment,
    success: {
      ...commandSuccess(202, 'The provider is asked to let go.'),
      created: 'There was no payment yet; one with this id is barred.',
    },
    refusals: ['payment_voided', 'void_in_progress', 'capture_in_progress', 'nothing_to_void'],
  },
  {
    resource: 'refunds',
    operationId: 'refundPayment',
    summary: 'Give back some or all of what was captured',
    description:
      'Without `amount` all that is left. Idempotent by `refundId` as well: the same refund again is a replay. `fulfilment` and ' +
      '`cancellation`, also with a number, are names for the refunds of sagas. The provider is asked after the answer: `refunds` of `GET /v1/payments/{id}` say what became of it.',
    type: 'RefundPayment',
    body: RefundPayment,
    success: commandSuccess(202, 'The provider is asked to give the money back.'),
    refusals: [
      'payment_not_found',
      'nothing_to_refund',
      'too_many_refunds',
      'amount_exceeds_captured',
      'amount_precision',
    ],
  },
];

export const payments: readonly Route[] = [
  ...COMMANDS.map((command) => commandRoute(PAYMENTS, command)),
  stateRoute<PaymentState>(PAYMENTS, {
    operationId: 'getPayment',
    description: 'Where the money is, and what the provider has still to answer.',
    schema: PaymentReply,
    reply: paymentReply,
  }),
  takeWebhook,
];

function paymentReply(paymentId: string, state: PaymentState, version: number): z.input<typeof PaymentReply> {
  const { orderId, customerId, amount, currency, method, provider, reference, standing } = state;
  const { status, ...figures } = standing;
  if (status === 'NONE') throw new Error(`payment ${paymentId} has version ${version} but has not begun`);
  return {
    paymentId,
    orderId: orderId || null,
    customerId: customerId || null,
    amount,
    currency: currency || null,
    method: method || null,
    provider,
    reference,
    status,
    ...figures,
    refunds: Object.entries(state.refunds).map(([key, refund]) => ({ refundId: key.slice(1), ...refund })),
    calls: Object.entries(state.calls).map(([operation, call]) => ({
      operation,
      amount: call.amount,
      failures: call.failures,
      nextAt: call.dueAt === 0 ? null : new Date(call.dueAt).toISOString(),
    })),
    version,
  };
}
