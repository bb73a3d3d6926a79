/**
 * Refunds were kept in a record under their bare ids. One called `__proto__` became the record's prototype, which no sum over
 * the record has: as much could be asked for once more. One called `constructor` was known before anybody had asked for it.
 */
import { expect, it } from 'vitest';
import { refundOf } from '../../actors/payment/state.ts';
import { authorize, capture, notice, refund, run, yes } from '../support/payment.ts';

const captured = [authorize(), yes('authorize'), capture(), yes('capture-1')];

it('a refund counts whatever it is called', () => {
  const asked = run(...captured, refund('__proto__', '60'), refund('r-2', '60'));
  expect(asked.outcome).toBe('amount_exceeds_captured');
  expect(refundOf(asked.state, '__proto__')).toEqual({ amount: '60', status: 'REQUESTED' });
  const paid = run(...captured, refund('__proto__', '60'), yes('refund-__proto__'), refund('r-2', '60'));
  expect([paid.outcome, paid.standing.refunded]).toEqual(['amount_exceeds_captured', '60']);
  const restored = JSON.parse(JSON.stringify(paid.state)) as typeof paid.state;
  expect(refundOf(restored, '__proto__')).toEqual({ amount: '60', status: 'REFUNDED' });
});

it.each(['constructor', '__proto__', 'toString'])(
  'nothing is known of a refund %s before it is asked for',
  (refundId) => {
    const failed = {
      notice: 'refund_failed',
      reference: 're_1',
      refundId,
      code: 'lost',
      detail: '',
    } as const;
    expect(run(...captured, notice(failed)).outcome).toBe('nothing_new');
    expect(run(...captured, notice({ notice: 'refunded', reference: 're_1', refundId })).outcome).toBe(
      'nothing_new',
    );
  },
);
