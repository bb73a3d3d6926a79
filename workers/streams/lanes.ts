/** The order of results: those of one aggregate leave in the order in which its commands came, whatever frames they came in. */

export class Lanes {
  /** By aggregate: when the results before have left. */
  readonly #left = new Map<string, Promise<void>>();

  /** Sends once the work is done and whatever came before for the same aggregates has left. */
  send(aggregates: Iterable<string>, work: Promise<() => void>): Promise<void> {
    const keys = new Set(aggregates);
    const before = new Set([...keys].flatMap((key) => this.#left.get(key) ?? []));
    const left = this.#sendAfter(before, work);
    for (const key of keys) this.#left.set(key, left);
    return left.finally(() => {
      for (const key of keys) if (this.#left.get(key) === left) this.#left.delete(key);
    });
  }

  async #sendAfter(before: Iterable<Promise<void>>, work: Promise<() => void>): Promise<void> {
    const send = await work;
    await Promise.all(before);
    send();
  }
}
