/** The sandbox: what it does by card token, the webhooks that it sends, and that its books are those of the payment. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxBank } from '../../actors/sandbox/bank.ts';
import type { WebhookReading } from '../../payments/provider.ts';
import { paymentProviders, providerChoice, sandboxSecret, webhookReaders } from '../../payments/providers.ts';
import type { Delivery } from '../../payments/sandbox/bank.ts';
import { BEHAVIOURS } from '../../payments/sandbox/behaviour.ts';
import { sandboxWebhook } from '../../payments/sandbox/webhook.ts';
import { signatureHeader } from '../../payments/signature.ts';
import type { PaymentCommand } from '../../schemas/payment.ts';
import { authorize, capture, refund, voidIt } from '../support/payment.ts';
import { PaymentWorld } from '../support/paymentWorld.ts';
import { holdsEventually } from '../support/property.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const SECRET = 'webhooks-of-a-test';

/** A payment, its bank, and the webhooks between them, on a clock of their own. */
class Shop {
  readonly bank: SandboxBank;
  readonly world: PaymentWorld;
  /** What became of each webhook. */
  readonly webhooks: string[] = [];

  constructor(paymentId = 'p-1') {
    this.bank = new SandboxBank(sqliteStorage(), () => this.world.now);
    const bank = (...call: Parameters<SandboxBank['perform']>) => Promise.resolve(this.bank.perform(...call));
    const fetch = () => Promise.reject(new Error('the sandbox has no network'));
    const providers = paymentProviders({ SANDBOX_WEBHOOK_SECRET: SECRET }, { bank, fetch });
    this.world = new PaymentWorld(paymentId, 'sandbox', providers, 1_700_000_000_000);
  }

