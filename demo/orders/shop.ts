/** The platform as a shop's back end uses it: each call says what must come back, and what else comes is a fault. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, PlatformError, quote, type Reply } from '../client.ts';
import { type Patience, RETRY_MS } from './patience.ts';
import type { PlannedOrder, PlannedProduct, Return } from './planned.ts';

/** Currency of the order book. */
export const CURRENCY = 'GBP';

/** A saga as `GET /v1/sagas/{id}` shows it. */
export interface ShownSaga {
  readonly sagaId: string;
  readonly status: string;
  readonly reason: string | null;
  readonly steps: readonly {
    readonly name: string;
    readonly status: string;
    readonly attempts: number;
    readonly startedAt: string | null;
    readonly endedAt: string | null;
    readonly error?: { readonly code: string; readonly detail: string };
  }[];
}

/** A product's stock as the platform shows it. */
export interface ShownLevel {
  readonly productId: string;
  readonly onHand: string;
  readonly reserved: string;
  readonly available: string;
}

/** Codes of a batch that say nothing about what became of the command. */
const UNANSWERED: ReadonlySet<unknown> = new Set(['internal_error', 'unavailable', 'overloaded']);

/** How a batch answers one command. */
interface BatchAnswer {
  readonly status: string;
  readonly code?: string;
  readonly detail?: string;
}

/**
 * A shop's calls, each under a key of its own: one that is not answered is sent again, and takes effect once. Rejects with a
 * {@link PlatformError} where the platform answers otherwise than it must, or where nothing gets on any more.
 */
export class Shop {
  readonly #client: Client;
  /** Begins this run's command ids; ids of the book come again in another run. */
  readonly #run: string;
  readonly patience: Patience;

  constructor(client: Client, run: string, patience: Patience) {
    this.#client = client;
    this.#run = run;
    this.patience = patience;
  }

  /** Creates products and brings in their stock, in one batch. */
  async stock(products: Iterable<readonly [productId: string, product: PlannedProduct]>): Promise<void> {
    await this.#batch(
      [...products].flatMap(([productId, product]) => this.#stockCommands(productId, product)),
    );
  }

