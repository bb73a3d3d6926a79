/** Payments through Stripe, against a local server that speaks its protocol: money, faults, idempotency, webhooks. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { performCall } from '../../payments/provider.ts';
import { webhookReaders } from '../../payments/providers.ts';
import { fromMinorUnits, toMinorUnits } from '../../payments/stripe/amounts.ts';
import { StripeProvider } from '../../payments/stripe/stripe.ts';
import type { PaymentCommand } from '../../schemas/payment.ts';
import { ProviderDetail } from '../../schemas/paymentProvider.ts';
import { authorize, capture, refund, voidIt } from '../support/payment.ts';
import { PaymentWorld } from '../support/paymentWorld.ts';
import { holdsEventually } from '../support/property.ts';
import {
  type Fault,
  intentObject,
  refundObject,
  SECRET_KEY,
  StripeServer,
  WEBHOOK_SECRET,
} from '../support/stripeServer.ts';

/** A token of somebody whose key is gone. */
const ERASED = {
  $enc: { ciphertext: 'c'.repeat(30), keyVersion: 1, nonce: 'n'.repeat(16), subject: 'customer' },
};

const server = new StripeServer();
let url = '';
let payments = 0;

beforeAll(async () => {
  url = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.intents.clear();
  server.refunds.length = 0;
  server.requests.length = 0;
  server.faults = [];
  server.forgetKeys();
});

function stripe(secretKey = SECRET_KEY): StripeProvider {
  return new StripeProvider({
    secretKey,
    url,
    fetch: (target, init) => fetch(target, init),
  });
}

function payment(): PaymentWorld {
  return new PaymentWorld(`p-${++payments}`, 'stripe', () => stripe());
}

const order = (data = {}) => authorize({ token: 'pm_card_visa', amount: '100', currency: 'EUR', ...data });

/** Runs commands, each until nothing is open. */
async function through(world: PaymentWorld, ...commands: PaymentCommand[]): Promise<PaymentWorld> {
  for (const command of commands) {
    expect(world.command(command)).toBe('accepted');
    await world.settle();
  }
  return world;
}

const moneyAtStripe = () =>
  [...server.intents.values()].map(({ status, amount, captured, capturable }) => ({
    status,
    amount,
    captured,
    capturable,
  }));

