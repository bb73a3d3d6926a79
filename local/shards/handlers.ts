/** Whether the handlers of a shard have answered all that they were asked. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { DEFAULT_HOST } from '../types.ts';
import { SHARD_HEADER, shardHeader } from './header.ts';
import type { Shards } from './options.ts';

/** Times in a row that they are said to be at nothing: the first two may have been said before nothing more was accepted. */
const IDLE_TIMES = 3;

/** How long the shard may take to answer: it runs by then, and answers in milliseconds. */
const OPEN_MS = 5_000;

/** Until a line that broke is made again: about as long as a runtime takes to start anew. */
const AGAIN_MS = 1_000;

/**
 * A line to a shard, over which it says what its handlers are at once it is asked. It is there from the start on: a runtime that was told to
 * end, as all of a server are at once by who ends a service, accepts no other.
 */
export class HandlersLine {
  readonly #shards: Shards;
  readonly #shard: number;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(shards: Shards, shard: number) {
    this.#shards = shards;
    this.#shard = shard;
  }

  /**
   * Makes the line. Resolves when it is there, or is not for now: where it broke it is made again until it is closed, and a shard that
   * hangs is left to it, for whoever starts it would wait for good.
   */
  open(): Promise<void> {
    const { ports, secret } = this.#shards;
    return new Promise((resolve) => {
      const made = request({
        host: DEFAULT_HOST,
        port: ports[this.#shard],
        method: 'POST',
        headers: { [SHARD_HEADER]: shardHeader(secret), 'Transfer-Encoding': 'chunked' },
        agent: false,
      });
      this.#request = made;
      made.on('socket', (socket) => socket.unref());
      const late = setTimeout(resolve, OPEN_MS);
      made.on('response', (response) => {
        clearTimeout(late);
        response.on('error', () => undefined);
        this.#response = response;
        resolve();
      });
      made.on('error', () => undefined);
      made.on('close', () => {
        clearTimeout(late);
        this.#response = undefined;
        resolve();
        if (!this.#isClosed) this.#again = setTimeout(() => void this.open(), AGAIN_MS).unref();
      });
      made.flushHeaders();
    });
  }

  /** Asks; what it gives resolves when the handlers are at nothing any more, or the shard has ended. Undefined where there is no line. */
  idle(): Promise<void> | undefined {
    const response = this.#response;
    if (response === undefined) return undefined;
    this.#request?.write('?');
    return new Promise((resolve) => {
      let times = 0;
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        for (const count of text.trim().split('\n')) times = count === '0' ? times + 1 : 0;
        if (times >= IDLE_TIMES) resolve();
      });
      response.on('close', resolve);
    });
  }

  /** The shard would wait for it. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    this.#request?.destroy();
  }
}
