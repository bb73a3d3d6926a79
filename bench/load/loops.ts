/** Drives requests at a server: as many as it takes (closed loop), or at a given rate (open loop). */
import { setTimeout as sleep } from 'node:timers/promises';
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
  /** Requests of an open loop that were due and found no idle connection until the end. */
  readonly unsent: number;
}

/** Called with every answered request. */
export type OnReply = (request: PreparedRequest, sentAt: number, reply: Reply) => void;

/** Timers have a resolution of a millisecond: what is due within it goes out together. */
const TICK_MS = 1;

/** How long a closed loop goes on. */
export interface ClosedLoad {
  readonly connections: number;
  readonly seconds: number;
  /** Ends the loop before its time. */
  readonly until?: () => boolean;
  readonly onReply?: OnReply;
}

/** As many requests as the server answers over `connections` connections in `seconds`. */
export async function closedLoop(port: number, source: RequestSource, load: ClosedLoad): Promise<LoadResult> {
  const connections = await openAll(port, load.connections);
  const meter = new Meter(load.onReply);
  const end = performance.now() + load.seconds * 1_000;
  const drive = async (connection: Connection) => {
    for (let now = performance.now(); now < end && load.until?.() !== true; now = performance.now()) {
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

/** How an open loop offers its load. */
export interface OpenLoad {
  readonly connections: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Ends the loop before its time. */
  readonly until?: () => boolean;
  readonly onReply?: OnReply;
}

/** Requests at a steady rate for `seconds`, then waits for the last answer. What is late by then is never sent. */
export async function openLoop(port: number, source: RequestSource, load: OpenLoad): Promise<LoadResult> {
  const connections = await openAll(port, load.connections);
  const idle = [...connections];
  const meter = new Meter(load.onReply);
  const spacing = 1_000 / load.requestsPerSecond;
  const start = performance.now();
  let failure: unknown;
  let issued = 0;
  const issue = async (connection: Connection, dueAt: number) => {
    try {
      const request = source.next();
      meter.add(request, dueAt, await connection.send(request.bytes));
      idle.push(connection);
    } catch (error) {
      failure ??= error;
    }
  };
  const dueAt = (now: number) => Math.floor((now - start) / spacing) + 1;
  const end = start + load.seconds * 1_000;
  try {
    let now = start;
    for (; now < end && failure === undefined && load.until?.() !== true; now = performance.now()) {
      for (const due = dueAt(now); issued < due && idle.length > 0; issued++) {
        // In turn: a server closes connections that nobody uses for seconds.
        void issue(idle.shift() as Connection, start + issued * spacing);
      }
      await sleep(TICK_MS);
    }
    while (idle.length < connections.length && failure === undefined) await sleep(TICK_MS);
    if (failure !== undefined) throw failure;
    const offered = Math.round(((Math.min(now, end) - start) / 1_000) * load.requestsPerSecond);
    return { ...meter.result(), unsent: Math.max(0, offered - issued) };
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function openAll(port: number, count: number): Promise<Connection[]> {
  return await Promise.all(Array.from({ length: count }, () => Connection.open(port)));
}

/** Collects what a loop sees. */
export class Meter {
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
    this.count(sentAt, request.commands);
    this.#onReply?.(request, sentAt, reply);
  }

  /** Counts what has been found to be as expected. */
  count(sentAt: number, commands: number): void {
    this.#endedAt = performance.now();
    this.#latencies.push(this.#endedAt - sentAt);
    this.#commands += commands;
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
      unsent: 0,
    };
  }
}