describe('a payment through Stripe', () => {
  it('is authorised, captured in part and refunded in part, in minor units, each call under its own key', async () => {
    const world = await through(payment(), order(), capture('60'), refund('r-1', '15.5'));
    expect(world.state.standing).toEqual({
      status: 'CAPTURED',
      authorized: '100',
      captured: '60',
      released: '40',
      refunded: '15.5',
    });
    expect(moneyAtStripe()).toEqual([
      { status: 'succeeded', amount: 10_000, captured: 6_000, capturable: 0 },
    ]);
    expect(server.refunds).toMatchObject([{ amount: 1_550, metadata: { refundId: 'r-1' } }]);
    expect(server.requests.map(({ key }) => key)).toEqual(
      ['authorize', 'capture-1', 'refund-r-1'].map((operation) => `${world.paymentId}:${operation}`),
    );
    expect(server.requests[0]?.parameters).toMatchObject({
      amount: '10000',
      currency: 'eur',
      capture_method: 'manual',
      'metadata[paymentId]': world.paymentId,
      'metadata[orderId]': 'o-1',
    });
  });

  it('is captured several times, and what is left let go', async () => {
    const world = await through(payment(), order(), capture('30', false), capture('20', false), voidIt);
    expect(world.state.standing).toMatchObject({ status: 'CAPTURED', captured: '50', released: '50' });
    expect(moneyAtStripe()).toEqual([
      { status: 'succeeded', amount: 10_000, captured: 5_000, capturable: 0 },
    ]);
  });

  it('is voided', async () => {
    const world = await through(payment(), order(), voidIt);
    expect(world.state.standing).toMatchObject({ status: 'VOIDED', released: '100' });
    expect(moneyAtStripe()).toMatchObject([{ status: 'canceled', capturable: 0 }]);
  });

  it('takes tokens of both kinds of front end', async () => {
    await through(payment(), order({ token: 'tok_visa' }));
    expect(server.requests[0]?.parameters).toMatchObject({ 'payment_method_data[card][token]': 'tok_visa' });
  });

  it.each([
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_authenticationRequired', 'authentication_required'],
    ['4711', 'resource_missing'],
  ])('is declined with the name that Stripe gives for %s', async (token, code) => {
    const world = await through(payment(), order({ token }));
    expect(world.state.standing.status).toBe('DECLINED');
    expect(world.events.at(-1)).toMatchObject({ type: 'PaymentDeclined', data: { code } });
  });

  it('is declined where Stripe has no such amount', async () => {
    const world = await through(payment(), order({ currency: 'KWD', amount: '1.234' }));
    expect(world.events.at(-1)).toMatchObject({ data: { code: 'amount_not_supported' } });
    expect(server.requests).toEqual([]);
  });

  it('is asked after while it is under way', async () => {
    const world = payment();
    world.command(order({ token: 'pm_card_processing' }));
    await world.callNext();
    await world.callNext();
    expect(world.state.standing.status).toBe('PENDING');
    Object.assign(server.intents.get('pi_1') ?? {}, { status: 'requires_capture', capturable: 10_000 });
    await world.callNext();
    expect(world.state.standing.status).toBe('AUTHORIZED');
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET']);
  });

  it('that is asked after keeps nothing of the card in its words, also where the customer was erased meanwhile', async () => {
    const world = payment();
    world.command(order({ token: 'pm_card_processing' }));
    await world.callNext();
    const [intent] = [...server.intents.values()];
    if (intent === undefined) throw new Error('Stripe has no payment');
    const message = `No such PaymentMethod: 'pm_1NirD82eZvKYlo2C'; ${'it was detached. '.repeat(60)}`;
    const failed = {
      ...intentObject(intent),
      status: 'requires_payment_method',
      last_payment_error: { code: 'resource_missing', message },
    };
    const asked = new StripeProvider({
      secretKey: SECRET_KEY,
      url,
      fetch: async () => Response.json(failed),
    });
    const call = {
      operation: 'authorize',
      provider: 'stripe',
      amount: '100',
      currency: 'EUR',
      method: 'card',
    };
    const request = { ...call, token: ERASED, pending: intent.id, payment: null, captured: '0', failures: 0 };
    const open = async () => ({ status: 'erased' }) as const;
    const answer = await performCall({ providers: () => asked, open }, 'p-erased', request, false);
    const { result } = answer.data as { result: { detail: string } };
    expect(result.detail).toMatch(/^No such PaymentMethod: '\[token\]'; it was detached\./);
    expect(ProviderDetail.safeParse(result.detail).success).toBe(true);
  });

  it('says clearly that the key is wrong, and records nothing', async () => {
    const world = new PaymentWorld('p-key', 'stripe', () => stripe('sk_wrong'));
    world.command(order());
    await expect(world.callNext()).rejects.toThrow(/check STRIPE_SECRET_KEY/);
    expect(world.events).toHaveLength(1);
  });
});