  /** Calls and webhooks in the order of their times, until there are none. */
  async settle({ callsFirst = false } = {}): Promise<void> {
    for (let steps = 0; steps < 200; steps++) {
      const webhookAt = this.bank.nextDeliveryAt();
      const callAt = Math.min(...Object.values(this.world.state.calls).map(({ dueAt }) => dueAt));
      if (webhookAt === undefined && callAt === Number.POSITIVE_INFINITY) return;
      if (webhookAt === undefined || callAt < webhookAt || (callsFirst && callAt <= webhookAt)) {
        await this.world.callNext();
      } else {
        this.world.now = Math.max(this.world.now, webhookAt);
        await this.bank.deliver((delivery) => Promise.resolve(this.#take(delivery)));
      }
    }
    throw new Error('the payment does not come to rest');
  }

  async through(...commands: PaymentCommand[]): Promise<this> {
    for (const command of commands) {
      expect(this.world.command(command)).toBe('accepted');
      await this.settle();
    }
    return this;
  }

  get types(): string[] {
    return this.world.events.map(({ type }) => type);
  }

  #take(delivery: Delivery): boolean {
    const reading = this.read(delivery);
    if (reading.status !== 'notice') throw new Error(reading.detail);
    const data = { provider: 'sandbox' as const, notice: reading.notice };
    this.webhooks.push(this.world.command({ type: 'RecordProviderNotice', data }));
    return true;
  }

  read(delivery: Delivery, secret = SECRET): WebhookReading {
    const { body, headers } = sandboxWebhook(delivery, secret, Math.floor(this.world.now / 1_000));
    const readers = webhookReaders({ SANDBOX_WEBHOOK_SECRET: SECRET }, () => this.world.now);
    return readers.sandbox({ body: Buffer.from(body), header: (name) => headers[name] });
  }
}

const order = (token: string) => authorize({ token });

describe('a card of the sandbox', () => {
  it('just works, whatever its token is', async () => {
    for (const token of ['tok_ok', 'tok_visa', 'pm_card_visa', 'x', 'tok_late_for_dinner!']) {
      const shop = await new Shop().through(order(token), capture('60'), refund('r-1', '10'));
      expect(shop.types).toHaveLength(6);
      expect(shop.webhooks).toEqual([]);
    }
  });

  it.each([
    ['tok_decline', 'card_declined'],
    ['tok_decline_insufficient_funds', 'insufficient_funds'],
    ['tok_late_stolen_card', 'stolen_card'],
    ['tok_lost_expired_card', 'expired_card'],
  ])('%s is declined with %s', async (token, code) => {
    const shop = await new Shop().through(order(token));
    expect(shop.world.events.at(-1)).toMatchObject({ type: 'PaymentDeclined', data: { code } });
    expect(shop.bank.books('p-1')).toMatchObject({ authorized: '0' });
  });

  it.each([
    ['tok_timeout', ['ProviderCallFailed', 'PaymentAuthorized'], ['nothing_new']],
    ['tok_late', ['ProviderAnswerPending', 'PaymentAuthorized'], ['accepted']],
    ['tok_lost', ['ProviderAnswerPending', 'PaymentAuthorized'], []],
    ['tok_duplicate', ['PaymentAuthorized'], ['nothing_new', 'nothing_new', 'nothing_new']],
    ['tok_flaky', ['ProviderCallFailed', 'ProviderCallFailed', 'PaymentAuthorized'], []],
  ])('%s leads to %j, with webhooks %j', async (token, types, webhooks) => {
    const shop = await new Shop().through(order(token));
    expect(shop.types.slice(1)).toEqual(types);
    expect(shop.webhooks).toEqual(webhooks);
    expect(shop.bank.books('p-1')).toMatchObject({ authorized: '100' });
  });

  it('tok_fault fails for as long as it is called', async () => {
    const shop = await new Shop().through(order('tok_fault'));
    expect(shop.world.state.standing.status).toBe('FAILED');
    expect(shop.bank.books('p-1')).toBeNull();
  });

  it('behaves at a later operation as its token says, and before as any card', async () => {
    for (const behaviour of Object.keys(BEHAVIOURS)) {
      if (behaviour === 'fault' || behaviour === 'decline') continue;
      const shop = await new Shop().through(
        order(`tok_capture_${behaviour}`),
        capture('60', false),
        capture('30'),
      );
      expect(shop.world.state.standing, behaviour).toMatchObject({ captured: '90', released: '10' });
      expect(shop.bank.books('p-1'), behaviour).toMatchObject({ captured: '90', released: '10' });
      const voided = await new Shop().through(order(`tok_void_${behaviour}`), voidIt);
      expect(voided.world.state.standing.status, behaviour).toBe('VOIDED');
      const back = await new Shop().through(order(`tok_refund_${behaviour}`), capture(), refund('r-1'));
      expect(back.world.state.standing.status, behaviour).toBe('REFUNDED');
    }
    const declined = await new Shop().through(order('tok_capture_decline_fraud'), capture());
    expect(declined.world.events.at(-1)).toMatchObject({ type: 'CaptureFailed', data: { code: 'fraud' } });
  });
});

describe('the sandbox', () => {
  it('signs its webhooks, and believes no other', () => {
    const shop = new Shop();
    const delivery: Delivery = {
      deliveryId: 'p-1-authorize',
      paymentId: 'p-1',
      notice: { notice: 'authorized', reference: 'sandbox_p-1' },
      dueAt: 0,
    };
    expect(shop.read(delivery)).toMatchObject({ status: 'notice', deliveryId: 'p-1-authorize' });
    expect(shop.read(delivery, 'another secret').status).toBe('forged');
  });

  it('sends a webhook again that was not taken, with growing pauses, and gives it up in the end', async () => {
    const shop = new Shop();
    shop.world.command(order('tok_late'));
    await shop.world.callNext();
    const times: number[] = [];
    const start = shop.world.now;
    for (let at = shop.bank.nextDeliveryAt(); at !== undefined; at = shop.bank.nextDeliveryAt()) {
      shop.world.now = at;
      times.push((at - start) / 1_000);
      await shop.bank.deliver(() =>
        times.length % 2 === 0 ? Promise.resolve(false) : Promise.reject(new Error()),
      );
    }
    expect(times).toEqual([2, 3, 5, 9, 17, 33, 65, 129, 257, 513]);
    // Whoever waits for it asks.
    await shop.settle();
    expect(shop.world.state.standing.status).toBe('AUTHORIZED');
  });

  it('answers a call that was made before as it did, and moves the money once', async () => {
    const shop = await new Shop().through(order('tok_ok'), capture('60', false));
    const again = (operation: string, amount: string) =>
      shop.bank.perform(
        {
          operation,
          amount,
          provider: 'sandbox',
          orderId: 'o-1',
          currency: 'EUR',
          token: 'tok_ok',
          captured: '0',
          final: false,
          refundId: null,
          payment: 'sandbox_p-1',
          pending: null,
          failures: 0,
        },
        'p-1',
      );
    expect(again('capture-1', '60')).toEqual({ outcome: 'succeeded', reference: 'sandbox_p-1' });
    expect(again('authorize', '100')).toEqual({ outcome: 'succeeded', reference: 'sandbox_p-1' });
    expect(again('capture-2', '40.01')).toMatchObject({ outcome: 'declined', code: 'amount_too_large' });
    expect(shop.bank.books('p-1')).toMatchObject({ authorized: '100', captured: '60', released: '0' });
  });

  it('has the same books as the payment, whatever is asked of a card that misbehaves', async () => {
    const behaviour = fc.constantFrom(
      'ok',
      'timeout',
      'late',
      'lost',
      'duplicate',
      'flaky',
      'decline',
      'late_no',
    );
    const kind = fc.constantFrom('authorize', 'capture', 'void', 'refund');
    const command = fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 60 }), fc.boolean()).map(([a, final]) => capture(String(a), final)),
      fc
        .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 60 }))
        .map(([n, a]) => refund(`r-${n}`, String(a))),
      fc.constant(voidIt),
    );
    await holdsEventually(
      fc.asyncProperty(
        kind,
        behaviour,
        fc.array(fc.tuple(command, fc.nat({ max: 3 })), { maxLength: 8 }),
        fc.boolean(),
        async (operation, how, commands, callsFirst) => {
          const shop = new Shop();
          shop.world.command(order(`tok_${operation}_${how}`));
          const refunded = new Set<string>();
          for (const [each, calls] of commands) {
            for (let n = 0; n < calls; n++) await shop.world.callNext();
            if (each.type === 'RefundPayment' && refunded.has(each.data.refundId)) continue;
            if (shop.world.command(each) === 'accepted' && each.type === 'RefundPayment')
              refunded.add(each.data.refundId);
          }
          await shop.settle({ callsFirst });
          const { status: _, ...standing } = shop.world.state.standing;
          const { operations: __, ...books } = shop.bank.books('p-1') ?? { operations: {}, ...NOTHING };
          expect(standing).toEqual(books);
        },
      ),
      { seed: 815, runs: 500 },
    );
  });
});

