/** A bank that answers late, twice or never, says no at will, and sends refunds back; its own books are what a payment is held against. */
import type { Random } from '../../demo/random.ts';
import {
  kindOf,
  type ProtectedCall,
  type ProviderNotice,
  type ProviderResult,
} from '../../schemas/paymentProvider.ts';

/** The reference of everything that it does. */
const REFERENCE = 'bank-1';

const NO = { code: 'no', detail: 'The bank says no.' };

/** Chances of 0 to 1, per call. */
export interface BankHabits {
  readonly declines: number;
  readonly unanswered: number;
  readonly pending: number;
  readonly notices: number;
}

/** One that does whatever banks do. */
export const UNSTEADY: BankHabits = { declines: 0.2, unanswered: 0.2, pending: 0.2, notices: 0.4 };

/** One that answers each call, as it likes. */
export const STEADY: BankHabits = { declines: 0.2, unanswered: 0, pending: 0, notices: 0 };

/** One that does as it is told. */
export const OBEDIENT: BankHabits = { ...STEADY, declines: 0 };

export class UnsteadyBank {
  authorized = 0;
  captured = 0;
  released = 0;
  refunded = 0;
  habits: BankHabits;
  /** What it has said by itself and nobody has heard. */
  readonly notices: ProviderNotice[] = [];
  /** Refunds that were paid, by their ids. */
  readonly #paid = new Map<string, number>();
  /** What each operation came to. */
  readonly #done = new Map<string, ProviderResult>();
  readonly #random: Random;

  constructor(random: Random, habits: BankHabits) {
    this.#random = random;
    this.habits = habits;
  }

  get held(): number {
    return this.authorized - this.captured - this.released;
  }

  perform(call: ProtectedCall): ProviderResult {
    const { unanswered, pending } = this.habits;
    const isCarriedOut = this.#random.chance(0.5);
    if (this.#random.chance(unanswered)) {
      if (isCarriedOut) this.#result(call);
      return { outcome: 'unanswered', code: 'timeout', detail: '' };
    }
    if (this.#random.chance(pending)) {
      if (isCarriedOut) this.#result(call);
      return { outcome: 'pending', reference: REFERENCE };
    }
    return this.#result(call);
  }

  /** It lets go of what it holds, or sends a refund back, unasked. */
  acts(): void {
    const [refundId] = this.#paid.keys();
    if (refundId !== undefined && this.#random.chance(0.5)) {
      this.refunded -= this.#paid.get(refundId) as number;
      this.#paid.delete(refundId);
      this.notices.push({ notice: 'refund_failed', reference: REFERENCE, refundId, ...NO });
    } else if (this.held > 0) {
      this.released += this.held;
      this.notices.push({ notice: 'voided', reference: REFERENCE });
    }
  }

  #result(call: ProtectedCall): ProviderResult {
    const known = this.#done.get(call.operation);
    if (known !== undefined) return known;
    const isDone = !this.#random.chance(this.habits.declines) && this.#carryOut(call);
    const result: ProviderResult = isDone
      ? { outcome: 'succeeded', reference: REFERENCE }
      : {
          outcome: 'declined',
          reference: REFERENCE,
          ...NO,
          released: this.authorized > 0 && this.held === 0,
        };
    this.#done.set(call.operation, result);
    if (this.#random.chance(this.habits.notices)) this.notices.push(this.#noticeOf(call, isDone));
    return result;
  }

  #carryOut({ operation, amount: text, final, refundId }: ProtectedCall): boolean {
    const amount = Number(text);
    switch (kindOf(operation)) {
      case 'authorize':
        this.authorized += amount;
        return true;
      case 'capture':
        if (amount > this.held) return false;
        this.captured += amount;
        if (final) this.released += this.held;
        return true;
      case 'void':
        this.released += this.held;
        return true;
      case 'refund':
        if (this.refunded + amount > this.captured) return false;
        this.refunded += amount;
        this.#paid.set(refundId as string, amount);
        return true;
    }
  }

  #noticeOf({ operation, refundId }: ProtectedCall, isDone: boolean): ProviderNotice {
    const reference = REFERENCE;
    const refund = { reference, refundId: refundId ?? '' };
    switch (kindOf(operation)) {
      case 'refund':
        return isDone ? { notice: 'refunded', ...refund } : { notice: 'refund_failed', ...refund, ...NO };
      case 'authorize':
        return isDone ? { notice: 'authorized', reference } : { notice: 'declined', reference, ...NO };
      case 'capture':
        return isDone
          ? { notice: 'captured', reference, captured: String(this.captured) }
          : { notice: 'declined', reference, ...NO };
      case 'void':
        return isDone ? { notice: 'voided', reference } : { notice: 'declined', reference, ...NO };
    }
  }
}