describe('a call of Stripe that goes wrong', () => {
  const FAULTS: Fault[] = [
    'lost request',
    'lost reply',
    'internal error',
    'internal error after all',
    'rate limit',
    'key in use',
    'bad gateway',
    'page instead',
    'page after all',
    'sent elsewhere',
    'endless reply',
  ];

  it.each(FAULTS)('by %s moves the money once', async (fault) => {
    const world = payment();
    await through(world, order());
    for (const command of [capture('30', false), capture('50'), refund('r-1', '20'), refund('r-2', '5')]) {
      server.faults = [fault];
      await through(world, command);
      expect(world.events.some(({ type }) => type === 'ProviderCallFailed')).toBe(true);
    }
    expect(world.state.standing).toMatchObject({ captured: '80', released: '20', refunded: '25' });
    expect(moneyAtStripe()).toMatchObject([{ captured: 8_000, capturable: 0 }]);
    expect(server.refunds.map(({ amount }) => amount)).toEqual([2_000, 500]);
  });

  it.each(FAULTS)('by %s lets go once', async (fault) => {
    const world = await through(payment(), order());
    server.faults = [fault];
    await through(world, voidIt);
    expect(world.state.standing.status).toBe('VOIDED');
    expect(moneyAtStripe()).toMatchObject([{ status: 'canceled' }]);
  });

  it('waits as long as Stripe asks for', async () => {
    const world = payment();
    world.command(order());
    server.faults = ['rate limit'];
    const before = world.now;
    await world.callNext();
    expect(world.state.calls.authorize?.dueAt).toBe(before + 2_000);
    expect(world.events.at(-1)).toMatchObject({ type: 'ProviderCallFailed', data: { code: 'rate_limit' } });
  });

  it('is not made again after a day without looking whether it happened', async () => {
    const world = await through(payment(), order(), capture('60'));
    world.command(refund('r-1', '10'));
    server.faults = ['lost reply'];
    await world.callNext();
    server.forgetKeys();
    await world.settle();
    expect(server.refunds).toHaveLength(1);
    expect(world.state.standing.refunded).toBe('10');
  });

  it('finds its refund on whichever page it is', async () => {
    const world = await through(payment(), order(), capture());
    for (let n = 1; n <= 5; n++) {
      world.command(refund(`r-${n}`, '1'));
      server.faults = ['lost reply'];
      await world.callNext();
      if (n < 5) await world.settle();
    }
    server.forgetKeys();
    await through(world, refund('r-6', '1'));
    expect(server.refunds).toHaveLength(6);
    expect(world.state.standing.refunded).toBe('6');
  });

  it('after an authorisation that was lost and found holds the money once, in spite of retries', async () => {
    const world = payment();
    world.command(order());
    server.faults = ['lost reply', 'lost request', 'key in use'];
    await world.settle();
    expect(world.state.standing.status).toBe('AUTHORIZED');
    expect(moneyAtStripe()).toEqual([
      { status: 'requires_capture', amount: 10_000, captured: 0, capturable: 10_000 },
    ]);
  });

  it('is followed where the money went elsewhere meanwhile', async () => {
    const canceled = await through(payment(), order());
    Object.assign(server.intents.get('pi_1') ?? {}, { status: 'canceled', capturable: 0 });
    await through(canceled, capture());
    expect(canceled.events.slice(-2).map(({ type }) => type)).toEqual(['CaptureFailed', 'PaymentVoided']);
    const taken = await through(payment(), order());
    Object.assign(server.intents.get('pi_2') ?? {}, { status: 'succeeded', captured: 10_000, capturable: 0 });
    await through(taken, voidIt);
    expect(taken.events.at(-1)).toMatchObject({ type: 'VoidFailed', data: { code: 'captured' } });
  });

  it('in any mix comes to rest with the same money on both sides', async () => {
    const fault = fc.option(fc.constantFrom(...FAULTS), {
      nil: undefined,
      freq: 2,
    });
    const command = fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 60 }), fc.boolean()).map(([a, final]) => capture(String(a), final)),
      fc
        .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 60 }))
        .map(([n, a]) => refund(`r-${n}`, String(a))),
      fc.constant(voidIt),
    );
    await holdsEventually(
      fc.asyncProperty(
        fc.array(command, { maxLength: 6 }),
        fc.array(fault, { maxLength: 30 }),
        async (commands, faults) => {
          const world = payment();
          world.command(order());
          await world.settle();
          server.faults = [...faults];
          const refunded = new Set<string>();
          for (const each of commands) {
            if (each.type === 'RefundPayment') {
              // The kernel recognises a refund by its id; here it must not be asked for twice.
              if (refunded.has(each.data.refundId)) continue;
              if (world.command(each) === 'accepted') refunded.add(each.data.refundId);
            } else world.command(each);
            await world.settle();
          }
          const { standing, reference } = world.state;
          const intent = server.intents.get(reference ?? '');
          const refunds = server.refunds.filter((each) => each.intent === reference);
          expect(fromMinorUnits(intent?.captured ?? -1, 'EUR')).toBe(standing.captured);
          expect(
            fromMinorUnits(
              refunds.reduce((sum, each) => sum + each.amount, 0),
              'EUR',
            ),
          ).toBe(standing.refunded);
          const held = 10_000 - Number(standing.captured) * 100 - Number(standing.released) * 100;
          expect(intent?.capturable).toBe(held);
        },
      ),
      { seed: 4711, runs: 100 },
    );
  });
});

describe('an amount', () => {
  it.each([
    ['12.34', 'EUR', 1_234n],
    ['500', 'JPY', 500n],
    ['5', 'ISK', 500n],
    ['5', 'UGX', 500n],
    ['7', 'MGA', 7n],
    ['5.12', 'KWD', 5_120n],
    ['999999999999.99', 'USD', 99_999_999_999_999n],
  ])('of %s %s is what Stripe takes for it, and back', (amount, currency, minor) => {
    expect(toMinorUnits(amount, currency)).toBe(minor);
    expect(fromMinorUnits(Number(minor), currency)).toBe(amount);
  });

  it.each([
    ['0.5', 'JPY'],
    ['5.123', 'KWD'],
    ['0.2', 'MGA'],
    ['5.5', 'ISK'],
    ['0.001', 'EUR'],
  ])('of %s %s is none', (amount, currency) => {
    expect(toMinorUnits(amount, currency)).toBeUndefined();
  });
});

