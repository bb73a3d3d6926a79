/** Payments over HTTP: from the command to the sandbox and back, and webhooks that may be anything. */
import { describe, expect, it } from 'vitest';
import { sandboxWebhook } from '../../payments/sandbox/webhook.ts';
import type { ProviderNotice } from '../../schemas/paymentProvider.ts';
import { WEBHOOK_BYTES_MAX } from '../../workers/http/routes/payments.ts';
import { ANONYMOUS, call, testEnv, verdict } from '../support/api.ts';

let count = 0;
const newId = () => `pay-${++count}`;

async function send(paymentId: string, type: string, data: object, commandId = `${type}-${++count}`) {
  const { body } = await call('POST', '/v1/commands', {
    body: { commands: [{ commandId, aggregateType: 'payment', aggregateId: paymentId, type, data }] },
  });
  return (body.results as { status: string; code?: string }[])[0];
}

async function authorize(paymentId: string, token: string): Promise<void> {
  const data = { orderId: 'o-1', customerId: 'c-1', amount: '100', currency: 'EUR', method: 'card', token };
  expect(await send(paymentId, 'AuthorizePayment', data)).toMatchObject({ status: 'accepted' });
}

async function payment(paymentId: string) {
  return (await call('GET', `/v1/payments/${paymentId}`)).body;
}

/** Waits until the payment stands as it is to stand. */
async function until(paymentId: string, expected: object): Promise<void> {
  await expect.poll(() => payment(paymentId), { timeout: 20_000, interval: 20 }).toMatchObject(expected);
}

/** A webhook of the sandbox, signed at a moment some seconds from now. */
function webhook(
  paymentId: string,
  notice: ProviderNotice,
  { seconds = 0, secret = testEnv.SANDBOX_WEBHOOK_SECRET ?? '' } = {},
) {
  const delivery = { deliveryId: `${paymentId}-${notice.notice}`, paymentId, notice, dueAt: 0 };
  const { body, headers } = sandboxWebhook(delivery, secret, Math.floor(Date.now() / 1_000) + seconds);
  return { body, headers: { ...headers, ...ANONYMOUS } };
}

const deliver = (sent: ReturnType<typeof webhook>, provider = 'sandbox') =>
  call('POST', `/v1/webhooks/payments/${provider}`, sent);

