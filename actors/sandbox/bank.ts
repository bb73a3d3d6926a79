/** A part of the sandbox's bank over its storage: the books, and webhooks that are to be sent. No Cloudflare import. */
import { type BankPayment, type Delivery, performAtBank } from '../../payments/sandbox/bank.ts';
import type { ProviderCall, ProviderResult } from '../../schemas/paymentProvider.ts';
import { migrate } from '../kernel/migrations.ts';
import type { ActorStorage } from '../kernel/storage.ts';

/** Times that a webhook is sent before the bank gives it up: whoever waits for it can ask. */
const DELIVERIES_MAX = 10;

/** Pause after a webhook that was not taken; doubles with each. */
const REDELIVERY_MS = 1_000;

/** Webhooks sent at a time. */
const DELIVERY_PAGE = 50;

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE payments (payment_id TEXT PRIMARY KEY, books TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE deliveries (
     id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, tries INTEGER NOT NULL, delivery TEXT NOT NULL
   ) STRICT;`,
];

export class SandboxBank {
  readonly #storage: ActorStorage;
  readonly #now: () => number;

  /** `now` in milliseconds since 1970. */
  constructor(storage: ActorStorage, now: () => number) {
    this.#storage = storage;
    this.#now = now;
    migrate(storage, MIGRATIONS);
  }

  /** Carries a call out, all or nothing. */
  perform(call: ProviderCall, paymentId: string): ProviderResult {
    const deps = {
      load: (id: string) => this.books(id) ?? undefined,
      save: (id: string, books: BankPayment) =>
        void this.#storage.sql.exec(
          'INSERT OR REPLACE INTO payments VALUES (?, ?)',
          id,
          JSON.stringify(books),
        ),
      schedule: (delivery: Delivery) =>
        void this.#storage.sql.exec(
          'INSERT INTO deliveries (due_at, tries, delivery) VALUES (?, 0, ?)',
          delivery.dueAt,
          JSON.stringify(delivery),
        ),
      now: this.#now,
    };
    return this.#storage.transactionSync(() => performAtBank(deps, call, paymentId));
  }

  /** A payment as the bank has it; null where the bank does not know it. */
  books(paymentId: string): BankPayment | null {
    const [row] = this.#storage.sql
      .exec<{ books: string }>('SELECT books FROM payments WHERE payment_id = ?', paymentId)
      .toArray();
    return row === undefined ? null : (JSON.parse(row.books) as BankPayment);
  }

  /** When the next webhook is to be sent, milliseconds since 1970. */
  nextDeliveryAt(): number | undefined {
    const [row] = this.#storage.sql
      .exec<{ due: number | null }>('SELECT min(due_at) AS due FROM deliveries')
      .toArray();
    return row?.due ?? undefined;
  }

  /** Sends webhooks that are due; `send` says whether one was taken. */
  async deliver(send: (delivery: Delivery) => Promise<boolean>): Promise<void> {
    const due = this.#storage.sql
      .exec<{ id: number; tries: number; delivery: string }>(
        'SELECT id, tries, delivery FROM deliveries WHERE due_at <= ? ORDER BY due_at LIMIT ?',
        this.#now(),
        DELIVERY_PAGE,
      )
      .toArray();
    await Promise.all(
      due.map(async ({ id, tries, delivery }) => {
        const taken = await send(JSON.parse(delivery) as Delivery).catch(() => false);
        if (taken || tries + 1 >= DELIVERIES_MAX) {
          this.#storage.sql.exec('DELETE FROM deliveries WHERE id = ?', id);
        } else {
          const dueAt = this.#now() + REDELIVERY_MS * 2 ** tries;
          this.#storage.sql.exec(
            'UPDATE deliveries SET tries = ?, due_at = ? WHERE id = ?',
            tries + 1,
            dueAt,
            id,
          );
        }
      }),
    );
  }
}
