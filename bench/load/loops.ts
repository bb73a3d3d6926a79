/** Drives requests at a server: as many as it takes (closed loop), or at a given rate (open loop). */
import { Connection, type Reply } from './connection.ts';
import type { PreparedRequest, RequestSource } from './requests.ts';

/** What a loop saw. Every answer was as expected: the first that was not ends the run. */
export interface LoadResult {
  readonly requests: number;
  readonly commands: number;
  readonly seconds: number;
  /** Milliseconds of each request; in an open loop from when it was due, whether or not it could be sent then. */
  readonly latencies: readonly number[];
  /** Share of one core that this process used. */
  readonly clientCores: number;
}

/** Called with every answered request. */
export type OnReply = (request: PreparedRequest, sentAt: number, reply: Reply) => void;

/** Timers have a resolution of a millisecond: what is due within it goes out together. */
const TICK_MS = 1;

/** An open loop that is this far behind its rate shows overload, and its memory is bounded. */
const BACKLOG_MAX = 200_000;

/** As many requests as the server answers over `connections` connections in `seconds`. */
export async function closedLoop(
  port: number,
  source: RequestSource,
  options: { readonly connections: number; readonly seconds: number },
): Promise<LoadResult> {
  const connections = await openAll(port, options.connections);
  const meter = new Meter();
  const end = performance.now() + options.seconds * 1_000;
  const drive = async (connection: Connection) => {
    for (let now = performance.now(); now < end; now = performance.now()) {
      const request = source.next();
      const reply = await connection.send(request.bytes);
      meter.add(request, now, reply);
    }
  };
  try {
    await Promise.all(connections.map(drive));
    return meter.result();
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Requests at a steady rate for `seconds`, then waits for the last answer. */
export async function openLoop(
  port: number,
  source: RequestSource,
  options: {
    readonly connections: number;
    readonly seconds: number;
    readonly requestsPerSecond: number;
    readonly onReply?: OnReply;
  },
): Promise<LoadResult> {
  const idle = await openAll(port, options.connections);
  const all = [...idle];
  const meter = new Meter(options.onReply);
  const total = Math.round(options.requestsPerSecond * options.seconds);
  const spacing = 1_000 / options.requestsPerSecond;
  const start = performance.now();
  let failure: unknown;
  let issued = 0;
  let running = 0;
  const issue = async (connection: Connection, dueAt: number) => {
    running++;
    try {
      const request = source.next();
      meter.add(request, dueAt, await connection.send(request.bytes));
      idle.push(connection);
    } catch (error) {
      failure ??= error;
    }
    running--;
  };
  const issueDue = () => {
    const due = Math.min(total, Math.floor((performance.now() - start) / spacing) + 1);
    if (due - issued > BACKLOG_MAX) throw new Error('the server takes far less than the offered load');
    for (; issued < due; issued++) {
      const connection = idle.pop();
      if (connection === undefined) return;
      void issue(connection, start + issued * spacing);
    }
  };
  try {
    while ((issued < total || running > 0) && failure === undefined) {
      issueDue();
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    if (failure !== undefined) throw failure;
    return meter.result();
  } finally {
    for (const connection of all) connection.close();
  }
}

async function openAll(port: number, count: number): Promise<Connection[]> {
  return await Promise.all(Array.from({ length: count }, () => Connection.open(port)));
}

class Meter {
  readonly #latencies: number[] = [];
  readonly #started = performance.now();
  readonly #processor = process.cpuUsage();
  readonly #onReply: OnReply | undefined;
  #commands = 0;
  #endedAt = 0;

  constructor(onReply?: OnReply) {
    this.#onReply = onReply;
  }

  /** Counts an answer. Throws where it is not the expected one: a failed request is not a fast one. */
  add(request: PreparedRequest, sentAt: number, reply: Reply): void {
    const { status, start } = request.expects;
    if (reply.status !== status || !reply.start.startsWith(start)) {
      throw new Error(`expected ${status} ${start}…, the server answered ${reply.status} ${reply.start}`);
    }
    this.#endedAt = performance.now();
    this.#latencies.push(this.#endedAt - sentAt);
    this.#commands += request.commands;
    this.#onReply?.(request, sentAt, reply);
  }

  result(): LoadResult {
    const seconds = (this.#endedAt - this.#started) / 1_000;
    const { user, system } = process.cpuUsage(this.#processor);
    return {
      requests: this.#latencies.length,
      commands: this.#commands,
      seconds,
      latencies: this.#latencies,
      clientCores: (user + system) / 1e6 / seconds,
    };
  }
}