describe('a payment', () => {
  it('is authorised, captured and refunded through the sandbox', async () => {
    const id = newId();
    await authorize(id, 'tok_ok');
    await until(id, { status: 'AUTHORIZED', authorized: '100', calls: [] });
    await send(id, 'CapturePayment', { amount: '60' });
    await until(id, { status: 'CAPTURED', captured: '60', released: '40' });
    await send(id, 'RefundPayment', { refundId: 'r-1', amount: '10' });
    await until(id, { refunded: '10', refunds: [{ refundId: 'r-1', amount: '10', status: 'REFUNDED' }] });
    const reply = await payment(id);
    expect(reply).toMatchObject({ orderId: 'o-1', provider: 'sandbox', method: 'card', version: 6 });
    expect(JSON.stringify(reply)).not.toContain('tok_ok');
  });

  it('is declined by its card, and found by its id or not', async () => {
    const id = newId();
    await authorize(id, 'tok_decline_lost_card');
    await until(id, { status: 'DECLINED' });
    expect(verdict(await call('GET', '/v1/payments/unknown'))).toBe('404 payment_not_found');
    expect(verdict(await call('GET', '/v1/payments/a.b'))).toBe('400 invalid_request id');
  });

  it('hears the end of a late answer from a webhook that the sandbox delivers', async () => {
    const id = newId();
    await authorize(id, 'tok_late');
    await until(id, { status: 'PENDING', calls: [{ operation: 'authorize' }] });
    await until(id, { status: 'AUTHORIZED', calls: [] });
    const { body } = await call('GET', `/v1/events?aggregateType=payment&aggregateId=${id}`);
    const last = (body.events as { metadata: object }[] | undefined)?.at(-1);
    // The feed may lag behind; where it is there, the webhook is what caused it.
    if (last !== undefined && (body.events as unknown[]).length === 3) {
      expect(last.metadata).toMatchObject({ userId: 'sandbox' });
    }
  });

  it('is let go by whoever voids it first, also before it is asked for', async () => {
    const id = newId();
    expect(await send(id, 'VoidPayment', { reason: 'too late' })).toMatchObject({ status: 'accepted' });
    const data = {
      orderId: 'o-1',
      customerId: 'c-1',
      amount: '1',
      currency: 'EUR',
      method: 'card',
      token: 'tok_ok',
    };
    expect(await send(id, 'AuthorizePayment', data)).toMatchObject({ code: 'payment_voided' });
    expect(await payment(id)).toMatchObject({ status: 'VOIDED', orderId: null, currency: null });
  });

  it('is captured, refunded and let go by routes of its own, which go on after the answer', async () => {
    const id = newId();
    const post = (path: string, body?: object, headers = {}) =>
      call('POST', `/v1/payments/${id}/${path}`, { ...(body === undefined ? {} : { body }), headers });
    expect(verdict(await post('capture'))).toBe('404 payment_not_found');
    expect(verdict(await post('refunds', { refundId: 'r-0' }))).toBe('404 payment_not_found');
    // Taken by somebody else, such a name would stop the saga's own refund for good.
    for (const refundId of ['fulfilment', 'cancellation-2'])
      expect(verdict(await post('refunds', { refundId }))).toBe('400 invalid_request refundId');
    expect(verdict(await post('refunds', { refundId: 'fulfilment-by-hand' }))).toBe('404 payment_not_found');
    await authorize(id, 'tok_ok');
    await until(id, { status: 'AUTHORIZED' });
    expect(verdict(await post('capture', { amount: '100.01' }))).toBe('422 amount_exceeds_authorized');
    expect(verdict(await post('capture', { amount: '0.001' }))).toBe('422 amount_precision');
    expect(verdict(await post('capture', { amount: '0' }))).toBe('400 invalid_request amount');
    const part = await post('capture', { amount: '60', final: false }, { 'Idempotency-Key': `${id}-part` });
    expect([verdict(part), part.body]).toMatchObject([
      '202',
      { events: [{ eventType: 'CaptureRequested' }] },
    ]);
    await until(id, { status: 'AUTHORIZED', captured: '60', released: '0' });
    const again = await post('capture', { amount: '60', final: false }, { 'Idempotency-Key': `${id}-part` });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(verdict(await post('void', {}))).toBe('400 invalid_request reason');
    expect(verdict(await post('void', { reason: 'the rest stays here' }))).toBe('202');
    await until(id, { captured: '60', released: '40' });
    expect(verdict(await post('capture'))).toMatch(/^422 (nothing_to_capture|payment_voided)$/);
    expect(verdict(await post('refunds', { refundId: 'r-1', amount: '60.01' }))).toBe(
      '422 amount_exceeds_captured',
    );
    for (const replayed of [null, 'true']) {
      const refund = await post('refunds', { refundId: 'r-1', amount: '10' });
      expect([verdict(refund), refund.headers.get('Idempotency-Replayed')]).toEqual(['202', replayed]);
    }
    expect(verdict(await post('refunds', { refundId: 'r-1', amount: '11' }))).toBe('409 command_id_reused');
    await until(id, { refunded: '10' });
    expect(verdict(await post('refunds', { refundId: 'r-2' }))).toBe('202');
    await until(id, { refunded: '60' });
    expect(verdict(await post('refunds', { refundId: 'r-3' }))).toBe('422 nothing_to_refund');
    expect(verdict(await post('void', { reason: 'once more' }))).toMatch(/^422 /);
    const captured = (await payment(id)).captured;
    expect(captured).toBe('60');
  });

  it('is barred by a void before it is asked for, which says so', async () => {
    const id = newId();
    const bar = await call('POST', `/v1/payments/${id}/void`, { body: { reason: 'too late' } });
    expect(verdict(bar)).toBe('201');
    expect(verdict(await call('POST', `/v1/payments/${id}/void`, { body: { reason: 'again' } }))).toBe(
      '422 payment_voided',
    );
  });

  it('takes no answer of a provider from a client', async () => {
    const id = newId();
    const result = { operation: 'authorize', result: { outcome: 'succeeded', reference: 'x' } };
    for (const type of ['RecordProviderResult', 'RecordProviderNotice']) {
      expect(await send(id, type, result)).toMatchObject({ status: 'refused', code: 'invalid_request' });
    }
  });

  it('is captured once under a command id, and a refund exists once under its own', async () => {
    const id = newId();
    await authorize(id, 'tok_ok');
    await until(id, { status: 'AUTHORIZED' });
    const captures = await Promise.all([1, 2, 3].map(() => send(id, 'CapturePayment', {}, `capture-${id}`)));
    expect(captures.map((result) => result?.status).sort()).toEqual(['accepted', 'replayed', 'replayed']);
    await until(id, { captured: '100' });
    expect(await send(id, 'RefundPayment', { refundId: 'r-1', amount: '5' })).toMatchObject({
      status: 'accepted',
    });
    expect(await send(id, 'RefundPayment', { refundId: 'r-1', amount: '5' })).toMatchObject({
      status: 'replayed',
    });
    expect(await send(id, 'RefundPayment', { refundId: 'r-1', amount: '6' })).toMatchObject({
      code: 'command_id_reused',
    });
    await until(id, { refunded: '5' });
  });
});

