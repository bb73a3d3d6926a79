/** The little of the DevTools protocol that a CPU profile takes. */

/** The isolates of a runtime: the Worker's, and those of Miniflare that stand for queues and databases. */
export async function isolates(port: number): Promise<string[]> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { readonly id: string }[];
  return targets.map(({ id }) => id);
}

/** Whether an isolate is that of a Worker of ours. */
export function isWorker(isolate: string): boolean {
  return isolate.includes('core:user:');
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

  /** Attaches to an isolate. */
  static async attach(port: number, isolate: string): Promise<Inspector> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/${isolate}`);
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
