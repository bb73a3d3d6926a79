/** What every payment provider is to Folio: calls that it answers, and webhooks that it sends. */
import type { CommandEnvelope } from '../schemas/envelope.ts';
import type {
  PaymentProvider,
  ProtectedCall,
  ProviderCall,
  ProviderNotice,
  ProviderResult,
} from '../schemas/paymentProvider.ts';
import { type Encrypted, isEncrypted, type OpenAnswer } from '../schemas/personal.ts';

/** A webhook as it came in: nothing of it is known to be true before its signature is. */
export interface Webhook {
  /** The bytes of the body, as they were signed. */
  readonly body: Uint8Array;
  header(name: string): string | undefined;
}

/** The JSON of a webhook's body; undefined where it is none. */
export function webhookJson({ body }: Pick<Webhook, 'body'>): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
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

/** What a payment makes its calls with. */
export interface CallDeps {
  readonly providers: Providers;
  /** Decrypts a token. */
  open(token: Encrypted): Promise<OpenAnswer>;
}

/**
 * The effects of a payment: makes the call and answers with the command that records what it came to. The token is decrypted
 * for the call and kept nowhere. `again`: the call may have been made before without being heard of.
 */
export async function performCall(
  { providers, open }: CallDeps,
  paymentId: string,
  request: unknown,
  again: boolean,
) {
  const { token: stored, ...call } = request as ProtectedCall;
  const { operation, provider } = call;
  const record = (result: ProviderResult) => ({ type: 'RecordProviderResult', data: { operation, result } });
  // Whatever follows the authorisation goes by the provider's own id of the payment.
  const isAsked = operation === 'authorize' && call.pending === null;
  const token = await tokenOf(stored, open, isAsked);
  if (token === undefined && isAsked) return record(withoutToken(again || call.failures > 0));
  const result = await providers(provider).perform({ ...call, token: token ?? '' }, paymentId);
  return record(token === undefined ? result : unnamed(result, token));
}

/**
 * The token in the clear; undefined where its customer was erased. Throws where it cannot be read and is needed, which is ours to mend:
 * the money of a customer whose key is lost can still be taken, let go and given back.
 */
async function tokenOf(
  token: Encrypted | string,
  open: CallDeps['open'],
  isNeeded: boolean,
): Promise<string | undefined> {
  if (!isEncrypted(token)) return token;
  const answer = await open(token);
  if (answer.status === 'unreadable' && isNeeded) throw new Error('the payment token cannot be decrypted');
  return answer.status === 'open' ? (JSON.parse(answer.text) as string) : undefined;
}

/** Nobody can be asked for money by a token that is gone. Whether somebody was before, only the provider could say. */
function withoutToken(mayHaveBeenAsked: boolean): ProviderResult {
  const code = 'customer_erased';
  if (mayHaveBeenAsked)
    return { outcome: 'unanswered', code, detail: 'The customer was erased: the call cannot be made again.' };
  const detail = 'The customer was erased before the payment was asked for.';
  return { outcome: 'declined', reference: null, code, detail };
}

/** A shorter token is in every other word, and no provider's. */
const TOKEN_LENGTH_MIN = 4;

/** What the provider said without the token, should it repeat it: its words are kept for good. */
function unnamed(result: ProviderResult, token: string): ProviderResult {
  if (!('detail' in result) || token.length < TOKEN_LENGTH_MIN) return result;
  const without = (text: string) => text.replaceAll(token, '[token]');
  return { ...result, code: without(result.code), detail: without(result.detail) };
}

/** The idempotency key of a call: one for each operation of each payment, far under the 255 characters that providers take. */
export function idempotencyKey(paymentId: string, { operation }: Pick<ProviderCall, 'operation'>): string {
  return `${paymentId}:${operation}`;
}
