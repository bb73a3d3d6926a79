/**
 * What all accounts held at one moment, in the order of their owners: accounts are read in the order of their ids, in which those of
 * one owner lie apart. It is made of the accounts' logs and of nothing else, so that whoever gathers it again finds the same. No
 * Cloudflare import.
 */
import type { GatheredAccounts, HolderKey, Holding } from '../../schemas/holding.ts';
import { migrate } from '../kernel/migrations.ts';
import type { ActorStorage, SqlValue } from '../kernel/storage.ts';

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE holdings (
     customer_id TEXT NOT NULL, symbol TEXT NOT NULL, currency TEXT NOT NULL, account_id TEXT NOT NULL,
     quantity TEXT NOT NULL, price TEXT, price_trade_id TEXT, priced_at TEXT,
     PRIMARY KEY (customer_id, symbol, currency, account_id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE gathered (
     id INTEGER PRIMARY KEY CHECK (id = 1), last_account_id TEXT NOT NULL, is_complete INTEGER NOT NULL
   ) STRICT;`,
];

const INSERT = `INSERT INTO holdings SELECT value ->> 'customerId', value ->> 'symbol', value ->> 'currency',
  value ->> 'accountId', value ->> 'quantity', value ->> 'price', value ->> 'priceTradeId', value ->> 'pricedAt'
  FROM json_each(?)`;

/** Holdings of one statement: a parameter holds at most 2 MB. */
const INSERT_MAX = 4_000;

const COLUMNS = `customer_id AS customerId, symbol, currency, account_id AS accountId, quantity, price,
  price_trade_id AS priceTradeId, priced_at AS pricedAt`;
const AFTER = '(customer_id, symbol) > (?, ?)';
const ORDER = 'ORDER BY customer_id, symbol, currency, account_id';

export class Holders {
  readonly #storage: ActorStorage;

  constructor(storage: ActorStorage) {
    this.#storage = storage;
    migrate(storage, MIGRATIONS);
  }

  /**
   * Takes accounts that follow on those taken before; of those it has already nothing changes. False where there are others in
   * between, which it lacks.
   */
  take({ afterAccountId, lastAccountId, isLast, holdings }: GatheredAccounts): boolean {
    return this.#storage.transactionSync(() => {
      const before = this.#gathered();
      if (before.isComplete) return true;
      if (afterAccountId > before.lastAccountId) return false;
      const news = holdings.filter(({ accountId }) => accountId > before.lastAccountId);
      for (let from = 0; from < news.length; from += INSERT_MAX) {
        this.#storage.sql.exec(INSERT, JSON.stringify(news.slice(from, from + INSERT_MAX)));
      }
      const last = lastAccountId > before.lastAccountId ? lastAccountId : before.lastAccountId;
      this.#storage.sql.exec('INSERT OR REPLACE INTO gathered VALUES (1, ?, ?)', last, isLast ? 1 : 0);
      return true;
    });
  }

  /**
   * Holdings after a holder and symbol, in order, about `limit` of them, and of one holder in one symbol always all; of one
   * customer where it is named. None at the end; undefined where not every account was taken.
   */
  page(after: HolderKey | null, limit: number, customerId: string | null): Holding[] | undefined {
    if (!this.#gathered().isComplete) return undefined;
    const found = this.#rows(
      customerId === null ? AFTER : `customer_id = ? AND ${AFTER}`,
      limit + 1,
      ...(customerId === null ? [] : [customerId]),
      after?.customerId ?? '',
      after?.symbol ?? '',
    );
    const next = found[limit];
    if (next === undefined) return found;
    const whole = found.filter((one) => one.customerId !== next.customerId || one.symbol !== next.symbol);
    return whole.length > 0
      ? whole
      : this.#rows('customer_id = ? AND symbol = ?', -1, next.customerId, next.symbol);
  }

  #gathered(): { lastAccountId: string; isComplete: boolean } {
    const [row] = this.#storage.sql
      .exec<{ lastAccountId: string; isComplete: number }>(
        'SELECT last_account_id AS lastAccountId, is_complete AS isComplete FROM gathered',
      )
      .toArray();
    return { lastAccountId: row?.lastAccountId ?? '', isComplete: row?.isComplete === 1 };
  }

  #rows(where: string, limit: number, ...bindings: SqlValue[]): Holding[] {
    const query = `SELECT ${COLUMNS} FROM holdings WHERE ${where} ${ORDER} LIMIT ${limit}`;
    return this.#storage.sql.exec(query, ...bindings).toArray() as unknown as Holding[];
  }
}
