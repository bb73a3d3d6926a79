/**
 * The books of the general ledger over their storage. A reading changes an account's book, the transfers that are open and the
 * sums of its currency in one transaction: at every moment the sums are those at the versions at which the books stand, and a
 * transfer is in transit exactly as far as one of its sides is read and the other is not. No Cloudflare import.
 */
import { add, formatDecimal, parseDecimal, type Scaled, subtract } from '../../schemas/decimal.ts';
import type { AccountBook, CurrencySums, Reading, TransferSide } from '../../schemas/generalLedger.ts';
import { migrate } from '../kernel/migrations.ts';
import type { ActorStorage, SqlValue } from '../kernel/storage.ts';

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE books (
     account_id TEXT PRIMARY KEY, currency TEXT NOT NULL, version INTEGER NOT NULL, head INTEGER NOT NULL,
     held TEXT NOT NULL, deposited TEXT NOT NULL, withdrawn TEXT NOT NULL, traded TEXT NOT NULL,
     transferred_in TEXT NOT NULL, transferred_out TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX books_behind ON books (account_id, currency, head, version) WHERE version < head;
   CREATE TABLE transfers (
     account_id TEXT NOT NULL, version INTEGER NOT NULL, transfer_id TEXT NOT NULL, way TEXT NOT NULL,
     other_id TEXT NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL, recorded_at INTEGER NOT NULL,
     PRIMARY KEY (account_id, version)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX transfers_id ON transfers (transfer_id);
   CREATE TABLE sums (
     currency TEXT PRIMARY KEY, accounts INTEGER NOT NULL, events INTEGER NOT NULL, held TEXT NOT NULL,
     deposited TEXT NOT NULL, withdrawn TEXT NOT NULL, traded TEXT NOT NULL, in_transit TEXT NOT NULL,
     as_of INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
];

/** What sums are made of. */
const SUMMED = ['held', 'deposited', 'withdrawn', 'traded'] as const;

type Sums = Omit<CurrencySums, 'eventsBehind'>;

export class GeneralLedger {
  readonly #storage: ActorStorage;
  readonly #now: () => number;

  constructor(storage: ActorStorage, now: () => number) {
    this.#storage = storage;
    this.#now = now;
    migrate(storage, MIGRATIONS);
  }

  /** The books of those of some accounts that have one. */
  books(accountIds: readonly string[]): AccountBook[] {
    return this.#rows<AccountBook>(
      `SELECT account_id AS accountId, currency, version, head, held, deposited, withdrawn, traded,
              transferred_in AS transferredIn, transferred_out AS transferredOut
         FROM books WHERE account_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(accountIds),
    );
  }

  /** Takes a reading; false, and nothing is changed, where the book stands elsewhere by now: somebody else has read on. */
  post({ fromVersion, book, transfers }: Reading): boolean {
    return this.#storage.transactionSync(() => {
      const [before] = this.books([book.accountId]);
      if ((before?.version ?? 0) !== fromVersion) return false;
      if (before !== undefined && isSame(before, book)) return true;
      this.#exec(
        'INSERT OR REPLACE INTO books VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        book.accountId,
        book.currency,
        book.version,
        book.head,
        book.held,
        book.deposited,
        book.withdrawn,
        book.traded,
        book.transferredIn,
        book.transferredOut,
      );
      let inTransit = parseDecimal('0');
      for (const side of transfers) inTransit = add(inTransit, this.#match(side, book.currency));
      this.#sum(before, book, inTransit);
      return true;
    });
  }

  /**
   * Transfers of an account whose other side is not read, oldest first: what came in, and what had left by a time in
   * milliseconds since 1970.
   */
  openTransfers(accountId: string, leftBy: number, limit: number): TransferSide[] {
    return this.#rows<TransferSide>(
      `SELECT transfer_id AS transferId, way, account_id AS accountId, version, other_id AS otherId, amount,
              recorded_at AS recordedAt
         FROM transfers WHERE account_id = ? AND (way = 'in' OR recorded_at <= ?) ORDER BY version LIMIT ?`,
      accountId,
      leftBy,
      limit,
    );
  }

  /** Whether the other side of a transfer is still not read, and up to which version the other account is. */
  standing({ accountId, version, otherId }: TransferSide): { isOpen: boolean; otherVersion: number } {
    const open = this.#rows(
      'SELECT 1 FROM transfers WHERE account_id = ? AND version = ?',
      accountId,
      version,
    );
    return { isOpen: open.length > 0, otherVersion: this.books([otherId])[0]?.version ?? 0 };
  }

  /** Accounts of which there is more to read, in the order of their ids, after one of them. */
  behind(afterAccountId: string, limit: number): string[] {
    return this.#rows<{ accountId: string }>(
      'SELECT account_id AS accountId FROM books WHERE version < head AND account_id > ? ORDER BY account_id LIMIT ?',
      afterAccountId,
      limit,
    ).map(({ accountId }) => accountId);
  }

  /** The sums of every currency that there are accounts in. */
  sums(): CurrencySums[] {
    const behind = this.#rows<{ currency: string; events: number }>(
      'SELECT currency, sum(head - version) AS events FROM books WHERE version < head GROUP BY currency',
    );
    const eventsBehind = new Map(behind.map(({ currency, events }) => [currency, events]));
    return this.#sums('').map((sums) => ({ ...sums, eventsBehind: eventsBehind.get(sums.currency) ?? 0 }));
  }

  /** Takes a side of a transfer; answers what it adds to what is in transit. */
  #match(side: TransferSide, currency: string): Scaled {
    const { transferId, way, accountId, version, otherId, amount, recordedAt } = side;
    const [counterpart] = this.#rows<{ accountId: string; version: number }>(
      `SELECT account_id AS accountId, version FROM transfers WHERE transfer_id = ? AND way <> ? AND account_id = ?
          AND other_id = ? AND currency = ? AND amount = ? LIMIT 1`,
      transferId,
      way,
      otherId,
      accountId,
      currency,
      amount,
    );
    if (counterpart === undefined) {
      const row = [accountId, version, transferId, way, otherId, currency, amount, recordedAt];
      this.#exec('INSERT INTO transfers VALUES (?, ?, ?, ?, ?, ?, ?, ?)', ...row);
    } else {
      const { accountId: of, version: at } = counterpart;
      this.#exec('DELETE FROM transfers WHERE account_id = ? AND version = ?', of, at);
    }
    const zero = parseDecimal('0');
    return way === 'out' ? parseDecimal(amount) : subtract(zero, parseDecimal(amount));
  }

  #sum(before: AccountBook | undefined, book: AccountBook, inTransit: Scaled): void {
    const { currency } = book;
    const [sums] = this.#sums('WHERE currency = ?', currency);
    const summed = SUMMED.map((name) => {
      const change = subtract(parseDecimal(book[name]), parseDecimal(before?.[name] ?? '0'));
      return formatDecimal(add(parseDecimal(sums?.[name] ?? '0'), change));
    });
    this.#exec(
      'INSERT OR REPLACE INTO sums VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      currency,
      (sums?.accounts ?? 0) + (before === undefined ? 1 : 0),
      (sums?.events ?? 0) + book.version - (before?.version ?? 0),
      ...summed,
      formatDecimal(add(parseDecimal(sums?.inTransit ?? '0'), inTransit)),
      this.#now(),
    );
  }

  #sums(where: string, ...bindings: SqlValue[]): Sums[] {
    return this.#rows<Sums>(
      `SELECT currency, accounts, events, held, deposited, withdrawn, traded, in_transit AS inTransit, as_of AS asOf
         FROM sums ${where} ORDER BY currency`,
      ...bindings,
    );
  }

  #rows<Row>(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#storage.sql.exec(query, ...bindings).toArray() as Row[];
  }

  #exec(query: string, ...bindings: SqlValue[]): void {
    this.#storage.sql.exec(query, ...bindings);
  }
}

/** Most accounts have nothing new when they are looked at: nothing is written then. */
function isSame(a: AccountBook, b: AccountBook): boolean {
  return a.version === b.version && a.head === b.head && a.held === b.held;
}
