/**
 * A void that was asked for before the bank had answered ended only with `PaymentVoided` or `VoidFailed`. Where the bank then said
 * no, or never answered, there was nothing to let go of and neither came: the order stayed pending for a day, its stock promised,
 * and then an operator was asked.
 */
import { expect, it } from 'vitest';
import type { SagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { Fulfilment } from '../support/fulfilment.ts';
import { ModelActor, type ModelCommand } from '../support/modelActor.ts';
import { authorize, decider, neverAnswered, notice, voidIt } from '../support/payment.ts';

const DAY_MS = 86_400_000;

const said = { reference: 'r', code: 'lost_card', detail: '' };

/** What a bank may say to an authorisation that nobody wants any more, so that it holds nothing. */
const WORDS: readonly (readonly [string, readonly ModelCommand[]])[] = [
  ['says no', [notice({ notice: 'declined', ...said })]],
  ['has let go by itself', [notice({ notice: 'voided', reference: 'r' })]],
  ['never answers', neverAnswered],
];

/** An order that an operator has undone while its bank is asked; and what the payment says until its end. */
function undoneMeanwhile(words: readonly ModelCommand[], definitions: SagaDefinitions = DEFINITIONS) {
  const payment = new ModelActor<object>(decider);
  const saga = new Fulfilment(definitions);
  const commands: ModelCommand[] = [authorize(), voidIt, ...words];
  saga.answer('ReserveStock');
  saga.answer('AuthorizePayment');
  saga.operator('CompensateSaga', { reason: 'no longer wanted' });
  saga.answer('VoidPayment');
  for (const [index, command] of commands.entries()) payment.execute(`c-${index}`, command, saga.now);
  for (const { type, data } of payment.events) saga.observe(type, data as Record<string, unknown>);
  return saga;
}

it.each(WORDS)('an order is undone at once where the bank %s after the void was asked for', (_, words) => {
  const saga = undoneMeanwhile(words);
  saga.refuse('RefundPayment', 'nothing_to_refund');
  saga.answer('ReleaseReservation');
  saga.answer('CancelOrder');
  expect(saga.status).toBe('COMPENSATED');
});

it.each(WORDS)('a fulfilment of the version before waits for a day where the bank %s', (_, words) => {
  const before = { ...DEFINITIONS, newest: (name: string) => DEFINITIONS.find(name, 4) };
  const saga = undoneMeanwhile(words, before);
  expect([saga.status, saga.wants]).toEqual(['COMPENSATING', []]);
  saga.pass(DAY_MS);
  expect(saga.status).toBe('PARKED');
  saga.operator('RetrySaga', { reason: 'the bank holds nothing' });
  saga.refuse('VoidPayment', 'nothing_to_void');
  expect(saga.wants).toEqual(['RefundPayment']);
});

it('a void that the bank declines after all is asked for again', () => {
  const saga = undoneMeanwhile([notice({ notice: 'declined', ...said })]);
  expect(saga.observe('VoidFailed', { standing: { status: 'AUTHORIZED' } })).toBe('accepted');
  saga.refuse('RefundPayment', 'nothing_to_refund');
  expect(saga.wants).toEqual(['VoidPayment']);
});
