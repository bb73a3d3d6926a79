/** What the platform must hold after the commands that were sent: the books, and every trade by its digest. */
import type { Books } from './books.ts';
import type { TradeData } from './commands.ts';
import type { Expected } from './dispatcher.ts';
import { TradeDigest } from './tradeDigest.ts';

/** An accepted trade, and the version of its account that it must have made. */
export interface AcceptedTrade {
  readonly accountId: string;
  readonly commandId: string;
  readonly version: number;
  readonly data: TradeData;
}

/** Fed with every command in the order of the books. */
export class Expectations {
  readonly books: Books;
  commands = 0;
  /** Accepted trades. */
  trades = 0;
  /** The trade whose trail the report follows: one from the second half of the run. */
  sample: AcceptedTrade | undefined;
  /** Whether the tape says when its trades were made; all of its trades do, or none. */
  timed = false;
  readonly #digests = new Map<string, TradeDigest>();

  constructor(books: Books) {
    this.books = books;
  }

  add({ command, outcome }: Expected): void {
    this.commands += 1;
    if (command.type !== 'ExecuteTrade' || outcome.status !== 'accepted') return;
    this.trades += 1;
    this.timed ||= command.data.executedAt !== undefined;
    const { aggregateId: accountId, commandId, data } = command;
    const trade = { accountId, commandId, version: outcome.version, data };
    // Numbers 1, 2, 4, 8 …: the last of them is in the second half, however many come.
    if ((this.trades & (this.trades - 1)) === 0) this.sample = trade;
    this.#digestOf(accountId).add({ ...data, version: outcome.version });
  }

  /** The account's trades in order, as a digest of what the commands said. */
  tradesOf(accountId: string): TradeDigest {
    return this.#digestOf(accountId);
  }

  #digestOf(accountId: string): TradeDigest {
    let digest = this.#digests.get(accountId);
    if (digest === undefined) {
      digest = new TradeDigest(this.timed);
      this.#digests.set(accountId, digest);
    }
    return digest;
  }
}
