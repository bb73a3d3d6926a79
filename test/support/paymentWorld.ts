/** A payment with its provider, without a runtime: commands are decided, and calls made until nothing is open. */
import { type PaymentState, paymentDecider } from '../../actors/payment/decider.ts';
import { effects } from '../../actors/payment/state.ts';
import { type Providers, performCall } from '../../payments/provider.ts';
import type { PaymentCommand, PaymentEvent } from '../../schemas/payment.ts';
import type { PaymentProvider } from '../../schemas/paymentProvider.ts';

/** Calls that a test makes before it takes a payment for one that never comes to rest. */
const CALLS_MAX = 100;

export class PaymentWorld {
  readonly paymentId: string;
  readonly events: PaymentEvent[] = [];
  /** Milliseconds since 1970. */
  now: number;
  state: PaymentState;
  readonly #decider: ReturnType<typeof paymentDecider>;
  readonly #providers: Providers;

  constructor(paymentId: string, provider: PaymentProvider, providers: Providers, now = Date.now()) {
    this.paymentId = paymentId;
    this.now = now;
    this.#providers = providers;
    this.#decider = paymentDecider({ provider });
    this.state = this.#decider.initial();
  }

  /** Decides a command; answers `accepted` or the refusal's name. */
  command(command: PaymentCommand): string {
    const at = new Date(this.now).toISOString();
    const decision = this.#decider.decide({ ...command, at }, this.state);
    if (!decision.accepted) return decision.refusal.code;
    for (const event of decision.events) {
      this.events.push(event);
      this.state = this.#decider.evolve(this.state, event);
    }
    return 'accepted';
  }

  /** Makes the call that is due first, at its time; answers whether there was one. */
  async callNext(): Promise<boolean> {
    const [first] = [...effects(this.state)].sort((a, b) => a.dueAt - b.dueAt);
    if (first === undefined) return false;
    this.now = Math.max(this.now, first.dueAt);
    const outcome = await performCall(
      { providers: this.#providers, open: () => Promise.reject(new Error('nothing is encrypted here')) },
      this.paymentId,
      first.request,
      false,
    );
    this.command(outcome as PaymentCommand);
    return true;
  }

  /** Makes calls until nothing is open. */
  async settle(): Promise<void> {
    for (let calls = 0; await this.callNext(); calls++) {
      if (calls === CALLS_MAX)
        throw new Error(`${this.paymentId} does not come to rest: ${this.state.standing.status}`);
    }
  }
}
