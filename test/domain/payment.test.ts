/** The payment's rules: every command in every status, answers that come late, twice or never, and where the money is. */
import { describe, expect, it } from 'vitest';
import { paymentDecider } from '../../actors/payment/decider.ts';
import { effects } from '../../actors/payment/state.ts';
import {
  PAYMENT_REFUNDS_MAX,
  PAYMENT_REFUSALS,
  type PaymentCommand,
  paymentEvents,
} from '../../schemas/payment.ts';
import { RECEIVED_AT } from '../support/given.ts';
import {
  answer,
  authorize,
  capture,
  decider,
  neverAnswered,
  no,
  nothing,
  notice,
  pending,
  refund,
  run,
  stateAfter,
  voidIt,
  yes,
} from '../support/payment.ts';

const AUTHORIZED = [authorize(), yes('authorize')];
const CAPTURED = [...AUTHORIZED, capture(), yes('capture-1')];

/** A way into each status. */
const STATUSES: Record<string, PaymentCommand[]> = {
  NONE: [],
  PENDING: [authorize()],
  AUTHORIZED,
  CAPTURING: [...AUTHORIZED, capture('40')],
  DECLINED: [authorize(), no('authorize')],
  FAILED: [authorize(), ...neverAnswered],
  VOIDING: [...AUTHORIZED, voidIt],
  VOIDED: [...AUTHORIZED, voidIt, yes('void')],
  CAPTURED,
  REFUNDED: [...CAPTURED, refund('r-1'), yes('refund-r-1')],
};