  #stockCommands(productId: string, { name, unitPrice, received, adjusted }: PlannedProduct): object[] {
    const inventory = { aggregateType: 'inventory', aggregateId: productId };
    const commands: object[] = [
      {
        commandId: `${this.#run}-product`,
        aggregateType: 'product',
        aggregateId: productId,
        type: 'PutProduct',
        data: { name, unitPrice, currency: CURRENCY },
      },
    ];
    const add = (id: string, type: string, data: object) =>
      commands.push({ commandId: `${this.#run}-${id}`, ...inventory, type, data });
    if (received > 0)
      add('receipt', 'ReceiveStock', { quantity: String(received), reference: 'opening stock' });
    if (adjusted !== 0)
      add('adjustment', 'AdjustStock', { quantity: String(adjusted), reason: 'stock taking' });
    return commands;
  }

  /** Places an order, under a key of its own where it is placed again; answers whether it was known already. */
  async place(
    { orderId, customerId, country, lines, card }: PlannedOrder,
    attempt: 'first' | 'again' = 'first',
  ): Promise<boolean> {
    const reply = await this.#post('/v1/orders', `${attempt}-${orderId}`, {
      orderId,
      customerId,
      currency: CURRENCY,
      items: lines.map(({ productId, quantity, unitPrice }) => ({
        productId,
        quantity: String(quantity),
        unitPrice,
      })),
      payment: { method: 'card', token: card.token },
      shipTo: { line1: '1 High Street', country },
    });
    return reply.headers['idempotency-replayed'] === 'true';
  }

  /** Everything leaves, or what is given. */
  ship(
    orderId: string,
    number: number,
    items?: readonly { line: number; quantity: string }[],
  ): Promise<Reply> {
    const body = { carrier: 'Royal Mail', trackingNumber: `RM-${orderId}-${number}` };
    const path = `/v1/orders/${orderId}/ship`;
    return this.#post(path, `ship-${number}`, { ...body, ...(items === undefined ? {} : { items }) });
  }

  deliver(orderId: string): Promise<Reply> {
    return this.#post(`/v1/orders/${orderId}/deliver`, 'deliver', {});
  }

  cancel(orderId: string): Promise<Reply> {
    const body = { reason: 'the customer changed their mind' };
    return this.#post(`/v1/orders/${orderId}/cancel`, 'cancel', body);
  }

  /** The goods go back on the shelf, and the money to the customer. */
  async takeBack(orderId: string, { refundId, amount, goods }: Return): Promise<void> {
    for (const [productId, units] of goods) {
      const body = { quantity: String(units), reference: `return ${refundId}` };
      await this.#post(`/v1/inventory/${productId}/receipts`, `${refundId}-${orderId}`, body);
    }
    const refund = { refundId, amount: amount.toFixed(), reason: `return ${refundId}` };
    await this.#post(`/v1/payments/${orderId}/refunds`, refundId, refund);
  }

  /** The JSON of a resource that may not be there yet. */
  async find<Body>(path: string): Promise<Body | undefined> {
    const reply = await this.#answered(() => this.#client.send({ method: 'GET', path }));
    if (reply.status === 404) return undefined;
    if (reply.status !== 200) throw new PlatformError(`GET ${path} answered ${quote(reply)}`);
    return JSON.parse(reply.text) as Body;
  }

  /** Every item of a list, page after page. `path` ends so that a parameter can follow. */
  async all<Item>(path: string, field: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: Record<string, unknown> | undefined = await this.find(`${path}limit=1000${after}`);
      if (page === undefined) throw new PlatformError(`there is no ${path}`);
      items.push(...(page[field] as Item[]));
      cursor = page.nextCursor as string | null;
    }
    return items;
  }

  /** Sends a batch until every command of it was taken. */
  async #batch(commands: readonly object[]): Promise<void> {
    const body = JSON.stringify({ commands });
    const reply = await this.#answered(
      () => this.#client.send({ method: 'POST', path: '/v1/commands', body }),
      (batch) => batch.status === 200 && resultsOf(batch).some(({ code }) => UNANSWERED.has(code)),
    );
    if (reply.status !== 200) throw new PlatformError(`POST /v1/commands answered ${quote(reply)}`);
    const refused = resultsOf(reply).find(({ status }) => status === 'refused');
    if (refused !== undefined) throw new PlatformError(`a command was refused: ${JSON.stringify(refused)}`);
    this.patience.progress();
  }

  async #post(path: string, key: string, body: object): Promise<Reply> {
    const headers = { 'Idempotency-Key': `${this.#run}-${key}` };
    const request = { method: 'POST', path, body: JSON.stringify(body), headers } as const;
    const reply = await this.#answered(() => this.#client.send(request));
    if (reply.status < 200 || reply.status >= 300)
      throw new PlatformError(`POST ${path} answered ${quote(reply)}`);
    this.patience.progress();
    return reply;
  }

  /** Asks until there is an answer: the platform may be slow, or be starting again. */
  async #answered(
    ask: () => Promise<Reply>,
    isOpen: (reply: Reply) => boolean = () => false,
  ): Promise<Reply> {
    for (;;) {
      const reply = await ask().catch((error: unknown) => error);
      const isAnswer = !(reply instanceof Error);
      if (isAnswer && (reply as Reply).status < 500 && !isOpen(reply as Reply)) return reply as Reply;
      if (this.patience.isOver)
        throw isAnswer ? new PlatformError(`still ${quote(reply as Reply)}`) : (reply as Error);
      await sleep(RETRY_MS);
    }
  }
}

function resultsOf({ text }: Reply): readonly BatchAnswer[] {
  return (JSON.parse(text) as { results: readonly BatchAnswer[] }).results;
}
