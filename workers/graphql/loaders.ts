/**
 * Reads of an operation, collected: what many rows ask for at the same time is asked for once, so that a page of a hundred
 * orders with their payments takes two statements a database and not a hundred and one.
 */
import DataLoader from 'dataloader';
import type { Context } from 'hono';
import type { z } from 'zod';
import { viewDatabases } from '../env.ts';
import {
  portfoliosInViews,
  type ShownPortfolio,
  shownPortfolio,
  type TradesPage,
  type TradesQuery,
  tradesInViews,
} from '../http/accountViews.ts';
import type { HttpEnv } from '../http/context.ts';
import type { StateReader } from '../http/sending.ts';
import { type InventoryRow, readInventoryById } from '../reads/inventory.ts';
import { readByHolder } from '../reads/many.ts';
import { type HistoryFilter, type HistoryRead, readHistories } from '../reads/orderHistory.ts';
import { type OrderRow, readOrdersById } from '../reads/orders.ts';
import { type PaymentRow, readPaymentsOf } from '../reads/payments.ts';
import type { PortfolioRead } from '../reads/portfolio.ts';
import type { Backwards } from '../reads/slice.ts';

/** Keys of one collected read: as many as a page has rows. */
const KEYS_MAX = 1_000;

type HistoryPage = Omit<HistoryFilter, 'orderId'>;
type TradesFilter = z.output<typeof TradesQuery> & Backwards<number>;

/** The loaders of one operation: each remembers what it has read. */
export class Loaders {
  readonly #c: Context<HttpEnv>;
  readonly #databases: readonly D1Database[];
  readonly #portfolios: DataLoader<string, PortfolioRead | undefined>;
  readonly #payments: DataLoader<string, readonly PaymentRow[] | undefined>;
  readonly #orders: DataLoader<string, OrderRow | undefined>;
  readonly #inventory: DataLoader<string, InventoryRow | undefined>;
  readonly #histories = new Map<string, DataLoader<string, HistoryRead>>();
  readonly #trades = new Map<string, DataLoader<string, TradesPage>>();
  readonly #states = new Map<StateReader, DataLoader<string, object>>();

  constructor(c: Context<HttpEnv>) {
    this.#c = c;
    this.#databases = viewDatabases(c.env);
    this.#portfolios = this.#collected((ids) => portfoliosInViews(c, ids));
    this.#payments = this.#collected((ids) => readPaymentsOf(this.#databases, ids));
    this.#orders = this.#collected((ids) => readByHolder(this.#databases, ids, readOrdersById));
    this.#inventory = this.#collected((ids) => readByHolder(this.#databases, ids, readInventoryById));
  }

  /** An account as the views have it, or its actor where they do not. */
  async portfolio(accountId: string): Promise<ShownPortfolio> {
    const read = await this.#portfolios.load(accountId);
    return shownPortfolio(this.#c.env, accountId, read);
  }

  /** A page of an account's trades. */
  trades(accountId: string, filter: TradesFilter): Promise<TradesPage> {
    const key = JSON.stringify(filter);
    let loader = this.#trades.get(key);
    if (loader === undefined) {
      loader = this.#collected((ids) => tradesInViews(this.#c.env, ids, filter));
      this.#trades.set(key, loader);
    }
    return loader.load(accountId);
  }

  /** A page of an order's history. */
  history(orderId: string, page: HistoryPage): Promise<HistoryRead> {
    const key = JSON.stringify(page);
    let loader = this.#histories.get(key);
    if (loader === undefined) {
      loader = this.#collected((ids) => readHistories(this.#databases, ids, page));
      this.#histories.set(key, loader);
    }
    return loader.load(orderId);
  }

  /** An order as the view has it. */
  order(orderId: string): Promise<OrderRow | undefined> {
    return this.#orders.load(orderId);
  }

  /** The stock of a product as the view has it. */
  inventory(productId: string): Promise<InventoryRow | undefined> {
    return this.#inventory.load(productId);
  }

  /** The payments of an order, newest first. */
  async paymentsOf(orderId: string): Promise<readonly PaymentRow[]> {
    return (await this.#payments.load(orderId)) ?? [];
  }

  /** The state of an aggregate as it is now. */
  state(reader: StateReader, id: string): Promise<object> {
    let loader = this.#states.get(reader);
    if (loader === undefined) {
      const c = this.#c;
      loader = new DataLoader(
        (ids) => Promise.all(ids.map((each) => reader.read(c, each).then(({ reply }) => reply, asError))),
        { maxBatchSize: KEYS_MAX },
      );
      this.#states.set(reader, loader);
    }
    return loader.load(id);
  }

  #collected<Found>(read: (ids: readonly string[]) => Promise<ReadonlyMap<string, Found>>) {
    return new DataLoader<string, Found>(
      async (ids) => {
        const found = await read(ids);
        return ids.map((id) => found.get(id) as Found);
      },
      { maxBatchSize: KEYS_MAX },
    );
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
