/** Commands and answers of a payment, with what a test does not care about filled in, and a payment that runs them. */
import { AUTHORIZE_FAILURES_MAX } from '../../actors/payment/answers.ts';
import { type PaymentState, paymentDecider } from '../../actors/payment/decider.ts';
import type { PaymentCommand, PaymentEvent, PaymentStanding } from '../../schemas/payment.ts';
import type { PaymentProvider, ProviderNotice, ProviderResult } from '../../schemas/paymentProvider.ts';
import { RECEIVED_AT, specify } from './given.ts';

type Data<Type extends PaymentCommand['type']> = Extract<PaymentCommand, { type: Type }>['data'];

/** The payment's rules under specification, with the sandbox as provider. */
export const decider = paymentDecider({ provider: 'sandbox' });
export const { given, state: stateAfter } = specify(decider);

export const authorize = (data: Partial<Data<'AuthorizePayment'>> = {}): PaymentCommand => ({
  type: 'AuthorizePayment',
  data: {
    orderId: 'o-1',
    customerId: 'c-1',
    amount: '100',
    currency: 'EUR',
    method: 'card',
    token: 'tok_ok',
    ...data,
  },
});
export const capture = (amount?: string, final?: boolean): PaymentCommand => ({
  type: 'CapturePayment',
  data: { ...(amount === undefined ? {} : { amount }), ...(final === undefined ? {} : { final }) },
});
export const voidIt: PaymentCommand = { type: 'VoidPayment', data: { reason: 'order cancelled' } };
export const refund = (refundId: string, amount?: string): PaymentCommand => ({
  type: 'RefundPayment',
  data: { refundId, ...(amount === undefined ? {} : { amount }) },
});

/** What the provider answers to a call. */
export const answer = (operation: string, result: ProviderResult): PaymentCommand => ({
  type: 'RecordProviderResult',
  data: { operation, result },
});
export const yes = (operation: string, reference = 'pay_1') =>
  answer(operation, { outcome: 'succeeded', reference });
export const no = (operation: string, code = 'card_declined', more: { released?: boolean } = {}) =>
  answer(operation, { outcome: 'declined', reference: 'pay_1', code, detail: 'The bank said no.', ...more });
export const pending = (operation: string) => answer(operation, { outcome: 'pending', reference: 'pay_1' });
export const nothing = (operation: string, retryAfterMs?: number) =>
  answer(operation, {
    outcome: 'unanswered',
    code: 'timeout',
    detail: 'No answer in time.',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
/** What the provider says by itself. */
export const notice = (data: ProviderNotice, provider: PaymentProvider = 'sandbox'): PaymentCommand => ({
  type: 'RecordProviderNotice',
  data: { provider, notice: data },
});

/** No answer to an authorisation until it is given up. */
export const neverAnswered = Array.from({ length: AUTHORIZE_FAILURES_MAX }, () => nothing('authorize'));

/** A payment that runs commands one after another; `outcome` is that of the last one. */
export interface Run {
  readonly state: PaymentState;
  readonly events: PaymentEvent[];
  readonly outcome: string;
  readonly standing: PaymentStanding;
  /** Calls that the provider is still to answer. */
  readonly calls: string[];
}

/** Runs commands from nothing; refused ones change nothing. */
export function run(...commands: readonly PaymentCommand[]): Run {
  let state = decider.initial();
  const events: PaymentEvent[] = [];
  let outcome = '';
  for (const command of commands) {
    const decision = decider.decide({ ...command, at: RECEIVED_AT }, state);
    outcome = decision.accepted ? 'accepted' : decision.refusal.code;
    if (!decision.accepted) continue;
    for (const event of decision.events) {
      events.push(event);
      state = decider.evolve(state, event);
    }
  }
  return {
    state,
    events,
    outcome,
    standing: state.standing as PaymentStanding,
    calls: Object.keys(state.calls),
  };
}
