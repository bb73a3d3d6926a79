/** Wires payment providers to this Worker's settings, for what they send by themselves: calls are made by the payments. */
import type { Webhook, WebhookReading } from '../payments/provider.ts';
import { webhookReaders } from '../payments/providers.ts';
import type { PaymentProvider } from '../schemas/paymentProvider.ts';
import type { Env } from './env.ts';

/** Reads webhooks of a provider. */
export function webhookReader(env: Env, provider: PaymentProvider): (webhook: Webhook) => WebhookReading {
  return webhookReaders(env, () => Date.now())[provider];
}
