/**
 * A local server that speaks as much of Stripe's documented protocol as payments need: PaymentIntents captured by hand,
 * refunds, idempotency keys, errors, signed webhooks; and that fails on demand, before or after it has done what was asked.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const SECRET_KEY = 'sk_test_folio';
export const WEBHOOK_SECRET = 'whsec_folio';

/** What goes wrong with one request. */
export type Fault =
  /** The connection breaks before anything happens. */
  | 'lost request'
  /** It is done, and the connection breaks before the reply. */
  | 'lost reply'
  /** Fails inside, which is kept under the idempotency key; nothing is done. */
  | 'internal error'
  /** The same, but it is done nevertheless. */
  | 'internal error after all'
  | 'rate limit'
  | 'key in use'
  /** A proxy on the way answers. */
  | 'bad gateway'
  /** It answers with a page of its own as if all were well. */
  | 'page instead'
  /** The same, but what was asked for is done. */
  | 'page after all'
  /** It sends the caller to another place, where somebody says a definite no. */
  | 'sent elsewhere'
  /** It is done, and the reply has no end. */
  | 'endless reply';

export interface Intent {
  id: string;
  amount: number;
  captured: number;
  capturable: number;
  status: string;
  currency: string;
  metadata: Record<string, string>;
  error: { code: string; decline_code?: string; message: string } | null;
}

export interface StripeRefund {
  id: string;
  intent: string;
  amount: number;
  status: string;
  metadata: Record<string, string>;
}

interface Saved {
  readonly request: string;
  readonly status: number;
  readonly body: unknown;
}

/** What came of a request. */
interface Done {
  readonly status: number;
  readonly body: unknown;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly parameters: Record<string, string>;
}

const CARDS: Readonly<Record<string, { code: string; decline_code?: string; message: string }>> = {
  pm_card_visa_chargeDeclinedInsufficientFunds: {
    code: 'card_declined',
    decline_code: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  },
  pm_card_authenticationRequired: {
    code: 'authentication_required',
    message: 'This payment requires additional user action before it can be completed.',
  },
};

class Refusal extends Error {
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(status: number, fields: Readonly<Record<string, unknown>>) {
    super(String(fields.message));
    this.status = status;
    this.fields = fields;
  }
}

export class StripeServer {
  readonly intents = new Map<string, Intent>();
  readonly refunds: StripeRefund[] = [];
  readonly requests: SeenRequest[] = [];
  /** What goes wrong with the next requests, in order. */
  faults: (Fault | undefined)[] = [];
  readonly #saved = new Map<string, Saved>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Forgets idempotency keys, as Stripe does after a day. */
  forgetKeys(): void {
    this.#saved.clear();
  }