describe('a webhook of Stripe', () => {
  const SECRETS = `whsec_old, ${WEBHOOK_SECRET}`;
  const read = (webhook: { body: string; signature: string | undefined }, secrets = SECRETS) =>
    webhookReaders({ STRIPE_WEBHOOK_SECRET: secrets }, () => Date.now()).stripe({
      body: Buffer.from(webhook.body),
      header: (name) => (name === 'Stripe-Signature' ? webhook.signature : undefined),
    });
  const intent = {
    ...{
      id: 'pi_9',
      amount: 5_000,
      captured: 0,
      capturable: 5_000,
      status: 'requires_capture',
      currency: 'eur',
    },
    metadata: { paymentId: 'p-9' },
    error: null,
  };

  it.each([
    [
      'payment_intent.amount_capturable_updated',
      intentObject(intent),
      { notice: 'authorized', reference: 'pi_9' },
    ],
    [
      'payment_intent.succeeded',
      intentObject({ ...intent, captured: 4_200 }),
      { notice: 'captured', reference: 'pi_9', captured: '42' },
    ],
    ['payment_intent.canceled', intentObject(intent), { notice: 'voided', reference: 'pi_9' }],
    [
      'payment_intent.payment_failed',
      intentObject({
        ...intent,
        error: { code: 'card_declined', decline_code: 'lost_card', message: 'No.' },
      }),
      { notice: 'declined', reference: 'pi_9', code: 'lost_card', detail: 'No.' },
    ],
    ['refund.updated', refundOf('succeeded'), { notice: 'refunded', reference: 're_9', refundId: 'r-9' }],
    [
      'refund.failed',
      refundOf('failed'),
      { notice: 'refund_failed', reference: 're_9', refundId: 'r-9', code: 'failed' },
    ],
  ])('%s is understood', (type, object, notice) => {
    expect(read(server.webhook(type, object, { id: 'evt_7' }))).toMatchObject({
      status: 'notice',
      deliveryId: 'evt_7',
      paymentId: 'p-9',
      notice,
    });
  });

  it.each([
    ['customer.created', { object: 'customer' }],
    ['payment_intent.created', intentObject(intent)],
    ['payment_intent.succeeded', intentObject({ ...intent, metadata: {} })],
    ['payment_intent.succeeded', intentObject({ ...intent, currency: 'usdc' })],
    ['payment_intent.succeeded', { id: 'pi_9' }],
    ['refund.updated', refundOf('pending')],
    [
      'refund.updated',
      refundObject({ id: 're_9', intent: 'pi_9', amount: 1, status: 'succeeded', metadata: {} }),
    ],
  ])('%s about nothing of ours is ignored', (type, object) => {
    expect(read(server.webhook(type, object))).toMatchObject({ status: 'ignored' });
  });

  it('that is signed and no event is ignored', () => {
    const { signature } = server.webhook('x', {});
    expect(read({ body: 'no json', signature })).toMatchObject({ status: 'forged' });
  });

  it('is refused with a signature that is missing, wrong, for another body, or too old', () => {
    const good = server.webhook('payment_intent.canceled', intentObject(intent));
    const forgeries = [
      { ...good, signature: undefined },
      { ...good, signature: '' },
      { ...good, signature: good.signature.replace(/v1=./, 'v1=x') },
      { ...good, signature: good.signature.replace('t=', 't=1') },
      { ...good, signature: good.signature.replace(/t=\d+,/, '') },
      { ...good, body: good.body.replace('p-9', 'p-8') },
      server.webhook('payment_intent.canceled', intentObject(intent), { secret: 'whsec_other' }),
      server.webhook('payment_intent.canceled', intentObject(intent), { seconds: -301 }),
      server.webhook('payment_intent.canceled', intentObject(intent), { seconds: 310 }),
    ];
    for (const forgery of forgeries) expect(read(forgery).status, forgery.signature).toBe('forged');
    expect(read(good).status).toBe('notice');
    const late = server.webhook('payment_intent.canceled', intentObject(intent), {
      seconds: -290,
      secret: 'whsec_old',
    });
    expect(read(late).status).toBe('notice');
  });

  it('is never believed without a secret', () => {
    const webhook = server.webhook('payment_intent.canceled', intentObject(intent), { secret: '' });
    for (const secrets of ['', ' , ']) expect(read(webhook, secrets).status).toBe('forged');
  });

  function refundOf(status: string) {
    return refundObject({
      id: 're_9',
      intent: 'pi_9',
      amount: 1,
      status,
      metadata: { paymentId: 'p-9', refundId: 'r-9' },
    });
  }
});
