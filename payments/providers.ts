/** Which provider new payments go to, and every provider made of the Worker's variables and secrets. */
import { PAYMENT_PROVIDERS, type PaymentProvider, type ProviderChoice } from '../schemas/paymentProvider.ts';
import type { Provider, Providers, Webhook, WebhookReading } from './provider.ts';
import { readSandboxWebhook } from './sandbox/webhook.ts';
import { STRIPE_URL, type StripeDeps } from './stripe/http.ts';
import { StripeProvider } from './stripe/stripe.ts';
import { readStripeWebhook } from './stripe/webhook.ts';

/** Variables and secrets of the Worker (docs/operations.md, "Payments"). */
export interface PaymentSettings {
  /** The provider of new payments; the sandbox where it is absent. Payments stay with the provider that they began with. */
  readonly PAYMENT_PROVIDER?: string;
  readonly STRIPE_SECRET_KEY?: string;
  /** Signing secrets of the webhook endpoint; a comma separates them while one takes over from another. */
  readonly STRIPE_WEBHOOK_SECRET?: string;
  /** Where Stripe's API is, for tests. */
  readonly STRIPE_URL?: string;
  /**
   * What the sandbox signs its webhooks with. Its money is play money, but whoever can sign them says which orders are paid.
   * Local runs make one.
   */
  readonly SANDBOX_WEBHOOK_SECRET?: string;
}

/** Secrets that stood in this repository: everybody knows them, so that they prove nothing. */
const PUBLISHED: ReadonlySet<string> = new Set(['sandbox-webhooks']);

/** Whether a secret is one that everybody knows. */
export function isPublished(secret: string): boolean {
  return PUBLISHED.has(secret.trim());
}

/** What providers need of the world. */
export interface ProviderWorld {
  /** The bank of the sandbox, which remembers. */
  readonly bank: Provider['perform'];
  readonly fetch: StripeDeps['fetch'];
}

/** The provider of new payments, and what it lacks. */
export function providerChoice(settings: PaymentSettings): ProviderChoice {
  const { PAYMENT_PROVIDER: wanted = 'sandbox' } = settings;
  const provider = PAYMENT_PROVIDERS.find((name) => name === wanted);
  if (provider === undefined) {
    const names = PAYMENT_PROVIDERS.join(' or ');
    return { provider: 'sandbox', missing: `PAYMENT_PROVIDER must be ${names}` };
  }
  return { provider, missing: missingOf(provider, settings) };
}

function missingOf(provider: PaymentProvider, settings: PaymentSettings): string | undefined {
  switch (provider) {
    case 'sandbox':
      if (sandboxSecret(settings) !== undefined) return undefined;
      return `the secret SANDBOX_WEBHOOK_SECRET is ${isAbsent(settings.SANDBOX_WEBHOOK_SECRET) ? 'not bound' : 'one that everybody knows'}`;
    case 'stripe':
      return isAbsent(settings.STRIPE_SECRET_KEY) ? 'the secret STRIPE_SECRET_KEY is not bound' : undefined;
  }
}

/** The providers; one that lacks its secret throws when it is asked for, and says what is missing. */
export function paymentProviders(settings: PaymentSettings, world: ProviderWorld): Providers {
  const made = new Map<PaymentProvider, Provider>();
  return (name) => {
    const missing = missingOf(name, settings);
    if (missing !== undefined) throw new Error(`payments through ${name} are not set up: ${missing}`);
    const provider = made.get(name) ?? make(name, settings, world);
    made.set(name, provider);
    return provider;
  };
}

function make(name: PaymentProvider, settings: PaymentSettings, world: ProviderWorld): Provider {
  const { STRIPE_SECRET_KEY: secretKey = '', STRIPE_URL: url = STRIPE_URL } = settings;
  switch (name) {
    case 'sandbox':
      return { perform: world.bank };
    case 'stripe':
      return new StripeProvider({ secretKey, url, fetch: world.fetch });
  }
}

/** What the sandbox signs with: the first of its secrets, as the newest one of a rotation; undefined where there is none to trust. */
export function sandboxSecret(settings: PaymentSettings): string | undefined {
  return listOf(settings.SANDBOX_WEBHOOK_SECRET)[0];
}

/** Reads a webhook of each provider. Needs the webhooks' secrets alone, and `now` in milliseconds since 1970. */
export function webhookReaders(
  settings: PaymentSettings,
  now: () => number,
): Readonly<Record<PaymentProvider, (webhook: Webhook) => WebhookReading>> {
  const seconds = () => Math.floor(now() / 1_000);
  return {
    sandbox: (webhook) => readSandboxWebhook(webhook, listOf(settings.SANDBOX_WEBHOOK_SECRET), seconds()),
    stripe: (webhook) => readStripeWebhook(webhook, listOf(settings.STRIPE_WEBHOOK_SECRET), seconds()),
  };
}

/** Without a secret of the operator's own nothing that comes in can be trusted, and nothing is. */
function listOf(secrets = ''): string[] {
  return secrets
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '' && !isPublished(secret));
}

function isAbsent(secret: string | undefined): boolean {
  return secret === undefined || secret === '';
}
