/** A payment as its events tell it, and what it wants of its provider. */
import { formatDecimal, parseDecimal, type Scaled, subtract, ZERO } from '../../schemas/decimal.ts';
import type { PaymentEvent, PaymentStanding, PaymentStatus } from '../../schemas/payment.ts';
import type { PaymentProvider, ProtectedCall } from '../../schemas/paymentProvider.ts';
import type { Encrypted } from '../../schemas/personal.ts';
import { millisecondsOf } from '../../schemas/time.ts';
import type { Effect } from '../kernel/decider.ts';

/** A call that the provider has not answered for good. */
export interface OpenCall {
  amount: string;
  /** Of a capture. */
  final: boolean;
  /** Of a refund. */
  refundId: string | null;
  /** Calls without an answer, in a row. */
  failures: number;
  /** Answers that it is under way. */
  waits: number;
  /** The provider's id of what is under way. */
  reference: string | null;
  /** When the provider is called, milliseconds since 1970; 0 at once. */
  dueAt: number;
}

/** A refund that was asked for. */
export interface Refund {
  amount: string;
  status: 'REQUESTED' | 'REFUNDED' | 'FAILED';
}

/** `NONE` is before the first event. */
export type Standing = Omit<PaymentStanding, 'status'> & { readonly status: PaymentStatus | 'NONE' };

/** The payment as its events tell it. Amounts are decimal strings. */
export interface PaymentState {
  orderId: string;
  customerId: string;
  amount: string;
  currency: string;
  method: string;
  token: Encrypted | string;
  provider: PaymentProvider;
  /** The provider's id of the payment. */
  reference: string | null;
  standing: Standing;
  /** Captures asked for so far. */
  captures: number;
  /** By `#` and id: a bare id may be a number or `__proto__`. */
  refunds: Record<string, Refund>;
  /** Why the money is to be let go, once somebody wants that. */
  voidReason: string | null;
  /** How often the provider was asked to let go: each time is another call. */
  voids: number;
  /** Calls without a final answer, by operation. */
  calls: Record<string, OpenCall>;
}

/** Before the first event. */
export function initial(): PaymentState {
  return {
    orderId: '',
    customerId: '',
    amount: '0',
    currency: '',
    method: '',
    token: '',
    provider: 'sandbox',
    reference: null,
    standing: { status: 'NONE', authorized: '0', captured: '0', released: '0', refunded: '0' },
    captures: 0,
    refunds: {},
    voidReason: null,
    voids: 0,
    calls: {},
  };
}

/** What is held and neither captured nor let go. */
export function heldOf({ authorized, captured, released }: Standing): Scaled {
  return subtract(subtract(parseDecimal(authorized), parseDecimal(captured)), parseDecimal(released));
}

/** The refund of an id. */
export function refundOf(
  { refunds }: Readonly<PaymentState>,
  refundId: string,
): Readonly<Refund> | undefined {
  return refunds[`#${refundId}`];
}

/** The capture that the provider has not answered, if any. */
export function openCapture({ calls, captures }: Readonly<PaymentState>): OpenCall | undefined {
  return captures === 0 ? undefined : calls[`capture-${captures}`];
}

/** What the provider is to do or to be asked about now, and when. */
export function* effects(state: Readonly<PaymentState>): Iterable<Effect<ProtectedCall>> {
  const { provider, orderId, currency, token, reference } = state;
  const { captured } = state.standing;
  for (const [operation, call] of Object.entries(state.calls)) {
    const { amount, final, refundId, failures, reference: pending, dueAt } = call;
    const common = { operation, provider, orderId, currency, token, captured, payment: reference };
    yield { effect: operation, dueAt, request: { ...common, amount, final, refundId, pending, failures } };
  }
}

function openCall(amount: string, more: Partial<OpenCall> = {}): OpenCall {
  return { amount, final: false, refundId: null, failures: 0, waits: 0, reference: null, dueAt: 0, ...more };
}

/** The state after the event. */
export function evolve(state: PaymentState, event: PaymentEvent): PaymentState {
  state.standing = event.data.standing;
  switch (event.type) {
    case 'PaymentAuthorizationRequested': {
      const { standing: _, ...request } = event.data;
      Object.assign(state, request);
      state.calls.authorize = openCall(request.amount);
      return state;
    }
    case 'PaymentAuthorized':
      state.reference = event.data.reference;
      delete state.calls.authorize;
      wantVoid(state);
      return state;
    case 'PaymentDeclined':
      state.reference = event.data.reference ?? state.reference;
      delete state.calls.authorize;
      return state;
    case 'PaymentFailed':
      delete state.calls.authorize;
      return state;
    case 'VoidRequested':
      state.voidReason = event.data.reason;
      wantVoid(state);
      return state;
    case 'PaymentVoided':
      state.voidReason = event.data.reason;
      delete state.calls[voidOperation(state)];
      return state;
    case 'VoidFailed':
      state.voidReason = null;
      delete state.calls[voidOperation(state)];
      return state;
    case 'ProviderAnswerPending':
    case 'ProviderCallFailed':
      return waiting(state, event);
    case 'CaptureRequested':
    case 'PaymentCaptured':
    case 'CaptureFailed':
      return captured(state, event);
    case 'RefundRequested':
    case 'PaymentRefunded':
    case 'RefundFailed':
      return refunded(state, event);
  }
}

/** Lets go of what is held, once it is known to be held. */
function wantVoid(state: PaymentState): void {
  const held = heldOf(state.standing);
  if (state.voidReason === null || held === ZERO || state.calls[voidOperation(state)] !== undefined) return;
  state.voids++;
  state.calls[voidOperation(state)] = openCall(formatDecimal(held));
}

/** The last call to let go: another one has another key, or its answer would be taken for that of the one before. */
function voidOperation({ voids }: Readonly<PaymentState>): string {
  return voids > 1 ? `void-${voids}` : 'void';
}

type Named<Type extends PaymentEvent['type']> = Extract<PaymentEvent, { type: Type }>;

function waiting(
  state: PaymentState,
  event: Named<'ProviderAnswerPending' | 'ProviderCallFailed'>,
): PaymentState {
  const call = state.calls[event.data.operation];
  if (call === undefined) return state;
  if (event.type === 'ProviderCallFailed') {
    call.failures = event.data.failures;
    call.dueAt = millisecondsOf(event.data.retryAt);
    return state;
  }
  call.failures = 0;
  call.waits++;
  call.reference = event.data.reference;
  call.dueAt = millisecondsOf(event.data.askAt);
  if (event.data.operation === 'authorize') state.reference = event.data.reference;
  return state;
}

function captured(
  state: PaymentState,
  { type, data }: Named<'CaptureRequested' | 'PaymentCaptured' | 'CaptureFailed'>,
): PaymentState {
  const operation = `capture-${data.capture}`;
  state.captures = data.capture;
  if (type === 'CaptureRequested') state.calls[operation] = openCall(data.amount, { final: data.final });
  else delete state.calls[operation];
  return state;
}

const REFUND_STATUS = {
  RefundRequested: 'REQUESTED',
  PaymentRefunded: 'REFUNDED',
  RefundFailed: 'FAILED',
} as const;

function refunded(
  state: PaymentState,
  { type, data }: Named<'RefundRequested' | 'PaymentRefunded' | 'RefundFailed'>,
): PaymentState {
  const { refundId, amount } = data;
  const operation = `refund-${refundId}`;
  state.refunds[`#${refundId}`] = { amount, status: REFUND_STATUS[type] };
  if (type === 'RefundRequested') state.calls[operation] = openCall(amount, { refundId });
  else delete state.calls[operation];
  return state;
}
