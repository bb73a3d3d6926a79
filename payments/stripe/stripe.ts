/**
 * Payments through Stripe's PaymentIntents, captured by hand (docs.stripe.com/payments/place-a-hold-on-a-payment-method). A
 * call that had no answer looks first whether it has happened: idempotency keys are forgotten after a day, money is not.
 */
import type { z } from 'zod';
import { kindOf, type ProviderCall, type ProviderResult } from '../../schemas/paymentProvider.ts';
import { idempotencyKey, type Provider } from '../provider.ts';
import { toMinorUnits } from './amounts.ts';
import { type Refused, type Reply, type StripeDeps, send } from './http.ts';
import {
  authorizationOf,
  captureOf,
  noSuchAmount,
  type PaymentIntent,
  paymentMethod,
  paymentOf,
  type Refund,
  refundOf,
  SHAPES,
  voidOf,
} from './objects.ts';

/**
 * Keys that one operation may use up. Stripe keeps a reply under its key, an error of its own as well, so that a call which
 * met one needs another key to be tried again.
 */
const KEYS_MAX = 4;

/** Refunds of one payment that are looked through; Stripe's page. */
const REFUNDS_PAGE = '100';

/** Stripe as a payment provider. */
export class StripeProvider implements Provider {
  readonly #deps: StripeDeps;

  constructor(deps: StripeDeps) {
    this.#deps = deps;
  }

  perform(call: ProviderCall, paymentId: string): Promise<ProviderResult> {
    if (call.operation === 'authorize') return this.#authorize(call, paymentId);
    if (kindOf(call.operation) === 'void') return this.#void(call, paymentId);
    return call.refundId === null
      ? this.#capture(call, paymentId)
      : this.#refund(call, paymentId, call.refundId);
  }

  async #authorize(call: ProviderCall, paymentId: string): Promise<ProviderResult> {
    if (call.pending !== null) {
      const found = await this.#retrieve(call.pending);
      return found.ok ? authorizationOf(found.value) : found.result;
    }
    const amount = toMinorUnits(call.amount, call.currency);
    if (amount === undefined) return noSuchAmount(call);
    const created = await this.#post(
      '/v1/payment_intents',
      SHAPES.paymentIntent,
      idempotencyKey(paymentId, call),
      {
        amount: String(amount),
        currency: call.currency.toLowerCase(),
        capture_method: 'manual',
        confirm: 'true',
        // Nobody is there to be asked for a second factor: a card that wants one is declined.
        error_on_requires_action: 'true',
        'payment_method_types[0]': 'card',
        'payment_method_options[card][request_multicapture]': 'if_available',
        ...paymentMethod(call.token),
        'metadata[paymentId]': paymentId,
        'metadata[orderId]': call.orderId,
      },
    );
    return created.ok ? authorizationOf(created.value) : created.result;
  }

  async #capture(call: ProviderCall, paymentId: string): Promise<ProviderResult> {
    const intent = paymentOf(call);
    if (call.failures > 0 || call.pending !== null) {
      const found = await this.#retrieve(intent);
      if (!found.ok) return found.result;
      const settled = captureOf(found.value, call);
      if (settled !== undefined) return settled;
    }
    const amount = toMinorUnits(call.amount, call.currency);
    if (amount === undefined) return noSuchAmount(call);
    const path = `/v1/payment_intents/${encodeURIComponent(intent)}/capture`;
    const captured = await this.#post(path, SHAPES.paymentIntent, idempotencyKey(paymentId, call), {
      amount_to_capture: String(amount),
      ...(call.final ? {} : { final_capture: 'false' }),
    });
    if (captured.ok) return captureOf(captured.value, call) ?? { outcome: 'pending', reference: intent };
    return this.#unlessSettled(captured, intent, (value) => captureOf(value, call));
  }

  async #void(call: ProviderCall, paymentId: string): Promise<ProviderResult> {
    const intent = paymentOf(call);
    const path = `/v1/payment_intents/${encodeURIComponent(intent)}/cancel`;
    const canceled = await this.#post(path, SHAPES.paymentIntent, idempotencyKey(paymentId, call), {
      cancellation_reason: 'requested_by_customer',
    });
    if (canceled.ok) return voidOf(canceled.value, call) ?? { outcome: 'pending', reference: intent };
    return this.#unlessSettled(canceled, intent, (value) => voidOf(value, call));
  }

  async #refund(call: ProviderCall, paymentId: string, refundId: string): Promise<ProviderResult> {
    const intent = paymentOf(call);
    if (call.failures > 0 || call.pending !== null) {
      const listed = await this.#refunds(intent);
      if (!listed.ok) return listed.result;
      const found = listed.value.find(({ metadata }) => metadata.refundId === refundId);
      if (found !== undefined) return refundOf(found);
    }
    const amount = toMinorUnits(call.amount, call.currency);
    if (amount === undefined) return noSuchAmount(call);
    const refunded = await this.#post('/v1/refunds', SHAPES.refund, idempotencyKey(paymentId, call), {
      payment_intent: intent,
      amount: String(amount),
      'metadata[paymentId]': paymentId,
      'metadata[refundId]': refundId,
    });
    return refunded.ok ? refundOf(refunded.value) : refunded.result;
  }

  /** A definite no may mean that it was done before, by a call whose answer was lost. */
  async #unlessSettled(
    refused: Refused,
    intent: string,
    settled: (value: PaymentIntent) => ProviderResult | undefined,
  ): Promise<ProviderResult> {
    if (refused.result.outcome !== 'declined') return refused.result;
    const found = await this.#retrieve(intent);
    if (!found.ok) return found.result;
    return settled(found.value) ?? refused.result;
  }

  #retrieve(intent: string): Promise<Reply<PaymentIntent>> {
    const path = `/v1/payment_intents/${encodeURIComponent(intent)}`;
    return send(this.#deps, { method: 'GET', path }, SHAPES.paymentIntent);
  }

  async #refunds(intent: string): Promise<Reply<readonly Refund[]>> {
    const all: Refund[] = [];
    for (let after: string | undefined; ; ) {
      const parameters = {
        payment_intent: intent,
        limit: REFUNDS_PAGE,
        ...(after === undefined ? {} : { starting_after: after }),
      };
      const page = await send(
        this.#deps,
        { method: 'GET', path: '/v1/refunds', parameters },
        SHAPES.refundList,
      );
      if (!page.ok) return page;
      all.push(...page.value.data);
      after = page.value.data.at(-1)?.id;
      if (!page.value.has_more || after === undefined) return { ok: true, value: all };
    }
  }

  /** Posts under the operation's key, or its next one where that has an error of Stripe's own kept under it. */
  async #post<Value>(
    path: string,
    shape: z.ZodType<Value>,
    key: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Reply<Value>> {
    for (let used = 1; ; used++) {
      const request = {
        method: 'POST',
        path,
        parameters,
        idempotencyKey: used === 1 ? key : `${key}:${used}`,
      } as const;
      const reply = await send(this.#deps, request, shape);
      if (reply.ok || !reply.replayed || used === KEYS_MAX) return reply;
    }
  }
}
