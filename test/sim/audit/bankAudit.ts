/**
 * The bank as the auditor sees it: outside of the platform, with books that no crash of the platform changes. It has done
 * what payments asked for, each operation once, and at rest the payments know all of it.
 */
import type { Platform } from '../model/platform.ts';
import { Breach } from '../model/world.ts';
import { units } from './exact.ts';
import type { PaymentBook } from './paymentBook.ts';

/** A payment in the bank's books. */
interface BankBooks {
  readonly authorized: string;
  readonly captured: string;
  readonly released: string;
  readonly refunded: string;
  readonly operations: Readonly<Record<string, { readonly result: { readonly outcome: string } | null }>>;
}

/** What the bank is asked for, and whether it has said before that this is under way. */
interface Asked {
  readonly operation: string;
  readonly token: string;
  readonly isPending: boolean;
}

/** A payment's book; undefined where nobody ever asked for such a payment. */
type PaymentOf = (paymentId: string) => PaymentBook | undefined;

const FIGURES = ['authorized', 'captured', 'released', 'refunded'] as const;

export class BankAudit {
  readonly #bank: Platform['bank'];
  readonly #paymentOf: PaymentOf;
  /** Books by payment, with the texts that they were read from. */
  readonly #books = new Map<string, { readonly text: string; readonly books: BankBooks }>();

  constructor(bank: Platform['bank'], paymentOf: PaymentOf) {
    this.#bank = bank;
    this.#paymentOf = paymentOf;
  }

  said(paymentId: string, operation: string): string | undefined {
    return this.#books.get(paymentId)?.books.operations[operation]?.result?.outcome;
  }

  /** A payment asks for something: with the card that it was given, and once its holder is erased by nothing but its own id. */
  asked(paymentId: string, { operation, token, isPending }: Asked): void {
    const payment = this.#paymentOf(paymentId);
    const fail = (detail: string) => {
      throw new Breach('the bank is asked for what is in the log', `payment/${paymentId}: ${detail}`);
    };
    if (token !== '' && token !== payment?.token) fail(`${operation} by another card`);
    if (token !== '') return;
    if (payment?.isOfErased !== true) fail(`${operation} without a card`);
    if (operation === 'authorize' && !isPending) fail('money of who is erased');
  }

  /** After a commit of a part: whatever changed was asked for. */
  committed(part: number): void {
    const rows = this.#bank.parts[part]?.storage.inspect('SELECT payment_id, books FROM payments') ?? [];
    for (const [paymentId, text] of rows as [string, string][]) {
      if (this.#books.get(paymentId)?.text === text) continue;
      const books = JSON.parse(text) as BankBooks;
      this.#check(paymentId, books);
      this.#books.set(paymentId, { text, books });
    }
  }

  /** At rest: what payments say of their money, the bank says too. */
  settled(payments: Iterable<readonly [string, PaymentBook]>): void {
    for (const [paymentId, payment] of payments) {
      const books = this.#books.get(paymentId)?.books;
      for (const figure of FIGURES) {
        const own = payment[figure];
        const bank = units(books?.[figure] ?? '0');
        // What nobody waits for any more the bank lets go by itself, after days.
        const isGivenUp = payment.status === 'FAILED' && (figure === 'authorized' || figure === 'released');
        if (own !== bank && !isGivenUp)
          throw new Breach('the bank agrees', `payment/${paymentId}: ${figure} ${own}, by the bank ${bank}`);
      }
    }
  }

  #check(paymentId: string, books: BankBooks): void {
    const payment = this.#paymentOf(paymentId);
    const fail = (check: string, detail: string) => {
      throw new Breach(check, `the bank, payment/${paymentId}: ${detail}`);
    };
    const done = { authorize: 0n, capture: 0n, refund: 0n };
    for (const [operation, { result }] of Object.entries(books.operations)) {
      const amount = payment?.asked.get(operation);
      if (amount === undefined) fail('the bank is asked for what is in the log', `nobody wants ${operation}`);
      const [kind = ''] = operation.split('-');
      if (result?.outcome === 'succeeded' && kind in done) done[kind as keyof typeof done] += amount ?? 0n;
    }
    const [authorized, captured, released, refunded] = FIGURES.map((figure) => units(books[figure])) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    if (authorized !== done.authorize) fail('nothing is held twice', `${authorized}, not ${done.authorize}`);
    if (captured !== done.capture) fail('nothing is captured twice', `${captured}, not ${done.capture}`);
    if (refunded !== done.refund) fail('nothing is refunded twice', `${refunded}, not ${done.refund}`);
    if (captured + released > authorized || refunded > captured)
      fail(
        'captured is at most what is held',
        `${captured} captured and ${released} let go of ${authorized}`,
      );
    if (released > 0n && payment?.mayRelease !== true)
      fail('the bank is asked for what is in the log', `nobody wants ${released} let go`);
  }
}
