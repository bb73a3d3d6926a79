/**
 * The bank of the sandbox: keeps the money of each payment in books of its own, remembers every call by its operation, and
 * misbehaves as its card says. The same calls in the same order get the same answers.
 */
import { add, formatDecimal, parseDecimal, subtract, ZERO } from '../../schemas/decimal.ts';
import {
  kindOf,
  type OperationKind,
  type ProviderCall,
  type ProviderNotice,
  type ProviderResult,
} from '../../schemas/paymentProvider.ts';
import { behaviourOf } from './behaviour.ts';

/** How long an answer takes that comes late. */
export const LATE_MS = 2_000;

/** Between copies of a webhook that is sent several times. */
export const DUPLICATE_MS = 1_000;

/** Calls that a flaky card fails. */
export const FLAKY_FAILURES = 2;

/** What the bank remembers of one operation. */
interface Remembered {
  calls: number;
  /** What it came to, once it was carried out. */
  result: ProviderResult | null;
  /** When that may be told, milliseconds since 1970. */
  readyAt: number;
}

/** A payment in the bank's books. */
export interface BankPayment {
  authorized: string;
  captured: string;
  released: string;
  refunded: string;
  operations: Record<string, Remembered>;
}

/** A webhook that is to be sent. */
export interface Delivery {
  /** The same for every copy. */
  readonly deliveryId: string;
  readonly paymentId: string;
  readonly notice: ProviderNotice;
  readonly dueAt: number;
}

/** What the bank needs of the world. */
export interface BankDeps {
  load(paymentId: string): BankPayment | undefined;
  save(paymentId: string, payment: BankPayment): void;
  schedule(delivery: Delivery): void;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Carries a call out, or does with it what its card says. One synchronous turn. */
export function performAtBank(deps: BankDeps, call: ProviderCall, paymentId: string): ProviderResult {
  const kind = kindOf(call.operation);
  const { behaviour, detail } = behaviourOf(call.token, kind);
  if (behaviour === 'fault') return unanswered('internal_error', 'The sandbox has an internal error.');
  const payment = deps.load(paymentId) ?? newPayment();
  const operation = payment.operations[call.operation] ?? { calls: 0, result: null, readyAt: 0 };
  payment.operations[call.operation] = operation;
  operation.calls++;
  const first = operation.calls === 1;
  if (behaviour === 'flaky' && operation.calls <= FLAKY_FAILURES) {
    deps.save(paymentId, payment);
    return unanswered('service_unavailable', 'The sandbox is not available.');
  }
  const slow = behaviour === 'late' || behaviour === 'lost';
  operation.result ??= declines(behaviour, detail)
    ? declined(paymentId, detail ?? 'card_declined')
    : carryOut(payment, kind, call, paymentId);
  if (first) {
    operation.readyAt = deps.now() + (slow ? LATE_MS : 0);
    const notice = noticeOf(kind, operation.result, payment, { call, paymentId });
    const deliveryId = `${paymentId}-${call.operation}`;
    for (const dueAt of deliveryTimes(behaviour, deps.now())) {
      deps.schedule({ deliveryId, paymentId, notice, dueAt });
    }
  }
  deps.save(paymentId, payment);
  if (behaviour === 'timeout' && first) return unanswered('timeout', 'The sandbox did not answer in time.');
  if (deps.now() < operation.readyAt) return { outcome: 'pending', reference: referenceOf(paymentId, call) };
  return operation.result;
}

/** A late answer is a no where its card says with what. */
function declines(behaviour: string, detail: string | undefined): boolean {
  return behaviour === 'decline' || ((behaviour === 'late' || behaviour === 'lost') && detail !== undefined);
}

function deliveryTimes(behaviour: string, now: number): number[] {
  if (behaviour === 'late' || behaviour === 'timeout') return [now + LATE_MS];
  if (behaviour === 'duplicate') return [now, now + DUPLICATE_MS, now + 2 * DUPLICATE_MS];
  return [];
}

/** Moves the money, as far as there is any: the bank trusts nobody's sums but its own. */
function carryOut(
  payment: BankPayment,
  kind: OperationKind,
  call: ProviderCall,
  paymentId: string,
): ProviderResult {
  const amount = parseDecimal(call.amount);
  const captured = parseDecimal(payment.captured);
  const released = parseDecimal(payment.released);
  const held = subtract(subtract(parseDecimal(payment.authorized), captured), released);
  switch (kind) {
    case 'authorize':
      payment.authorized = formatDecimal(add(parseDecimal(payment.authorized), amount));
      break;
    case 'capture':
      if (amount > held) return declined(paymentId, 'amount_too_large');
      payment.captured = formatDecimal(add(captured, amount));
      if (call.final) payment.released = formatDecimal(add(released, subtract(held, amount)));
      break;
    case 'void':
      if (held === ZERO) return declined(paymentId, 'nothing_held');
      payment.released = formatDecimal(add(released, held));
      break;
    case 'refund': {
      const refunded = add(parseDecimal(payment.refunded), amount);
      if (refunded > captured) return declined(paymentId, 'amount_too_large');
      payment.refunded = formatDecimal(refunded);
    }
  }
  return { outcome: 'succeeded', reference: referenceOf(paymentId, call) };
}

/** What a webhook says of an operation that was carried out. */
function noticeOf(
  kind: OperationKind,
  result: ProviderResult,
  { captured }: BankPayment,
  { call, paymentId }: { readonly call: ProviderCall; readonly paymentId: string },
): ProviderNotice {
  const reference = referenceOf(paymentId, call);
  const refundId = call.refundId ?? '';
  if (result.outcome === 'declined') {
    const { code, detail } = result;
    if (kind === 'refund') return { notice: 'refund_failed', reference, refundId, code, detail };
    return { notice: 'declined', reference, code, detail };
  }
  switch (kind) {
    case 'authorize':
      return { notice: 'authorized', reference };
    case 'capture':
      return { notice: 'captured', reference, captured };
    case 'void':
      return { notice: 'voided', reference };
    case 'refund':
      return { notice: 'refunded', reference, refundId };
  }
}

function newPayment(): BankPayment {
  return { authorized: '0', captured: '0', released: '0', refunded: '0', operations: {} };
}

function referenceOf(paymentId: string, { refundId }: ProviderCall): string {
  return refundId === null ? `sandbox_${paymentId}` : `sandbox_${paymentId}_${refundId}`;
}

function declined(paymentId: string, code: string): ProviderResult {
  return {
    outcome: 'declined',
    reference: `sandbox_${paymentId}`,
    code,
    detail: `The sandbox declines with ${code}.`,
  };
}

function unanswered(code: string, detail: string): ProviderResult {
  return { outcome: 'unanswered', code, detail };
}