const NOTHING = { authorized: '0', captured: '0', released: '0', refunded: '0' };

describe('the provider of new payments', () => {
  const world = { bank: () => Promise.reject(), fetch: () => Promise.reject() };

  it('is the sandbox unless another is named and has its secret', () => {
    expect(providerChoice({ SANDBOX_WEBHOOK_SECRET: SECRET })).toEqual({ provider: 'sandbox' });
    expect(providerChoice({ PAYMENT_PROVIDER: 'stripe', STRIPE_SECRET_KEY: 'sk_1' })).toEqual({
      provider: 'stripe',
    });
    for (const secret of [{}, { STRIPE_SECRET_KEY: '' }]) {
      expect(providerChoice({ PAYMENT_PROVIDER: 'stripe', ...secret })).toEqual({
        provider: 'stripe',
        missing: 'the secret STRIPE_SECRET_KEY is not bound',
      });
    }
    expect(providerChoice({ PAYMENT_PROVIDER: 'stripes' })).toMatchObject({
      missing: 'PAYMENT_PROVIDER must be sandbox or stripe',
    });
  });

  it('says what is missing when it is asked for without its secret', () => {
    const providers = paymentProviders({ SANDBOX_WEBHOOK_SECRET: SECRET }, world);
    expect(() => providers('stripe')).toThrow(
      'payments through stripe are not set up: the secret STRIPE_SECRET_KEY',
    );
    expect(providers('sandbox')).toBe(providers('sandbox'));
  });

  it.each([
    [undefined, 'is not bound'],
    ['', 'is not bound'],
    ['sandbox-webhooks', 'is one that everybody knows'],
    [' sandbox-webhooks ,', 'is one that everybody knows'],
  ])('is no sandbox whose webhooks are signed with %j, which nobody believes', (secret, why) => {
    const settings = secret === undefined ? {} : { SANDBOX_WEBHOOK_SECRET: secret };
    const missing = `the secret SANDBOX_WEBHOOK_SECRET ${why}`;
    expect(providerChoice(settings)).toEqual({ provider: 'sandbox', missing });
    expect(() => paymentProviders(settings, world)('sandbox')).toThrow(missing);
    const body = Buffer.from('{}');
    for (const guess of ['sandbox-webhooks', secret ?? '', '']) {
      const webhook = { body, header: () => signatureHeader(body, guess, 60) };
      for (const read of Object.values(
        webhookReaders({ ...settings, STRIPE_WEBHOOK_SECRET: guess }, () => 60_000),
      ))
        expect(read(webhook)).toMatchObject({ status: 'forged' });
    }
  });

  it('signs with the first of the sandbox’s secrets, and believes each of them', () => {
    const settings = { SANDBOX_WEBHOOK_SECRET: 'sandbox-webhooks, new, old' };
    expect(sandboxSecret(settings)).toBe('new');
    const body = Buffer.from('{}');
    const read = (secret: string) =>
      webhookReaders(settings, () => 60_000).sandbox({
        body,
        header: () => signatureHeader(body, secret, 60),
      });
    expect(['new', 'old', 'sandbox-webhooks'].map((secret) => read(secret).status)).toEqual([
      'ignored',
      'ignored',
      'forged',
    ]);
  });
});

it.each(['no json', '[]', 'null', ''])('a webhook of %j is ignored where its signature holds', (text) => {
  const secrets = { SANDBOX_WEBHOOK_SECRET: 'secret', STRIPE_WEBHOOK_SECRET: 'secret' };
  const readers = webhookReaders(secrets, () => 60_000);
  const body = Buffer.from(text);
  const webhook = { body, header: () => signatureHeader(body, 'secret', 60) };
  for (const read of Object.values(readers)) expect(read(webhook)).toMatchObject({ status: 'ignored' });
});
