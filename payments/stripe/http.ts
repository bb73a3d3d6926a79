/** Stripe's API over HTTP: form-encoded requests, JSON replies, and what its errors mean (docs.stripe.com/api/errors). */
import { z } from 'zod';
import type { ProviderResult } from '../../schemas/paymentProvider.ts';
import { PROVIDER_TIMEOUT_MS } from '../provider.ts';
import { wordsOf } from './objects.ts';

/** The version of the API that this adapter was written for: replies keep its shape whatever Stripe adds. */
export const STRIPE_VERSION = '2025-04-30.basil';

/** Where Stripe is. */
export const STRIPE_URL = 'https://api.stripe.com';

/** Bytes of a reply: a page of a hundred refunds has some hundred kilobytes. */
const REPLY_BYTES_MAX = 4 * 1024 * 1024;

/** What the adapter needs of the world. */
export interface StripeDeps {
  readonly secretKey: string;
  /** Where the API is; tests have their own. */
  readonly url: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

const ErrorReply = z.object({
  error: z.object({
    type: z.string(),
    code: z.string().nullish(),
    decline_code: z.string().nullish(),
    message: z.string().nullish(),
    payment_intent: z.object({ id: z.string() }).nullish(),
  }),
});

/** A request that Stripe did not grant. */
export interface Refused {
  readonly ok: false;
  readonly result: Extract<ProviderResult, { outcome: 'declined' | 'unanswered' }>;
  /** Whether the idempotency key is spent: it stands for this reply, or for another request. */
  readonly replayed: boolean;
}

/** What Stripe replied. */
export type Reply<Value> = { readonly ok: true; readonly value: Value } | Refused;

/**
 * Sends one request. Throws where Stripe does not know our key. What cannot be read may come from anybody on the way: whether anything
 * happened is then not known.
 */
export async function send<Value>(
  deps: StripeDeps,
  request: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly idempotencyKey?: string;
  },
  shape: z.ZodType<Value>,
): Promise<Reply<Value>> {
  const { method, path, parameters = {}, idempotencyKey } = request;
  const form = new URLSearchParams(parameters).toString();
  const headers: Record<string, string> = {
    Authorization: `Bearer ${deps.secretKey}`,
    'Stripe-Version': STRIPE_VERSION,
    ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
    ...(method === 'POST' ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
  };
  const query = method === 'GET' && form !== '' ? `?${form}` : '';
  let response: Response;
  let text: string;
  try {
    response = await deps.fetch(`${deps.url}${path}${query}`, {
      method,
      headers,
      ...(method === 'POST' ? { body: form } : {}),
      // Stripe sends nobody elsewhere: who does is not Stripe, and what is said there is no answer.
      redirect: 'manual',
      signal: AbortSignal.timeout(PROVIDER_TIMEOUT_MS),
    });
    text = await boundedText(response);
  } catch (error) {
    if (error instanceof RangeError) return unanswered('unreadable_reply', error.message);
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    return unanswered(timedOut ? 'timeout' : 'connection_failed', 'Stripe did not answer.');
  }
  return response.ok ? granted(text, shape) : refusal(response, text);
}

/** The text of a reply. Throws a `RangeError` where it is longer than any reply of Stripe's. */
async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > REPLY_BYTES_MAX) throw new RangeError(`The reply has more than ${REPLY_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function granted<Value>(text: string, shape: z.ZodType<Value>): Reply<Value> {
  const value = shape.safeParse(jsonOf(text));
  if (value.success) return { ok: true, value: value.data };
  const path = value.error.issues[0]?.path.join('.') ?? '';
  return unanswered('unreadable_reply', `The reply is none of Stripe's${path === '' ? '' : `: ${path}`}.`);
}

function refusal({ status, headers }: Response, text: string): Refused {
  const error = errorOf(text);
  const code = error?.decline_code ?? error?.code ?? error?.type ?? `http_${status}`;
  const detail = error?.message ?? `Stripe answered with status ${status}.`;
  if (status === 401 || status === 403) {
    throw new Error(`Stripe refuses the platform's key (status ${status}, ${code}): check STRIPE_SECRET_KEY`);
  }
  const passing = status === 409 || status === 424 || status === 429 || status >= 500;
  if (passing || error === undefined || error.type === 'api_error' || error.type === 'idempotency_error') {
    // The key stands for another request or for an error for good; one in use (409) is free again in a moment.
    const spent = status !== 409 && error?.type === 'idempotency_error';
    const replayed = spent || headers.get('Idempotent-Replayed') === 'true';
    return unanswered(code, detail, { replayed, retryAfterMs: retryAfterMs(headers.get('Retry-After')) });
  }
  const reference = error.payment_intent?.id ?? null;
  return {
    ok: false,
    result: { outcome: 'declined', reference, code, detail: wordsOf(detail) },
    replayed: false,
  };
}

/** The error that Stripe tells; undefined where somebody else answers, as a proxy on the way may. */
function errorOf(text: string): z.infer<typeof ErrorReply>['error'] | undefined {
  return ErrorReply.safeParse(jsonOf(text)).data?.error;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unanswered(
  code: string,
  detail: string,
  { replayed = false, retryAfterMs }: { replayed?: boolean; retryAfterMs?: number | undefined } = {},
): Refused {
  const pause = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { ok: false, result: { outcome: 'unanswered', code, detail: wordsOf(detail), ...pause }, replayed };
}

/** Seconds, as Stripe sends them. */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}
