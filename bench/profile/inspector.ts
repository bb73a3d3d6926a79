/** The little of the DevTools protocol that a CPU profile takes. */

/** Isolate that Miniflare runs a Worker's code in. */
interface Target {
  readonly id: string;
  readonly title?: string;
  readonly webSocketDebuggerUrl: string;
}

/** A connection to the debugger of one isolate. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Answer) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Answer;
      if (message.id === undefined) return;
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    });
  }

  /** Attaches to the isolate of the user's Worker: the others are Miniflare's own. */
  static async attach(port: number): Promise<Inspector> {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as Target[];
    const target = targets.find(({ id }) => id.includes('core:user:'));
    if (target === undefined) {
      throw new Error(`no isolate of a Worker among ${targets.map(({ id }) => id).join(', ')}`);
    }
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${target.id}`);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error('the inspector does not answer')));
    });
    return new Inspector(socket);
  }

  /** Calls a method of the protocol. */
  call<Result>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}
