/**
 * The bank behind the sandbox provider, spread over a fixed number of objects by payment. It sends its webhooks to this
 * platform's own entry, as a provider outside would.
 */
import { DurableObject, exports } from 'cloudflare:workers';
import { sandboxSecret } from '../../payments/providers.ts';
import type { BankPayment, Delivery } from '../../payments/sandbox/bank.ts';
import { sandboxWebhook } from '../../payments/sandbox/webhook.ts';
import type { ProviderCall, ProviderResult } from '../../schemas/paymentProvider.ts';
import type { ActorEnv } from '../env.ts';
import { SandboxBank } from './bank.ts';

/** The host is not looked at: the request never leaves the Worker. */
const WEBHOOK_URL = 'https://folio.internal/v1/webhooks/payments/sandbox';

export class SandboxActor extends DurableObject<ActorEnv> {
  readonly #bank: SandboxBank;

  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env);
    this.#bank = new SandboxBank(ctx.storage, () => Date.now());
  }

  perform(call: ProviderCall, paymentId: string): ProviderResult {
    const result = this.#bank.perform(call, paymentId);
    this.#rearm();
    return result;
  }

  books(paymentId: string): BankPayment | null {
    return this.#bank.books(paymentId);
  }

  override async alarm(): Promise<void> {
    try {
      await this.#bank.deliver((delivery) => this.#send(delivery));
    } finally {
      this.#rearm();
    }
  }

  async #send(delivery: Delivery): Promise<boolean> {
    const secret = sandboxSecret(this.env);
    // Nobody would believe it: it waits for a secret.
    if (secret === undefined) return false;
    const request = sandboxWebhook(delivery, secret, Math.floor(Date.now() / 1_000));
    const self = exports as unknown as { readonly default: Fetcher };
    const response = await self.default.fetch(WEBHOOK_URL, { method: 'POST', ...request });
    await response.body?.cancel();
    return response.ok;
  }

  #rearm(): void {
    const at = this.#bank.nextDeliveryAt();
    if (at !== undefined) void this.ctx.storage.setAlarm(at);
  }
}