describe('a payment', () => {
  it('is authorised, captured and refunded, and says where the money is at each step', () => {
    const { events, standing, calls } = run(...CAPTURED, refund('r-1', '30'), yes('refund-r-1', 're_1'));
    expect(events.map(({ type, data }) => [type, data.standing])).toEqual([
      ['PaymentAuthorizationRequested', stands('PENDING')],
      ['PaymentAuthorized', stands('AUTHORIZED', { authorized: '100' })],
      ['CaptureRequested', stands('AUTHORIZED', { authorized: '100' })],
      ['PaymentCaptured', stands('CAPTURED', { authorized: '100', captured: '100' })],
      ['RefundRequested', stands('CAPTURED', { authorized: '100', captured: '100' })],
      ['PaymentRefunded', stands('CAPTURED', { authorized: '100', captured: '100', refunded: '30' })],
    ]);
    expect(standing).toEqual(events.at(-1)?.data.standing);
    expect(calls).toEqual([]);
  });

  it('goes to the provider of the platform, and is refused where that one lacks its secret', () => {
    const ready = paymentDecider({ provider: 'stripe' });
    const state = ready.initial();
    const asked = ready.decide({ ...authorize(), at: RECEIVED_AT }, state);
    expect(asked).toMatchObject({ accepted: true, events: [{ data: { provider: 'stripe' } }] });
    const bare = paymentDecider({ provider: 'stripe', missing: 'STRIPE_SECRET_KEY is not bound' });
    expect(bare.decide({ ...authorize(), at: RECEIVED_AT }, state)).toEqual({
      accepted: false,
      refusal: {
        code: 'provider_not_configured',
        detail: 'Payments through stripe are not set up: STRIPE_SECRET_KEY is not bound.',
      },
    });
  });

  it('lets go of the rest with a final capture, and keeps it for the next with one that is not', () => {
    expect(run(...AUTHORIZED, capture('60'), yes('capture-1')).standing).toEqual(
      stands('CAPTURED', { authorized: '100', captured: '60', released: '40' }),
    );
    const first = [...AUTHORIZED, capture('60', false), yes('capture-1')];
    expect(run(...first).standing).toEqual(stands('AUTHORIZED', { authorized: '100', captured: '60' }));
    expect(run(...first, capture('40.01', false)).outcome).toBe('amount_exceeds_authorized');
    expect(run(...first, capture(), yes('capture-2')).standing).toEqual(
      stands('CAPTURED', { authorized: '100', captured: '100' }),
    );
    expect(run(...first, voidIt, yes('void')).standing).toEqual(
      stands('CAPTURED', { authorized: '100', captured: '60', released: '40' }),
    );
  });

  it('can be captured again after a capture that failed, under a call of its own', () => {
    const failed = [...AUTHORIZED, capture('60'), no('capture-1', 'processing_error')];
    expect(run(...failed).standing).toEqual(stands('AUTHORIZED', { authorized: '100' }));
    expect(run(...failed, capture('60')).calls).toEqual(['capture-2']);
    expect(run(...failed, capture('60'), yes('capture-1')).outcome).toBe('nothing_new');
  });

  it('is void where a capture fails because the authorisation is gone', () => {
    const { standing, events } = run(
      ...AUTHORIZED,
      capture(),
      no('capture-1', 'expired', { released: true }),
    );
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['CaptureFailed', 'PaymentVoided']);
    expect(standing).toEqual(stands('VOIDED', { authorized: '100', released: '100' }));
  });

  it('gives back in parts, several at a time, and never more than was captured', () => {
    const two = [...CAPTURED, refund('r-1', '30'), refund('r-2', '60')];
    expect(run(...two).calls).toEqual(['refund-r-1', 'refund-r-2']);
    expect(run(...two, refund('r-3', '10.01')).outcome).toBe('amount_exceeds_captured');
    const done = [...two, yes('refund-r-2'), yes('refund-r-1'), refund('r-3'), yes('refund-r-3')];
    expect(run(...done).standing).toEqual(
      stands('REFUNDED', { authorized: '100', captured: '100', refunded: '100' }),
    );
    expect(run(...done, refund('r-4')).outcome).toBe('nothing_to_refund');
  });

  it('has so many refunds and no more, but for those of sagas', () => {
    const many = Array.from({ length: PAYMENT_REFUNDS_MAX }, (_, index) => refund(`r-${index}`, '0.01'));
    expect(run(...CAPTURED, ...many).outcome).toBe('accepted');
    expect(run(...CAPTURED, ...many, refund('one-more')).outcome).toBe('too_many_refunds');
    expect(run(...CAPTURED, ...many, refund('cancellation')).outcome).toBe('accepted');
  });

  it('has a refund again that failed, also one that the provider had paid', () => {
    const failed = [...CAPTURED, refund('r-1'), no('refund-r-1')];
    expect(run(...failed).standing).toEqual(stands('CAPTURED', { authorized: '100', captured: '100' }));
    expect(run(...failed, refund('r-2')).outcome).toBe('accepted');
    const returned = notice({
      notice: 'refund_failed',
      reference: 're_1',
      refundId: 'r-1',
      code: 'x',
      detail: '',
    });
    const late = [...CAPTURED, refund('r-1'), yes('refund-r-1'), returned];
    expect(run(...late).standing).toEqual(stands('CAPTURED', { authorized: '100', captured: '100' }));
    expect(run(...late, returned).outcome).toBe('nothing_new');
    expect(run(...late, yes('refund-r-1')).outcome).toBe('nothing_new');
  });

  it('writes only events that its schemas take as they are, and folds each', () => {
    const histories = [
      [...CAPTURED, refund('r-1'), pending('refund-r-1'), yes('refund-r-1')],
      [...CAPTURED, refund('r-1'), no('refund-r-1')],
      [authorize(), nothing('authorize'), no('authorize')],
      [authorize(), ...neverAnswered],
      [...AUTHORIZED, voidIt, no('void')],
      [...AUTHORIZED, voidIt, yes('void')],
      [...AUTHORIZED, capture(), no('capture-1')],
    ].map((commands) => run(...commands));
    const seen = new Set<string>();
    for (const { events, state } of histories) {
      for (const { type, data } of events) {
        expect(paymentEvents[type].parse(data)).toEqual(data);
        seen.add(type);
      }
      expect(stateAfter(events)).toEqual(state);
    }
    expect([...seen].sort()).toEqual(Object.keys(paymentEvents).sort());
  });
});

