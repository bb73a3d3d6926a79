/**
 * Stubs of the objects that an object calls again and again. The engine counts some 35 kB outside its heap for a stub until it is
 * collected (docs/benchmarks.md): one made for each call had the whole heap collected every 45 s, at a thousand calls a second. No
 * Cloudflare import.
 */
export class KeptStubs<Stub> {
  readonly #stubs = new Map<string, Stub>();
  readonly #make: (name: string) => Stub;

  /** `make` is asked for the stub of a name; names are few, as those of the hubs are. */
  constructor(make: (name: string) => Stub) {
    this.#make = make;
  }

  /** Calls the object of a name. After a failed call its stub is broken for good, and the next call gets another. */
  async call<Answer>(name: string, ask: (stub: Stub) => PromiseLike<Answer>): Promise<Answer> {
    const stub = this.#stubs.get(name) ?? this.#make(name);
    this.#stubs.set(name, stub);
    try {
      return await ask(stub);
    } catch (error) {
      if (this.#stubs.get(name) === stub) this.#stubs.delete(name);
      throw error;
    }
  }
}
