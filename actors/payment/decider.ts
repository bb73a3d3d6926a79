/**
 * The payment's rules. Never more is captured than was authorised, nor refunded than was captured, whatever the provider
 * says and when: amounts are taken from what was asked for, and what is asked for is bounded here.
 */
import { minorUnit } from '../../schemas/currency.ts';
import {
  decimalsOf,
  formatDecimal,
  parseDecimal,
  type Scaled,
  subtract,
  ZERO,
} from '../../schemas/decimal.ts';
import {
  isOfSaga,
  PAYMENT_REFUNDS_MAX,
  type PaymentCommand,
  type PaymentEvent,
  type PaymentRefusal,
} from '../../schemas/payment.ts';
import type { ProviderChoice } from '../../schemas/paymentProvider.ts';
import type { Decider, Timed } from '../kernel/decider.ts';
import { accept, decideRecord, known, type PaymentDecision, refuse } from './answers.ts';
import { effects, evolve, heldOf, initial, openCapture, type PaymentState } from './state.ts';

export type { PaymentState } from './state.ts';

type Data<Type extends PaymentCommand['type']> = Extract<PaymentCommand, { type: Type }>['data'];

function decide(
  command: Timed<PaymentCommand>,
  state: Readonly<PaymentState>,
  choice: ProviderChoice,
): PaymentDecision {
  switch (command.type) {
    case 'AuthorizePayment':
      return authorize(command.data, state, choice);
    case 'VoidPayment':
      return voidPayment(command.data, state);
    case 'CapturePayment':
      return capture(command.data, state);
    case 'RefundPayment':
      return refund(command.data, state);
    case 'RecordProviderResult':
    case 'RecordProviderNotice':
      if (state.standing.status === 'NONE') return notFound();
      return decideRecord(command, state);
  }
}

function authorize(
  data: Data<'AuthorizePayment'>,
  { standing }: Readonly<PaymentState>,
  { provider, missing }: ProviderChoice,
): PaymentDecision {
  if (standing.status === 'VOIDED' || standing.status === 'VOIDING') return isVoided();
  if (standing.status !== 'NONE') {
    return refuse('payment_already_requested', 'A payment with this id has been asked for before.');
  }
  if (missing !== undefined) {
    return refuse('provider_not_configured', `Payments through ${provider} are not set up: ${missing}.`);
  }
  const precision = precisionRefusal(parseDecimal(data.amount), data.currency);
  if (precision !== undefined) return precision;
  return accept({
    type: 'PaymentAuthorizationRequested',
    data: { ...data, provider, standing: { ...standing, status: 'PENDING' } },
  });
}

function voidPayment({ reason }: Data<'VoidPayment'>, state: Readonly<PaymentState>): PaymentDecision {
  const { standing } = state;
  switch (standing.status) {
    case 'NONE':
      return accept({
        type: 'PaymentVoided',
        data: { amount: '0', reason, standing: { ...standing, status: 'VOIDED' } },
      });
    case 'VOIDING':
      return refuse('void_in_progress', 'A void waits for the answer of the provider.');
    case 'VOIDED':
      return isVoided();
    case 'DECLINED':
    case 'FAILED':
    case 'CAPTURED':
    case 'REFUNDED':
      return refuse('nothing_to_void', `Nothing is held: the payment is ${standing.status}.`);
    case 'PENDING':
    case 'AUTHORIZED':
      if (openCapture(state) !== undefined) return isCapturing();
      return accept({
        type: 'VoidRequested',
        data: { reason, standing: { ...standing, status: 'VOIDING' } },
      });
  }
}

function capture(data: Data<'CapturePayment'>, state: Readonly<PaymentState>): PaymentDecision {
  const { standing, currency } = state;
  switch (standing.status) {
    case 'VOIDING':
    case 'VOIDED':
      return isVoided();
    case 'NONE':
      return notFound();
    case 'PENDING':
    case 'DECLINED':
    case 'FAILED':
      return refuse('payment_not_authorized', `The payment is ${standing.status}.`);
    case 'AUTHORIZED':
    case 'CAPTURED':
    case 'REFUNDED':
  }
  if (openCapture(state) !== undefined) return isCapturing();
  const held = heldOf(standing);
  if (held === ZERO) return refuse('nothing_to_capture', 'Nothing is held any more.');
  const amount = data.amount === undefined ? held : parseDecimal(data.amount);
  const precision = precisionRefusal(amount, currency);
  if (precision !== undefined) return precision;
  if (amount > held) {
    return refuse(
      'amount_exceeds_authorized',
      `Still held are ${formatDecimal(held)}, the capture asks for ${formatDecimal(amount)}.`,
    );
  }
  return accept({
    type: 'CaptureRequested',
    data: {
      capture: state.captures + 1,
      amount: formatDecimal(amount),
      final: (data.final ?? true) || amount === held,
      standing: known(state),
    },
  });
}

function refund(data: Data<'RefundPayment'>, state: Readonly<PaymentState>): PaymentDecision {
  const { standing, currency, refunds } = state;
  if (standing.status === 'NONE') return notFound();
  const before = Object.values(refunds);
  const open = before
    .filter(({ status }) => status === 'REQUESTED')
    .reduce((sum, { amount }) => subtract(sum, parseDecimal(amount)), ZERO);
  const left = (subtract(parseDecimal(standing.captured), parseDecimal(standing.refunded)) + open) as Scaled;
  if (left === ZERO)
    return refuse('nothing_to_refund', 'Nothing was captured, or all of it goes back already.');
  if (before.length >= PAYMENT_REFUNDS_MAX && !isOfSaga(data.refundId))
    return refuse('too_many_refunds', `A payment has at most ${PAYMENT_REFUNDS_MAX} refunds.`);
  const amount = data.amount === undefined ? left : parseDecimal(data.amount);
  const precision = precisionRefusal(amount, currency);
  if (precision !== undefined) return precision;
  if (amount > left) {
    return refuse(
      'amount_exceeds_captured',
      `At most ${formatDecimal(left)} can go back, the refund asks for ${formatDecimal(amount)}.`,
    );
  }
  const { refundId, reason = null } = data;
  return accept({
    type: 'RefundRequested',
    data: { refundId, amount: formatDecimal(amount), reason, standing: known(state) },
  });
}

function notFound(): PaymentDecision {
  return refuse('payment_not_found', 'There is no such payment.');
}

function isVoided(): PaymentDecision {
  return refuse('payment_voided', 'The payment was voided, or its money is being let go.');
}

function isCapturing(): PaymentDecision {
  return refuse('capture_in_progress', 'A capture waits for the answer of the provider.');
}

/** Providers take whole minor units alone (ISO 4217). */
function precisionRefusal(amount: Scaled, currency: string): PaymentDecision | undefined {
  const decimals = minorUnit(currency);
  if (decimalsOf(amount) <= decimals) return undefined;
  return refuse('amount_precision', `An amount in ${currency} has at most ${decimals} decimals.`);
}

/** The payment's rules, as the kernel runs them, with the provider that new payments go to. */
export function paymentDecider(
  choice: ProviderChoice,
): Decider<PaymentState, PaymentCommand, PaymentEvent, PaymentRefusal> {
  return {
    aggregateType: 'payment',
    stateVersion: 3,
    initial,
    decide: (command, state) => decide(command, state, choice),
    evolve,
    effects,
    resourceId: (command) => (command.type === 'RefundPayment' ? command.data.refundId : undefined),
    resourceIdOfEvent: (event) => (event.type === 'RefundRequested' ? event.data.refundId : undefined),
  };
}