describe('status', () => {
  const OUTCOMES: [name: string, command: PaymentCommand, outcomes: Record<string, string>][] = [
    [
      'AuthorizePayment',
      authorize(),
      {
        NONE: 'accepted',
        VOIDING: 'payment_voided',
        VOIDED: 'payment_voided',
        '': 'payment_already_requested',
      },
    ],
    [
      'CapturePayment',
      capture('1'),
      {
        NONE: 'payment_not_found',
        PENDING: 'payment_not_authorized',
        AUTHORIZED: 'accepted',
        CAPTURING: 'capture_in_progress',
        DECLINED: 'payment_not_authorized',
        FAILED: 'payment_not_authorized',
        VOIDING: 'payment_voided',
        VOIDED: 'payment_voided',
        '': 'nothing_to_capture',
      },
    ],
    [
      'VoidPayment',
      voidIt,
      {
        NONE: 'accepted',
        PENDING: 'accepted',
        AUTHORIZED: 'accepted',
        CAPTURING: 'capture_in_progress',
        VOIDING: 'void_in_progress',
        VOIDED: 'payment_voided',
        '': 'nothing_to_void',
      },
    ],
    [
      'RefundPayment',
      refund('r-9', '1'),
      { NONE: 'payment_not_found', CAPTURED: 'accepted', '': 'nothing_to_refund' },
    ],
    ['an answer to no call', yes('capture-7'), { NONE: 'payment_not_found', '': 'nothing_new' }],
  ];

  it.each(OUTCOMES)('decides about %s', (_name, command, outcomes) => {
    for (const [status, history] of Object.entries(STATUSES)) {
      expect(run(...history, command).outcome, status).toBe(outcomes[status] ?? outcomes['']);
      if (status !== 'NONE' && status !== 'CAPTURING') expect(run(...history).standing.status).toBe(status);
    }
  });

  it('names amounts that have too many decimals for the currency, or are too much', () => {
    expect(run(authorize({ amount: '0.001' })).outcome).toBe('amount_precision');
    expect(run(authorize({ amount: '1.5', currency: 'JPY' })).outcome).toBe('amount_precision');
    expect(run(authorize({ amount: '1.234', currency: 'KWD' })).outcome).toBe('accepted');
    expect(run(...AUTHORIZED, capture('0.001')).outcome).toBe('amount_precision');
    expect(run(...AUTHORIZED, capture('100.01')).outcome).toBe('amount_exceeds_authorized');
    expect(run(...CAPTURED, refund('r-1', '0.001')).outcome).toBe('amount_precision');
  });

  it('knows every refusal that it has', () => {
    const commands = [
      ...OUTCOMES.map(([, command]) => command),
      capture('0.001'),
      capture('999'),
      refund('r', '999'),
    ];
    const seen = new Set(
      Object.values(STATUSES).flatMap((way) => commands.map((each) => run(...way, each).outcome)),
    );
    seen.delete('accepted');
    seen.add('provider_not_configured');
    seen.add('too_many_refunds');
    expect([...seen].sort()).toEqual([...PAYMENT_REFUSALS].sort());
  });
});

describe('an answer', () => {
  it('that comes twice, by webhook and by call in any order, changes nothing the second time', () => {
    const authorized = notice({ notice: 'authorized', reference: 'pay_1' });
    const taken = notice({ notice: 'captured', reference: 'pay_1', captured: '100' });
    const voided = notice({ notice: 'voided', reference: 'pay_1' });
    const returned = notice({ notice: 'refunded', reference: 're_1', refundId: 'r-1' });
    const pairs: [PaymentCommand[], PaymentCommand, PaymentCommand][] = [
      [[authorize()], authorized, yes('authorize')],
      [[...AUTHORIZED, capture()], taken, yes('capture-1')],
      [[...AUTHORIZED, voidIt], voided, yes('void')],
      [[...CAPTURED, refund('r-1')], returned, yes('refund-r-1')],
    ];
    for (const [history, webhook, call] of pairs) {
      for (const [first, second] of [
        [webhook, call],
        [call, webhook],
        [webhook, webhook],
        [call, call],
      ] as const) {
        expect(run(...history, first).outcome).toBe('accepted');
        expect(run(...history, first, second).outcome).toBe('nothing_new');
      }
    }
  });

  it('of a capture before does not settle the one that is open', () => {
    const second = [...AUTHORIZED, capture('60', false), yes('capture-1'), capture('30', false)];
    const old = notice({ notice: 'captured', reference: 'pay_1', captured: '60' });
    expect(run(...second, old).outcome).toBe('nothing_new');
    expect(run(...second, notice({ notice: 'captured', reference: 'pay_1', captured: '90' })).outcome).toBe(
      'accepted',
    );
  });

  it('about another payment of the provider is not followed', () => {
    const other = notice({ notice: 'captured', reference: 'pay_2', captured: '100' });
    expect(run(...AUTHORIZED, capture(), other).outcome).toBe('nothing_new');
    const ours = { notice: 'captured', reference: 'pay_1', captured: '100' } as const;
    expect(run(...AUTHORIZED, capture(), notice(ours, 'stripe')).outcome).toBe('nothing_new');
    expect(run(...AUTHORIZED, capture(), notice(ours, 'sandbox')).outcome).toBe('accepted');
  });

  it('that comes after the payment was voided lets the money go: one of the two wins, whichever is first', () => {
    const voidedFirst = run(authorize(), voidIt, yes('authorize'));
    expect(voidedFirst.standing).toEqual(stands('VOIDING', { authorized: '100' }));
    expect(voidedFirst.calls).toEqual(['void']);
    const declinedLate = run(authorize(), voidIt, no('authorize'));
    expect(declinedLate.standing.status).toBe('DECLINED');
    expect(declinedLate.calls).toEqual([]);
    expect(run(authorize(), voidIt, yes('authorize'), capture()).outcome).toBe('payment_voided');
  });

  it('that comes after the payment was given up lets the money go', () => {
    for (const history of [STATUSES.FAILED, STATUSES.DECLINED]) {
      const late = run(...(history ?? []), notice({ notice: 'authorized', reference: 'pay_1' }));
      expect(late.standing).toEqual(stands('VOIDING', { authorized: '100' }));
      expect(late.calls).toEqual(['void']);
    }
  });

  it('to what was barred before it was asked for cannot come: it is refused', () => {
    expect(run(voidIt).standing).toEqual(stands('VOIDED'));
    expect(run(voidIt, authorize()).outcome).toBe('payment_voided');
    expect(run(voidIt, yes('authorize')).outcome).toBe('nothing_new');
  });

  it('that the provider let go by itself is believed, but not while a capture is open', () => {
    const gone = notice({ notice: 'voided', reference: 'pay_1' });
    expect(run(...AUTHORIZED, gone).standing.status).toBe('VOIDED');
    expect(run(authorize(), pending('authorize'), gone).standing.status).toBe('DECLINED');
    expect(run(...AUTHORIZED, capture(), gone).outcome).toBe('nothing_new');
    expect(run(...CAPTURED, gone).outcome).toBe('nothing_new');
  });
});

