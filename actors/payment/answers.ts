/**
 * What follows from what the provider says: answers to our calls, and notices that it sends by itself. They come late, twice
 * and in any order; each is held against what is still open, and what says nothing new is refused and changes nothing.
 */
import { add, formatDecimal, parseDecimal, type Scaled, subtract, ZERO } from '../../schemas/decimal.ts';
import type { PaymentEvent, PaymentRecord, PaymentRefusal } from '../../schemas/payment.ts';
import { kindOf, type ProviderNotice, type ProviderResult } from '../../schemas/paymentProvider.ts';
import { millisecondsOf, timeText } from '../../schemas/time.ts';
import type { Decision } from '../kernel/decider.ts';
import { heldOf, type OpenCall, openCapture, type PaymentState, refundOf, type Standing } from './state.ts';

export type PaymentDecision = Decision<PaymentEvent, PaymentRefusal>;
type Failure = Extract<ProviderResult, { outcome: 'declined' }>;
type Unanswered = Extract<ProviderResult, { outcome: 'unanswered' }>;
type PaymentEvents = readonly [PaymentEvent, ...PaymentEvent[]];

/**
 * Calls of an authorisation without an answer before it is given up: with the pauses below about four minutes, longer than
 * a customer waits. What it may have held is let go when the provider tells of it, and by the provider itself after days.
 * Captures, refunds and voids are never given up: money may have moved, and only the provider knows.
 */
export const AUTHORIZE_FAILURES_MAX = 8;

/** Pause after a call without an answer: doubles with each, up to a quarter of an hour. */
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 900_000;

/** Pause before the provider is asked how something stands that is under way: a webhook mostly comes first. */
const ASK_FIRST_MS = 15_000;
const ASK_MAX_MS = 3_600_000;

/** A refusal by name. */
export function refuse(code: PaymentRefusal, detail: string): PaymentDecision {
  return { accepted: false, refusal: { code, detail } };
}

/** An acceptance, with what happened. */
export function accept(...events: PaymentEvents): PaymentDecision {
  return { accepted: true, events };
}

const NOTHING_NEW = refuse(
  'nothing_new',
  'The provider says nothing that is not known, or no longer wanted.',
);

/** Decides what the provider's word changes. */
export function decideRecord(
  { type, data, at }: PaymentRecord & { readonly at: string },
  state: Readonly<PaymentState>,
): PaymentDecision {
  if (type === 'RecordProviderResult') return answered(data.operation, data.result, at, state);
  return data.provider === state.provider ? noticed(data.notice, state) : NOTHING_NEW;
}

function noticed(notice: ProviderNotice, state: Readonly<PaymentState>): PaymentDecision {
  switch (notice.notice) {
    case 'refunded':
      return refunded(notice.refundId, notice.reference, state);
    case 'refund_failed':
      return refundFailed(notice.refundId, notice, state);
    case 'authorized':
    case 'declined':
    case 'captured':
    case 'voided':
  }
  // Another payment of the provider's that carries our id is none of ours to follow.
  const { reference } = notice;
  if (state.reference !== null && reference !== null && reference !== state.reference) return NOTHING_NEW;
  switch (notice.notice) {
    case 'authorized':
      return authorized(notice.reference, state);
    case 'declined':
      return state.calls.authorize === undefined ? NOTHING_NEW : declined(notice, state);
    case 'captured':
      return captureNoticed(notice, state);
    case 'voided':
      return voidNoticed(notice.reference, state);
  }
}

function answered(
  operation: string,
  result: ProviderResult,
  at: string,
  state: Readonly<PaymentState>,
): PaymentDecision {
  if (operation === 'authorize' && result.outcome === 'succeeded') return authorized(result.reference, state);
  const call = state.calls[operation];
  if (call === undefined) return NOTHING_NEW;
  switch (result.outcome) {
    case 'pending': {
      const askAt = later(at, backoff(ASK_FIRST_MS, ASK_MAX_MS, call.waits));
      const { reference } = result;
      return accept({
        type: 'ProviderAnswerPending',
        data: { operation, reference, askAt, standing: known(state) },
      });
    }
    case 'unanswered':
      return unanswered(operation, call, result, at, state);
    case 'succeeded':
      if (kindOf(operation) === 'void') return voided(state);
      if (call.refundId !== null) return refunded(call.refundId, result.reference, state);
      return captured(call, result.reference, state);
    case 'declined':
      if (operation === 'authorize') return declined(result, state);
      if (kindOf(operation) === 'void') return voidFailed(result, state);
      if (call.refundId !== null) return refundFailed(call.refundId, result, state);
      return captureFailed(call, result, state);
  }
}

