/**
 * Stubs of the objects that an object calls again and again. The engine counts some 35 kB outside its heap for a stub until it is
 * collected (docs/benchmarks.md): one made for each call had the whole heap collected every 45 s, at a thousand calls a second. No
 * Cloudflare import.
 */
export class KeptStubs<Stub> {
  readonly #stubs = new Map<string, Stub>();
  readonly #make: (name: string) => Stub;
  readonly #inTime: <Answer>(name: string, answer: PromiseLike<Answer>) => Promise<Answer>;

  /**
   * `make` is asked for the stub of a name; names are few, as those of the hubs are. `inTime` gives up an answer that does not come: the
   * stub would never be known to be broken.
   */
  constructor(
    make: (name: string) => Stub,
    inTime: <Answer>(name: string, answer: PromiseLike<Answer>) => Promise<Answer>,
  ) {
    this.#make = make;
    this.#inTime = inTime;
  }

  /** Calls the object of a name. After a call that failed, or was not answered, its stub is broken for good, and the next call gets another. */
  async call<Answer>(name: string, ask: (stub: Stub) => PromiseLike<Answer>): Promise<Answer> {
    const stub = this.#stubs.get(name) ?? this.#make(name);
    this.#stubs.set(name, stub);
    try {
      return await this.#inTime(name, ask(stub));
    } catch (error) {
      if (this.#stubs.get(name) === stub) this.#stubs.delete(name);
      throw error;
    }
  }
}
