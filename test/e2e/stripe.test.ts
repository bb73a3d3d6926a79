/** Payments through Stripe on the real local server: calls from the Workers runtime, signed webhooks into it, restarts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../local/platform.ts';
import { intentObject, SECRET_KEY, StripeServer, WEBHOOK_SECRET } from '../support/stripeServer.ts';

const START_MS = 180_000;
/** A slow machine with other tests beside it. */
const WAIT_MS = 30_000;

describe('with a server that speaks the protocol of Stripe', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folio-stripe-'));
  const stripe = new StripeServer();
  let vars: Record<string, string>;
  let platform: Platform;
  let count = 0;

  const start = (more: Record<string, string> = {}) =>
    startPlatform({ port: 0, stateDir: folder, logLevel: 'error', vars: { ...vars, ...more } });

  beforeAll(async () => {
    vars = {
      PAYMENT_PROVIDER: 'stripe',
      STRIPE_URL: await stripe.start(),
      STRIPE_SECRET_KEY: SECRET_KEY,
      STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    };
    platform = await start();
  }, START_MS);

  afterAll(async () => {
    await platform?.stop();
    await stripe.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function request(method: string, path: string, body?: object) {
    const response = await fetch(platform.url + path, {
      method,
      headers: { Authorization: `Bearer ${platform.token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  async function send(paymentId: string, type: string, data: object) {
    const command = {
      commandId: `${type}-${++count}`,
      aggregateType: 'payment',
      aggregateId: paymentId,
      type,
      data,
    };
    const { results } = (await request('POST', '/v1/commands', { commands: [command] })) as {
      results: object[];
    };
    return results[0];
  }

  const order = { orderId: 'o-1', customerId: 'c-1', amount: '100', currency: 'EUR', method: 'card' };
  const authorize = (paymentId: string, token = 'pm_card_visa') =>
    send(paymentId, 'AuthorizePayment', { ...order, token });

  const until = (paymentId: string, expected: object) =>
    expect
      .poll(() => request('GET', `/v1/payments/${paymentId}`), { timeout: WAIT_MS, interval: 50 })
      .toMatchObject(expected);

  it('a payment goes its way, whatever happens to the connection', { timeout: 2 * WAIT_MS }, async () => {
    stripe.faults = ['lost reply'];
    await authorize('p-1');
    await until('p-1', { status: 'AUTHORIZED', provider: 'stripe', reference: 'pi_1' });
    stripe.faults = ['lost reply', 'bad gateway', 'sent elsewhere'];
    await send('p-1', 'CapturePayment', { amount: '60' });
    await until('p-1', { status: 'CAPTURED', captured: '60', released: '40' });
    stripe.faults = ['internal error after all', 'endless reply'];
    await send('p-1', 'RefundPayment', { refundId: 'r-1', amount: '10' });
    await until('p-1', { refunded: '10', calls: [] });
    expect([...stripe.intents.values()]).toMatchObject([{ captured: 6_000, capturable: 0 }]);
    expect(stripe.refunds).toMatchObject([{ amount: 1_000 }]);
    await authorize('p-2', 'pm_card_visa_chargeDeclinedInsufficientFunds');
    await until('p-2', { status: 'DECLINED' });
  });

  it('a signed webhook ends what is under way, and a forged one does not', {
    timeout: 2 * WAIT_MS,
  }, async () => {
    await authorize('p-3', 'pm_card_processing');
    await until('p-3', { status: 'PENDING', version: 2 });
    const intent = [...stripe.intents.values()].find(({ metadata }) => metadata.paymentId === 'p-3');
    if (intent === undefined) throw new Error('Stripe was not asked');
    Object.assign(intent, { status: 'requires_capture', capturable: 10_000 });
    const deliver = async ({ body, signature }: { body: string; signature: string }) => {
      const response = await fetch(`${platform.url}/v1/webhooks/payments/stripe`, {
        method: 'POST',
        headers: { 'Stripe-Signature': signature },
        body,
      });
      return [response.status, ((await response.json()) as { outcome?: string }).outcome];
    };
    const type = 'payment_intent.amount_capturable_updated';
    const forged = stripe.webhook(type, intentObject(intent), { secret: 'whsec_guessed' });
    expect(await deliver(forged)).toEqual([400, undefined]);
    expect(await request('GET', '/v1/payments/p-3')).toMatchObject({ status: 'PENDING' });
    expect(await deliver(stripe.webhook(type, intentObject(intent)))).toEqual([200, 'recorded']);
    expect(await deliver(stripe.webhook(type, intentObject(intent)))).toEqual([200, 'known']);
    expect(await request('GET', '/v1/payments/p-3')).toMatchObject({ status: 'AUTHORIZED' });
  });

  it('a restart goes on with a call that had no answer', { timeout: 2 * START_MS }, async () => {
    await authorize('p-4');
    await until('p-4', { status: 'AUTHORIZED' });
    stripe.faults = ['lost reply', 'lost request'];
    await send('p-4', 'CapturePayment', {});
    await until('p-4', { calls: [{ operation: 'capture-1', failures: 1 }] });
    await platform.stop();
    platform = await start();
    // Nobody asks for the payment: its own alarm wakes it.
    await expect.poll(() => stripe.requests.at(-1)?.method, { timeout: WAIT_MS, interval: 50 }).toBe('GET');
    await until('p-4', { status: 'CAPTURED', captured: '100' });
    const intent = [...stripe.intents.values()].find(({ metadata }) => metadata.paymentId === 'p-4');
    expect(intent).toMatchObject({ captured: 10_000 });
  });

  it('without its secret new payments are refused by name', { timeout: START_MS }, async () => {
    await platform.stop();
    platform = await start({ STRIPE_SECRET_KEY: '' });
    expect(await authorize('p-5')).toMatchObject({
      status: 'refused',
      code: 'provider_not_configured',
      detail: 'Payments through stripe are not set up: the secret STRIPE_SECRET_KEY is not bound.',
    });
  });
});
