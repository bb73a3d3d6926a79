/** The platform as a shop's back end uses it: each call says what must come back, and what else comes is a fault. */
import { type Client, PlatformError, quote, type Reply } from '../client.ts';
import type { Return } from './credits.ts';
import type { Plan, PlannedOrder, PlannedProduct } from './plan.ts';

/** Currency of the order book. */
export const CURRENCY = 'GBP';

/** Commands of a batch: a few thousand actors answer within seconds. */
const BATCH_SIZE = 500;

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

/** A shop's calls. Rejects with a {@link PlatformError} where the platform answers otherwise than it must. */
export class Shop {
  readonly client: Client;
  /** Names of this run's commands; ids of the book come again in another run. */
  readonly #run: string;

  constructor(client: Client, run: string) {
    this.client = client;
    this.#run = run;
  }

  /** Creates the products and brings in their stock, in batches. */
  async stock(products: Plan['products'], onSent: (commands: number) => void): Promise<void> {
    const commands = [...products].flatMap(([productId, product]) => this.#stockCommands(productId, product));
    for (let first = 0; first < commands.length; first += BATCH_SIZE) {
      const batch = commands.slice(first, first + BATCH_SIZE);
      const reply = await this.#post('/v1/commands', { commands: batch });
      const { accepted, replayed, results } = JSON.parse(reply.text) as {
        accepted: number;
        replayed: number;
        results: { status: string }[];
      };
      const refused = results.find(({ status }) => status === 'refused');
      if (accepted + replayed !== batch.length || refused !== undefined)
        throw new PlatformError(`stock was refused: ${JSON.stringify(refused)}`);
      onSent(first + batch.length);
    }
  }

  #stockCommands(productId: string, { name, unitPrice, received, adjusted }: PlannedProduct): object[] {
    const inventory = { aggregateType: 'inventory', aggregateId: productId };
    const commands: object[] = [
      {
        commandId: `${this.#run}-product-${productId}`.slice(0, 128),
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

  /** Places an order; answers whether it was known already. */
  async place({ orderId, customerId, country, lines, card }: PlannedOrder): Promise<boolean> {
    const reply = await this.#post('/v1/orders', {
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
    return this.#post(`/v1/orders/${orderId}/ship`, { ...body, ...(items === undefined ? {} : { items }) });
  }

  deliver(orderId: string): Promise<Reply> {
    return this.#post(`/v1/orders/${orderId}/deliver`, {});
  }

  cancel(orderId: string): Promise<Reply> {
    return this.#post(`/v1/orders/${orderId}/cancel`, { reason: 'the customer changed their mind' });
  }

  /** The goods go back on the shelf, and the money to the customer. */
  async takeBack(orderId: string, { refundId, amount, goods }: Return): Promise<void> {
    for (const [productId, units] of goods) {
      const body = { quantity: String(units), reference: `return ${refundId}` };
      const key = { 'Idempotency-Key': `${this.#run}-${refundId}-${orderId}` };
      await this.#post(`/v1/inventory/${productId}/receipts`, body, key);
    }
    const refund = { aggregateType: 'payment', aggregateId: orderId, type: 'RefundPayment' };
    const data = { refundId, amount: amount.toFixed(), reason: `return ${refundId}` };
    const reply = await this.#post('/v1/commands', {
      commands: [{ commandId: `${this.#run}-${refundId}`, ...refund, data }],
    });
    const [result] = (JSON.parse(reply.text) as { results: { status: string; detail?: string }[] }).results;
    if (result?.status === 'refused')
      throw new PlatformError(`refund ${refundId} was refused: ${result.detail}`);
  }

  /** The JSON of a resource that may not be there yet. */
  async find<Body>(path: string): Promise<Body | undefined> {
    const reply = await this.client.send({ method: 'GET', path });
    if (reply.status === 404) return undefined;
    if (reply.status !== 200) throw new PlatformError(`GET ${path} answered ${quote(reply)}`);
    return JSON.parse(reply.text) as Body;
  }

  /** Every item of a list, page after page. `path` ends so that a parameter can follow. */
  async all<Item>(path: string, field: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: Record<string, unknown> = await this.client.json(`${path}limit=1000${after}`);
      items.push(...(page[field] as Item[]));
      cursor = page.nextCursor as string | null;
    }
    return items;
  }

  async #post(path: string, body: object, headers: Record<string, string> = {}): Promise<Reply> {
    const reply = await this.client.send({ method: 'POST', path, body: JSON.stringify(body), headers });
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw new PlatformError(`POST ${path} answered ${quote(reply)}`);
  }
}