  /** The body and header of a signed webhook, as they go over the wire. */
  webhook(type: string, object: unknown, { seconds = 0, secret = WEBHOOK_SECRET, id = 'evt_1' } = {}) {
    const body = JSON.stringify({ id, object: 'event', type, data: { object } }, null, 2);
    const at = Math.floor(Date.now() / 1_000) + seconds;
    const v1 = createHmac('sha256', secret).update(`${at}.${body}`, 'utf8').digest('hex');
    return { body, signature: `t=${at},v1=${v1},v0=${'0'.repeat(64)}` };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url ?? '', 'http://stripe');
    const parameters = Object.fromEntries(
      request.method === 'GET' ? url.searchParams : new URLSearchParams(text),
    );
    const key = request.headers['idempotency-key'] as string | undefined;
    this.requests.push({ method: request.method ?? '', path: url.pathname, key, parameters });
    const fault = this.faults.shift();
    if (fault === 'lost request') return void request.socket.destroy();
    const reply = this.#reply(request, url.pathname, parameters, key, fault);
    if (fault === 'lost reply') return void request.socket.destroy();
    if (fault === 'endless reply') return endless(response);
    response.writeHead(reply.status, { 'Content-Type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  }

  #reply(
    { method, headers }: IncomingMessage,
    path: string,
    parameters: Record<string, string>,
    key: string | undefined,
    fault: Fault | undefined,
  ): Done & { headers?: Record<string, string> } {
    if (fault === 'bad gateway') return { status: 502, body: '<html>Bad gateway</html>' };
    if (fault === 'page instead') return { status: 200, body: '<html>Back soon</html>' };
    if (fault === 'sent elsewhere') return { status: 307, body: '', headers: { Location: '/elsewhere' } };
    if (headers.authorization !== `Bearer ${SECRET_KEY}`)
      return error(401, { type: 'invalid_request_error' });
    if (fault === 'rate limit') {
      const limited = error(429, {
        type: 'invalid_request_error',
        code: 'rate_limit',
        message: 'Too many requests.',
      });
      return { ...limited, headers: { 'Retry-After': '2' } };
    }
    if (fault === 'key in use') {
      return error(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message: 'In use.' });
    }
    if (headers['stripe-version'] === undefined) return error(400, { type: 'invalid_request_error' });
    const request = JSON.stringify([method, path, parameters]);
    const saved = key === undefined ? undefined : this.#saved.get(key);
    if (saved !== undefined) {
      if (saved.request !== request) {
        return error(400, {
          type: 'idempotency_error',
          message: 'Keys can only be used with the same parameters.',
        });
      }
      return { ...saved, headers: { 'Idempotent-Replayed': 'true' } };
    }
    let reply: Done = error(500, { type: 'api_error', message: 'Something went wrong on our end.' });
    if (fault !== 'internal error') {
      const done = this.#execute(method ?? '', path, parameters);
      if (fault !== 'internal error after all') reply = done;
    }
    if (key !== undefined && method === 'POST') this.#saved.set(key, { request, ...reply });
    if (fault === 'page after all') return { status: 200, body: '<html>Welcome</html>' };
    return reply;
  }

  #execute(method: string, path: string, parameters: Record<string, string>): Done {
    try {
      return { status: 200, body: this.#route(method, path, parameters) };
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      return error(refusal.status, refusal.fields);
    }
  }

