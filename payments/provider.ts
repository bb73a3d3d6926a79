/** What every payment provider is to Folio: calls that it answers, and webhooks that it sends. */
import type { CommandEnvelope } from '../schemas/envelope.ts';
import type {
  PaymentProvider,
  ProviderCall,
  ProviderNotice,
  ProviderResult,
} from '../schemas/paymentProvider.ts';

/** A webhook as it came in: nothing of it is known to be true before its signature is. */
export interface Webhook {
  /** The bytes of the body, as they were signed. */
  readonly body: Uint8Array;
  header(name: string): string | undefined;
}

/** What a webhook turned out to be. */
export type WebhookReading =
  /** Not sent by the provider, or too long ago. */
  | { readonly status: 'forged'; readonly detail: string }
  /** Sent by the provider, about nothing that Folio follows. */
  | { readonly status: 'ignored'; readonly detail: string }
  | {
      readonly status: 'notice';
      /** The same however often it is delivered. */
      readonly deliveryId: string;
      readonly paymentId: string;
      readonly notice: ProviderNotice;
    };

/**
 * The command that tells a payment of a webhook. The delivery's id is the command's, with spaces, which no client's can have:
 * every copy of it is recognised.
 */
export function noticeCommand(
  provider: PaymentProvider,
  { deliveryId, notice }: Pick<Extract<WebhookReading, { status: 'notice' }>, 'deliveryId' | 'notice'>,
): CommandEnvelope {
  const commandId = `webhook ${provider} ${deliveryId}`;
  return { commandId, type: 'RecordProviderNotice', data: { provider, notice } };
}

/** A payment provider, as a payment calls it. Its webhooks come in by another way (`providers.ts`). */
export interface Provider {
  /**
   * Makes a call of a payment. `paymentId` and the call's operation are its idempotency key: made again, it is the same call.
   * Whatever the provider says is a result; a throw means that it was not asked, since something is wrong on our side.
   */
  perform(call: ProviderCall, paymentId: string): Promise<ProviderResult>;
}

/** Milliseconds that a call may take: less than the kernel waits before it takes an effect for lost. */
export const PROVIDER_TIMEOUT_MS = 20_000;

/** Providers by name, each made when it is first needed: one that is not configured throws, and says what is missing. */
export type Providers = (name: PaymentProvider) => Provider;

/** The effects of a payment: makes the call and answers with the command that records what it came to. */
export async function performCall(providers: Providers, paymentId: string, request: unknown) {
  const call = request as ProviderCall;
  const result = await providers(call.provider).perform(call, paymentId);
  return { type: 'RecordProviderResult', data: { operation: call.operation, result } };
}

/** The idempotency key of a call: one for each operation of each payment, far under the 255 characters that providers take. */
export function idempotencyKey(paymentId: string, { operation }: Pick<ProviderCall, 'operation'>): string {
  return `${paymentId}:${operation}`;
}
