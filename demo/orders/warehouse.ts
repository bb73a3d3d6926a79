/** Stock as it comes in: before the first order that wants it, and not long before, as in a shop. */
import { forEachOf } from '../concurrency.ts';
import type { Plan } from './planned.ts';
import type { Shop } from './shop.ts';

/**
 * Products of a batch, and batches of an order under way. A product and its stock are two new objects, which take a busy machine
 * some 20 ms each: a batch is answered long before a request is given up.
 */
const BATCH_PRODUCTS = 20;
const BATCHES_AT_A_TIME = 3;

export class Warehouse {
  readonly #shop: Pick<Shop, 'stock'>;
  readonly #products: Plan['products'];
  readonly #brought = new Map<string, Promise<void>>();

  constructor(shop: Pick<Shop, 'stock'>, products: Plan['products']) {
    this.#shop = shop;
    this.#products = products;
  }

  /** Resolves once all of these are in stock. Each is brought in once, whoever asks for it. */
  async bring(productIds: Iterable<string>): Promise<void> {
    const wanted = [...new Set(productIds)];
    const missing = wanted.filter((productId) => !this.#brought.has(productId));
    const batches = Array.from({ length: Math.ceil(missing.length / BATCH_PRODUCTS) }, (_, index) =>
      missing.slice(index * BATCH_PRODUCTS, (index + 1) * BATCH_PRODUCTS),
    );
    const begun = batches.map((batch) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      for (const productId of batch) this.#brought.set(productId, promise);
      return { batch, promise, resolve, reject };
    });
    await forEachOf(begun, BATCHES_AT_A_TIME, async ({ batch, promise, resolve, reject }) => {
      this.#stock(batch).then(resolve, reject);
      await promise;
    });
    await Promise.all(wanted.map((productId) => this.#brought.get(productId)));
  }

  /** Whether a product was brought in. */
  has(productId: string): boolean {
    return this.#brought.has(productId);
  }

  /** Brings in what no order wanted. */
  bringRest(): Promise<void> {
    return this.bring(this.#products.keys());
  }

  #stock(productIds: readonly string[]): Promise<void> {
    const products = productIds.flatMap((productId) => {
      const product = this.#products.get(productId);
      return product === undefined ? [] : [[productId, product] as const];
    });
    return this.#shop.stock(products);
  }
}