describe('a webhook', () => {
  it('needs no token, counts once, and is answered alike every time', async () => {
    const id = newId();
    await authorize(id, 'tok_lost');
    await until(id, { status: 'PENDING', calls: [{ operation: 'authorize' }], version: 2 });
    const told = webhook(id, { notice: 'authorized', reference: `sandbox_${id}` });
    expect((await deliver(told)).body).toEqual({ outcome: 'recorded' });
    expect((await deliver(told)).body).toEqual({ outcome: 'known' });
    expect(await payment(id)).toMatchObject({ status: 'AUTHORIZED', version: 3 });
    const old = webhook(id, { notice: 'declined', reference: `sandbox_${id}`, code: 'x', detail: '' });
    expect((await deliver(old)).body).toEqual({ outcome: 'known' });
  });

  it('about a payment that does not exist is taken, and creates nothing', async () => {
    const id = newId();
    const told = webhook(id, { notice: 'authorized', reference: 'x' });
    expect((await deliver(told)).body).toEqual({ outcome: 'unknown_payment' });
    expect(verdict(await call('GET', `/v1/payments/${id}`))).toBe('404 payment_not_found');
  });

  it('that is signed and says nothing known is ignored', async () => {
    const notice = { notice: 'something new', reference: 'x' } as unknown as ProviderNotice;
    expect((await deliver(webhook('p', notice))).body).toEqual({ outcome: 'ignored' });
  });

  it('is refused before it is read where its signature does not hold', async () => {
    const id = newId();
    await authorize(id, 'tok_lost');
    await until(id, { status: 'PENDING', version: 2 });
    const notice: ProviderNotice = { notice: 'authorized', reference: `sandbox_${id}` };
    const good = webhook(id, notice);
    const forgeries = [
      webhook(id, notice, { secret: 'guessed' }),
      webhook(id, notice, { seconds: -400 }),
      { ...good, body: good.body.replace('authorized', 'voided') },
      { ...good, body: `${good.body} ` },
      { ...good, headers: { 'Content-Type': 'application/json', ...ANONYMOUS } },
      { ...good, headers: { ...good.headers, 'Sandbox-Signature': 't=1,v1=00' } },
      { body: '{', headers: { ...good.headers } },
    ];
    for (const forgery of forgeries)
      expect(verdict(await deliver(forgery as typeof good))).toBe('400 invalid_signature');
    expect(await payment(id)).toMatchObject({ status: 'PENDING', version: 2 });
  });

  it('of a provider without a secret, or of none, is not taken', async () => {
    const good = webhook('p', { notice: 'authorized', reference: 'x' });
    const stripe = {
      ...good,
      headers: {
        ...good.headers,
        'Stripe-Signature': new Headers(good.headers).get('Sandbox-Signature') ?? '',
      },
    };
    expect(testEnv.STRIPE_WEBHOOK_SECRET).toBeUndefined();
    expect(verdict(await deliver(stripe as typeof good, 'stripe'))).toBe('400 invalid_signature');
    expect(verdict(await deliver(good, 'paypal'))).toBe('400 invalid_request provider');
  });

  it('has a bounded size', async () => {
    const large = { body: 'x'.repeat(WEBHOOK_BYTES_MAX + 1), headers: { ...ANONYMOUS } };
    expect(verdict(await call('POST', '/v1/webhooks/payments/sandbox', large))).toBe('413 request_too_large');
  });

  it('is no way around the token for anything else', async () => {
    for (const [method, path] of [
      ['GET', '/v1/webhooks/payments/sandbox'],
      ['POST', '/v1/webhooks/payments/sandbox/x'],
      ['GET', '/v1/payments/p-1'],
    ] as const) {
      expect((await call(method, path, { headers: ANONYMOUS })).status, path).toBe(401);
    }
  });
});