/** The provider holds the amount. A payment that nobody waits for any more lets it go at once. */
function authorized(reference: string, state: Readonly<PaymentState>): PaymentDecision {
  const { standing, amount } = state;
  if (standing.authorized !== '0') return NOTHING_NEW;
  const event = (status: 'AUTHORIZED' | 'VOIDING'): PaymentEvent => ({
    type: 'PaymentAuthorized',
    data: { amount, reference, standing: { ...standing, status, authorized: amount } },
  });
  switch (standing.status) {
    case 'PENDING':
      return accept(event('AUTHORIZED'));
    case 'VOIDING':
      return accept(event('VOIDING'));
    case 'DECLINED':
    case 'FAILED': {
      const late = event('VOIDING');
      const reason = 'The provider held the amount after it had been given up.';
      return accept(late, { type: 'VoidRequested', data: { reason, standing: late.data.standing } });
    }
    case 'NONE':
    case 'AUTHORIZED':
    case 'VOIDED':
    case 'CAPTURED':
    case 'REFUNDED':
      return NOTHING_NEW;
  }
}

function declined(
  { reference, code, detail }: Pick<Failure, 'reference' | 'code' | 'detail'>,
  state: Readonly<PaymentState>,
): PaymentDecision {
  const standing = { ...state.standing, status: 'DECLINED' as const };
  return accept({ type: 'PaymentDeclined', data: { reference, code, detail, standing } });
}

function unanswered(
  operation: string,
  call: OpenCall,
  { code, detail, retryAfterMs = 0 }: Unanswered,
  at: string,
  state: Readonly<PaymentState>,
): PaymentDecision {
  const failures = call.failures + 1;
  if (operation === 'authorize' && failures >= AUTHORIZE_FAILURES_MAX) {
    const standing = { ...state.standing, status: 'FAILED' as const };
    return accept({ type: 'PaymentFailed', data: { code, detail, standing } });
  }
  const pause = Math.max(
    backoff(RETRY_FIRST_MS, RETRY_MAX_MS, call.failures),
    Math.min(retryAfterMs, RETRY_MAX_MS),
  );
  const retryAt = later(at, pause);
  return accept({
    type: 'ProviderCallFailed',
    data: { operation, failures, code, detail, retryAt, standing: known(state) },
  });
}

function captured(
  { amount, final }: OpenCall,
  reference: string,
  state: Readonly<PaymentState>,
): PaymentDecision {
  const { standing, captures: capture } = state;
  const total = add(parseDecimal(standing.captured), parseDecimal(amount));
  const left = subtract(heldOf(standing), parseDecimal(amount));
  const released = final ? add(parseDecimal(standing.released), left) : parseDecimal(standing.released);
  const open = !final && left > ZERO;
  const status = open ? ('AUTHORIZED' as const) : settled(total, parseDecimal(standing.refunded));
  const after = { ...standing, status, captured: formatDecimal(total), released: formatDecimal(released) };
  return accept({ type: 'PaymentCaptured', data: { capture, amount, final, reference, standing: after } });
}

function captureFailed(
  { amount, final }: OpenCall,
  { code, detail, released }: Failure,
  state: Readonly<PaymentState>,
): PaymentDecision {
  const { captures: capture } = state;
  const data = { capture, amount, final, code, detail, standing: known(state) };
  const failed: PaymentEvent = { type: 'CaptureFailed', data };
  return released === true ? accept(failed, voidedEvent(detail, state)) : accept(failed);
}

