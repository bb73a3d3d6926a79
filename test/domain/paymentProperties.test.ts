/** Whatever is asked of a payment and whatever the provider says, in any order: the money adds up. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PaymentState } from '../../actors/payment/decider.ts';
import { effects, heldOf } from '../../actors/payment/state.ts';
import { parseDecimal } from '../../schemas/decimal.ts';
import { type PaymentCommand, type PaymentEvent, paymentEvents } from '../../schemas/payment.ts';
import { RECEIVED_AT } from '../support/given.ts';
import {
  authorize,
  capture,
  decider,
  no,
  nothing,
  notice,
  pending,
  refund,
  stateAfter,
  voidIt,
  yes,
} from '../support/payment.ts';
import { holds } from '../support/property.ts';

const amount = fc
  .integer({ min: 1, max: 12_000 })
  .map((cents) => (cents / 100).toFixed(2).replace(/\.?0+$/, ''));
const refundId = fc.constantFrom('r-1', 'r-2', 'r-3');
const reference = fc.constantFrom('pay_1', 'pay_1', 'pay_1', 'pay_2');
const operation = fc.oneof(
  fc.constantFrom('authorize', 'void', 'capture-1', 'capture-2', 'capture-3'),
  refundId.map((id) => `refund-${id}`),
);

/** Anything that a client, a saga, a webhook or a late answer may bring. */
const command: fc.Arbitrary<PaymentCommand> = fc.oneof(
  fc.constant(authorize()),
  fc
    .tuple(fc.option(amount, { nil: undefined }), fc.option(fc.boolean(), { nil: undefined }))
    .map((c) => capture(...c)),
  fc.constant(voidIt),
  fc.tuple(refundId, fc.option(amount, { nil: undefined })).map((c) => refund(...c)),
  fc.tuple(operation, reference).map((c) => yes(...c)),
  operation.map((o) => no(o)),
  fc.constantFrom('capture-1', 'capture-2').map((o) => no(o, 'expired', { released: true })),
  operation.map((o) => pending(o)),
  operation.map((o) => nothing(o)),
  fc
    .tuple(fc.constantFrom('authorized' as const, 'voided' as const), reference)
    .map(([name, by]) => notice({ notice: name, reference: by })),
  fc
    .tuple(reference, amount)
    .map(([by, captured]) => notice({ notice: 'captured', reference: by, captured })),
  fc
    .tuple(fc.constantFrom('refunded' as const), refundId)
    .map(([name, id]) => notice({ notice: name, reference: 're_1', refundId: id })),
  refundId.map((id) =>
    notice({ notice: 'refund_failed', reference: 're_1', refundId: id, code: 'x', detail: '' }),
  ),
);

/** Histories that get somewhere: a good beginning, then anything. */
const history = fc
  .tuple(
    fc.constantFrom<PaymentCommand[]>(
      [],
      [authorize()],
      [authorize(), yes('authorize')],
      [authorize(), yes('authorize'), capture('60', false), yes('capture-1')],
      [authorize(), yes('authorize'), capture(), yes('capture-1')],
    ),
    fc.array(command, { maxLength: 30 }),
  )
  .map(([beginning, rest]) => [...beginning, ...rest]);

/** Runs a history and looks at every state and event on the way. */
function walk(
  commands: readonly PaymentCommand[],
  look: (state: PaymentState, events: readonly PaymentEvent[], given: PaymentCommand) => void,
): PaymentEvent[] {
  let state = decider.initial();
  const all: PaymentEvent[] = [];
  for (const given of commands) {
    const decision = decider.decide({ ...given, at: RECEIVED_AT }, state);
    if (!decision.accepted) continue;
    for (const event of decision.events) state = decider.evolve(state, event);
    all.push(...decision.events);
    look(state, decision.events, given);
  }
  return all;
}