  #route(method: string, path: string, parameters: Record<string, string>): unknown {
    if (path === '/v1/payment_intents' && method === 'POST') return this.#create(parameters);
    if (path === '/v1/refunds' && method === 'POST') return this.#refund(parameters);
    if (path === '/v1/refunds') {
      const all = this.refunds.filter(({ intent }) => intent === parameters.payment_intent).reverse();
      const from = all.findIndex(({ id }) => id === parameters.starting_after) + 1;
      const page = all.slice(from, from + Math.min(2, Number(parameters.limit)));
      return { object: 'list', data: page.map(refundObject), has_more: from + page.length < all.length };
    }
    const [, id, action] = /^\/v1\/payment_intents\/(pi_\d+)(?:\/(capture|cancel))?$/.exec(path) ?? [];
    const intent = this.intents.get(id ?? '');
    if (intent === undefined) throw invalid('resource_missing', 'No such payment_intent.', 404);
    if (action === 'capture') return this.#capture(intent, parameters);
    return action === 'cancel' ? cancel(intent) : intentObject(intent);
  }

  #create(parameters: Record<string, string>): unknown {
    const required = { capture_method: 'manual', confirm: 'true', error_on_requires_action: 'true' };
    for (const [name, value] of Object.entries(required)) {
      if (parameters[name] !== value) throw invalid('parameter_missing', `Missing required param: ${name}.`);
    }
    const amount = Number(parameters.amount);
    if (!Number.isInteger(amount) || amount < 50)
      throw invalid('amount_too_small', 'Amount must be at least 50.');
    const card = parameters.payment_method ?? parameters['payment_method_data[card][token]'] ?? '';
    if (!/^(pm_card_|tok_)/.test(card)) throw invalid('resource_missing', `No such PaymentMethod: '${card}'`);
    const metadata = {
      paymentId: parameters['metadata[paymentId]'] ?? '',
      orderId: parameters['metadata[orderId]'] ?? '',
    };
    const failure = CARDS[card] ?? null;
    const processing = card === 'pm_card_processing';
    const intent: Intent = {
      id: `pi_${this.intents.size + 1}`,
      amount,
      captured: 0,
      capturable: failure === null && !processing ? amount : 0,
      status: failure !== null ? 'requires_payment_method' : processing ? 'processing' : 'requires_capture',
      currency: parameters.currency ?? '',
      metadata,
      error: failure,
    };
    this.intents.set(intent.id, intent);
    if (failure !== null) {
      throw new Refusal(402, { type: 'card_error', ...failure, payment_intent: intentObject(intent) });
    }
    return intentObject(intent);
  }

  #capture(intent: Intent, parameters: Record<string, string>): unknown {
    const amount = Number(parameters.amount_to_capture ?? intent.capturable);
    if (intent.status !== 'requires_capture') throw unexpected(intent);
    if (amount > intent.capturable) throw invalid('amount_too_large', 'More than can be captured.');
    intent.captured += amount;
    intent.capturable = parameters.final_capture === 'false' ? intent.capturable - amount : 0;
    if (intent.capturable === 0) intent.status = 'succeeded';
    return intentObject(intent);
  }

  #refund(parameters: Record<string, string>): unknown {
    const intent = this.intents.get(parameters.payment_intent ?? '');
    if (intent === undefined) throw invalid('resource_missing', 'No such payment_intent.', 404);
    const before = this.refunds.filter((refund) => refund.intent === intent.id && refund.status !== 'failed');
    const amount = Number(parameters.amount);
    if (before.reduce((sum, refund) => sum + refund.amount, 0) + amount > intent.captured) {
      throw invalid('charge_already_refunded', 'Refund amount is greater than unrefunded amount on charge.');
    }
    const metadata = {
      paymentId: parameters['metadata[paymentId]'] ?? '',
      refundId: parameters['metadata[refundId]'] ?? '',
    };
    const refund = {
      id: `re_${this.refunds.length + 1}`,
      intent: intent.id,
      amount,
      status: 'succeeded',
      metadata,
    };
    this.refunds.push(refund);
    return refundObject(refund);
  }
}

/** Goes on writing for as long as anybody reads. */
function endless(response: ServerResponse): void {
  const page = ' '.repeat(64 * 1024);
  const write = () => {
    while (!response.destroyed && response.write(page));
  };
  response.writeHead(200, { 'Content-Type': 'application/json' }).on('drain', write);
  write();
}

function cancel(intent: Intent): unknown {
  if (['canceled', 'succeeded'].includes(intent.status)) throw unexpected(intent);
  intent.status = intent.captured > 0 ? 'succeeded' : 'canceled';
  intent.capturable = 0;
  return intentObject(intent);
}

export function intentObject({ captured, capturable, error: last, ...intent }: Intent) {
  return {
    object: 'payment_intent',
    ...intent,
    amount_capturable: capturable,
    amount_received: captured,
    last_payment_error: last,
    latest_charge: null,
  };
}

export function refundObject({ intent, ...refund }: StripeRefund) {
  return { object: 'refund', ...refund, payment_intent: intent, failure_reason: null };
}

function invalid(code: string, message: string, status = 400): Refusal {
  return new Refusal(status, { type: 'invalid_request_error', code, message });
}

function unexpected(intent: Intent): Refusal {
  const message = `This PaymentIntent could not be changed because it has a status of ${intent.status}.`;
  const code = 'payment_intent_unexpected_state';
  return new Refusal(400, {
    type: 'invalid_request_error',
    code,
    message,
    payment_intent: intentObject(intent),
  });
}

function error(status: number, fields: Readonly<Record<string, unknown>>) {
  return { status, body: { error: fields } };
}