/** A notice of a capture settles the one that is open, if it is about it and not about one before. */
function captureNoticed(
  { reference, captured: noticed }: { readonly reference: string; readonly captured: string },
  state: Readonly<PaymentState>,
): PaymentDecision {
  const call = openCapture(state);
  if (call === undefined) return NOTHING_NEW;
  const wanted = add(parseDecimal(state.standing.captured), parseDecimal(call.amount));
  return parseDecimal(noticed) < wanted ? NOTHING_NEW : captured(call, reference, state);
}

/** The provider has let go, asked or by itself. While a capture is open its own answer says what became of the money. */
function voidNoticed(reference: string, state: Readonly<PaymentState>): PaymentDecision {
  if (state.calls.authorize !== undefined) {
    return declined(
      { reference, code: 'canceled', detail: 'The provider canceled the authorisation.' },
      state,
    );
  }
  if (openCapture(state) !== undefined || heldOf(state.standing) === ZERO) return NOTHING_NEW;
  return voided(state);
}

function voided(state: Readonly<PaymentState>): PaymentDecision {
  return accept(voidedEvent(state.voidReason ?? 'The provider let go of what it held.', state));
}

function voidedEvent(why: string, { standing }: Readonly<PaymentState>): PaymentEvent {
  const held = heldOf(standing);
  const released = formatDecimal(add(parseDecimal(standing.released), held));
  const status = settled(parseDecimal(standing.captured), parseDecimal(standing.refunded));
  const reason = why.slice(0, 256) || 'The provider let go of what it held.';
  return {
    type: 'PaymentVoided',
    data: { amount: formatDecimal(held), reason, standing: { ...standing, status, released } },
  };
}

function voidFailed({ code, detail }: Failure, { standing }: Readonly<PaymentState>): PaymentDecision {
  return accept({
    type: 'VoidFailed',
    data: { code, detail, standing: { ...standing, status: 'AUTHORIZED' } },
  });
}

function refunded(refundId: string, reference: string, state: Readonly<PaymentState>): PaymentDecision {
  const refund = refundOf(state, refundId);
  if (refund?.status !== 'REQUESTED') return NOTHING_NEW;
  const { amount } = refund;
  const standing = refundStanding(
    state.standing,
    add(parseDecimal(state.standing.refunded), parseDecimal(amount)),
  );
  return accept({ type: 'PaymentRefunded', data: { refundId, amount, reference, standing } });
}

/** Banks send refunds back: one that was paid may fail after all. */
function refundFailed(
  refundId: string,
  { code, detail }: { readonly code: string; readonly detail: string },
  state: Readonly<PaymentState>,
): PaymentDecision {
  const refund = refundOf(state, refundId);
  if (refund === undefined || refund.status === 'FAILED') return NOTHING_NEW;
  const { amount, status } = refund;
  const before = parseDecimal(state.standing.refunded);
  const after = status === 'REFUNDED' ? subtract(before, parseDecimal(amount)) : before;
  const standing = refundStanding(state.standing, after);
  return accept({ type: 'RefundFailed', data: { refundId, amount, code, detail, standing } });
}

function refundStanding(standing: Standing, refunded: Scaled) {
  const captured = parseDecimal(standing.captured);
  const open = heldOf(standing) > ZERO;
  const status = open ? knownStatus(standing) : settled(captured, refunded);
  return { ...standing, status, refunded: formatDecimal(refunded) };
}

/** The status of a payment of which nothing is held any more. */
function settled(captured: Scaled, refunded: Scaled): 'VOIDED' | 'CAPTURED' | 'REFUNDED' {
  if (captured === ZERO) return 'VOIDED';
  return refunded === captured ? 'REFUNDED' : 'CAPTURED';
}

/** Where a payment stands that has begun. */
export function known({ standing }: Readonly<PaymentState>) {
  return { ...standing, status: knownStatus(standing) };
}

function knownStatus({ status }: Standing) {
  if (status === 'NONE') throw new Error('nothing is known of a payment that has not begun');
  return status;
}

function backoff(firstMs: number, maxMs: number, times: number): number {
  return Math.min(firstMs * 2 ** Math.min(times, 30), maxMs);
}

function later(at: string, milliseconds: number): string {
  return timeText(millisecondsOf(at) + milliseconds);
}
