/** Receipts: the platform is told how far its frames were taken in, so that it sends no faster than they are read. */

export class Receipts {
  readonly #send: (receipt: number) => void;
  readonly #asked: { readonly receipt: number; readonly upTo: number }[] = [];
  /** Items that are not taken yet, by their numbers. */
  readonly #open = new Set<number>();
  #arrived = 0;

  constructor(send: (receipt: number) => void) {
    this.#send = send;
  }

  /** An item arrived: call what comes back when it was taken. */
  arrived(): () => void {
    const number = ++this.#arrived;
    this.#open.add(number);
    return () => {
      this.#open.delete(number);
      this.#settle();
    };
  }

  /** The platform asks to be told when everything before was taken in. */
  asked(receipt: number): void {
    this.#asked.push({ receipt, upTo: this.#arrived });
    this.#settle();
  }

  /** The connection is gone, and what it asked with it. */
  broken(): void {
    this.#asked.length = 0;
  }

  #settle(): void {
    for (;;) {
      const next = this.#asked[0];
      const oldest = this.#open.values().next().value;
      // A set keeps the order in which its members came: the first is the oldest.
      if (next === undefined || (oldest !== undefined && oldest <= next.upTo)) return;
      this.#asked.shift();
      this.#send(next.receipt);
    }
  }
}