describe('a call', () => {
  const dueAfter = (...commands: PaymentCommand[]) =>
    [...effects(run(...commands).state)].map(({ effect, dueAt, request }) => ({
      effect,
      seconds: dueAt === 0 ? 0 : (dueAt - Date.parse(RECEIVED_AT)) / 1_000,
      failures: request.failures,
      pending: request.pending,
    }));

  it('is made at once, with what the provider needs', () => {
    expect([...effects(run(...AUTHORIZED, capture('60')).state)]).toEqual([
      {
        effect: 'capture-1',
        dueAt: 0,
        request: {
          operation: 'capture-1',
          provider: 'sandbox',
          orderId: 'o-1',
          currency: 'EUR',
          token: 'tok_ok',
          captured: '0',
          payment: 'pay_1',
          amount: '60',
          final: true,
          refundId: null,
          pending: null,
          failures: 0,
        },
      },
    ]);
  });

  it('without an answer is made again after growing pauses, or when the provider says', () => {
    const held = [...AUTHORIZED, capture()];
    const pauses = [1, 2, 3, 11, 40].map(
      (times) => dueAfter(...held, ...Array<PaymentCommand>(times).fill(nothing('capture-1')))[0]?.seconds,
    );
    expect(pauses).toEqual([1, 2, 4, 900, 900]);
    expect(dueAfter(...held, nothing('capture-1', 7_000))).toEqual([
      { effect: 'capture-1', seconds: 7, failures: 1, pending: null },
    ]);
  });

  it('that is under way is asked after, and fails from anew', () => {
    const waiting = [authorize(), nothing('authorize'), pending('authorize')];
    expect(dueAfter(...waiting)).toEqual([
      { effect: 'authorize', seconds: 15, failures: 0, pending: 'pay_1' },
    ]);
    expect(dueAfter(...waiting, pending('authorize'))[0]?.seconds).toBe(30);
    expect(dueAfter(...waiting, nothing('authorize'))[0]).toMatchObject({ seconds: 1, pending: 'pay_1' });
  });

  it('ends with its answer', () => {
    for (const history of [
      CAPTURED,
      STATUSES.VOIDED,
      STATUSES.DECLINED,
      STATUSES.FAILED,
      STATUSES.REFUNDED,
    ]) {
      expect(dueAfter(...(history ?? []))).toEqual([]);
    }
  });

  it('is given up only where that is safe: an authorisation', () => {
    expect(run(...STATUSES.FAILED!).standing.status).toBe('FAILED');
    for (const [history, operation] of [
      [[...AUTHORIZED, capture()], 'capture-1'],
      [[...AUTHORIZED, voidIt], 'void'],
      [[...CAPTURED, refund('r-1')], 'refund-r-1'],
    ] as const) {
      const { calls } = run(...history, ...Array<PaymentCommand>(100).fill(nothing(operation)));
      expect(calls).toEqual([operation]);
    }
  });
});

describe('what the kernel asks the payment', () => {
  it('is the refund id, of a refund alone', () => {
    expect(decider.resourceId?.(refund('r-7'))).toBe('r-7');
    expect(decider.resourceId?.(capture())).toBeUndefined();
    const { events } = run(...CAPTURED, refund('r-7'), yes('refund-r-7'));
    expect(events.map((event) => decider.resourceIdOfEvent?.(event)).filter(Boolean)).toEqual(['r-7']);
    expect(
      run(...AUTHORIZED, voidIt, answer('void', { outcome: 'pending', reference: 'pay_1' })).calls,
    ).toEqual(['void']);
  });
});

function stands(status: string, figures: Record<string, string> = {}) {
  return { status, authorized: '0', captured: '0', released: '0', refunded: '0', ...figures };
}