describe('the money of a payment', () => {
  it('is never captured beyond what was authorised, nor refunded beyond what was captured', () => {
    holds(
      fc.property(history, (commands) => {
        walk(commands, ({ standing, refunds, calls }) => {
          const authorized = parseDecimal(standing.authorized);
          const captured = parseDecimal(standing.captured);
          const refunded = parseDecimal(standing.refunded);
          const asked = Object.values(refunds)
            .filter(({ status }) => status === 'REQUESTED')
            .reduce((sum, each) => sum + parseDecimal(each.amount), 0n);
          const capturing = Object.entries(calls).filter(([name]) => name.startsWith('capture-'));
          expect(capturing.length).toBeLessThanOrEqual(1);
          expect(authorized === 0n || authorized === parseDecimal('100')).toBe(true);
          expect(heldOf(standing)).toBeGreaterThanOrEqual(0n);
          for (const [, call] of capturing)
            expect(parseDecimal(call.amount)).toBeLessThanOrEqual(heldOf(standing));
          expect(refunded).toBeGreaterThanOrEqual(0n);
          expect(refunded + asked).toBeLessThanOrEqual(captured);
          expect(captured).toBeLessThanOrEqual(authorized);
        });
      }),
      { seed: 20261121, runs: 3_000 },
    );
  });

  it('moves only by answers, each once: sums over the events are what the standing says', () => {
    holds(
      fc.property(history, (commands) => {
        const events = walk(commands, (state) => {
          expect(state.standing.status === 'VOIDING' && state.calls['capture-1'] !== undefined).toBe(false);
        });
        const sum = (type: PaymentEvent['type']) =>
          events
            .filter((event) => event.type === type)
            .reduce((total, { data }) => total + parseDecimal((data as { amount: string }).amount), 0n);
        const { standing, refunds } = stateAfter(events);
        expect(sum('PaymentAuthorized')).toBe(parseDecimal(standing.authorized));
        expect(sum('PaymentCaptured')).toBe(parseDecimal(standing.captured));
        const paid = Object.values(refunds).filter(({ status }) => status === 'REFUNDED');
        expect(paid.reduce((total, each) => total + parseDecimal(each.amount), 0n)).toBe(
          parseDecimal(standing.refunded),
        );
        for (const { type, data } of events) expect(paymentEvents[type].parse(data)).toEqual(data);
      }),
      { seed: 7, runs: 1_000 },
    );
  });

  it('comes to rest: with a provider that answers, nothing stays open and nothing stays held that is to be let go', () => {
    holds(
      fc.property(history, fc.infiniteStream(fc.boolean()), (commands, answers) => {
        const events = walk(commands, () => undefined);
        let state = stateAfter(events);
        for (let calls = 0; Object.keys(state.calls).length > 0; calls++) {
          expect(calls).toBeLessThan(20);
          const effect = Object.keys(state.calls)[0] as string;
          expect([...effects(state)].map((each) => each.effect)).toContain(effect);
          const given = answers.next().value ? yes(effect) : no(effect);
          const decision = decider.decide({ ...given, at: RECEIVED_AT }, state);
          if (!decision.accepted) throw new Error(`${effect} was refused: ${decision.refusal.code}`);
          for (const event of decision.events) state = decider.evolve(state, event);
        }
        expect(['PENDING', 'VOIDING']).not.toContain(state.standing.status);
      }),
      { seed: 11, runs: 1_000 },
    );
  });

  it('is not moved by the same command a second time, whatever came before it', () => {
    holds(
      fc.property(history, (commands) => {
        walk(commands, (state, _events, given) => {
          const records = given.type === 'RecordProviderResult' ? given.data.result.outcome : given.type;
          if (!['succeeded', 'declined', 'RecordProviderNotice'].includes(records)) return;
          const again = decider.decide({ ...given, at: RECEIVED_AT }, state);
          expect(again).toMatchObject({ accepted: false, refusal: { code: 'nothing_new' } });
        });
      }),
      { seed: 13, runs: 1_000 },
    );
  });
});
