/**
 * Operations of a socket by their ids. A client may use an id again as soon as it has completed the operation before (protocol
 * graphql-transport-ws), while that one is still being set up or ended. The library takes the two for one then: events come twice,
 * and what nobody can name goes on for as long as the connection. So here the next operation of an id begins after the one before,
 * and what that one was still making when its client had enough of it is not sent.
 */

/** The operation that an id names. */
interface Running {
  /** Whether its client has ended it. */
  isCompleted: boolean;
  /** The message that begins the next one. */
  next: string | undefined;
}

/** What a message is, as far as it matters here. */
interface Named {
  readonly type?: unknown;
  readonly id?: unknown;
}

/** What begins a message about an operation, as the library writes it. */
const ABOUT_OPERATION = /^\{"id":("(?:[^"\\]|\\.)*"),"type":/;

/** The operation that a message to the client is about. */
export function idOfOperation(text: string): string | undefined {
  const [, id] = ABOUT_OPERATION.exec(text) ?? [];
  return id === undefined ? undefined : (JSON.parse(id) as string);
}

export class OperationIds {
  readonly #take: (text: string, begins?: string) => Promise<void>;
  readonly #inUse: (id: string) => void;
  readonly #running = new Map<string, Running>();

  /**
   * `take` handles a message, and of one that begins an operation, whose id it is told, resolves with its end; `inUse` is told of an
   * id that is not free.
   */
  constructor(take: (text: string, begins?: string) => Promise<void>, inUse: (id: string) => void) {
    this.#take = take;
    this.#inUse = inUse;
  }

  /** Takes a message of the client's. */
  async take(text: string): Promise<void> {
    const { type, id } = named(text);
    if (typeof id !== 'string') return this.#take(text);
    const running = this.#running.get(id);
    if (type === 'subscribe') return this.#begin(id, text, running);
    if (type !== 'complete' || running === undefined) return this.#take(text);
    // One that waits has not begun: there is nothing to end.
    if (running.next !== undefined) running.next = undefined;
    else {
      running.isCompleted = true;
      return this.#take(text);
    }
  }

  /** Whether the client has ended the operation that this id names now. */
  isCompleted(id: string): boolean {
    return this.#running.get(id)?.isCompleted === true;
  }

  async #begin(id: string, text: string, running: Running | undefined): Promise<void> {
    if (running === undefined) return this.#run(id, text);
    if (running.isCompleted && running.next === undefined) running.next = text;
    else this.#inUse(id);
  }

  async #run(id: string, text: string): Promise<void> {
    for (let begins: string | undefined = text; begins !== undefined; ) {
      const running: Running = { isCompleted: false, next: undefined };
      this.#running.set(id, running);
      try {
        await this.#take(begins, id);
      } finally {
        this.#running.delete(id);
      }
      begins = running.next;
    }
  }
}

/** What is no JSON has no name: whoever takes it says so. */
function named(text: string): Named {
  try {
    return (JSON.parse(text) as Named | null) ?? {};
  } catch {
    return {};
  }
}
