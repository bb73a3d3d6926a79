import type { Miniflare, V4SharedOptions, V4WorkerOptions } from 'miniflare';
import type { WorkerSettings } from './config.ts';
import type { LocalRuntime } from './localRuntime.ts';
import { HandlersLine } from './shards/handlers.ts';
import { type Shards, shardOf } from './shards/options.ts';
import { FIRST_SHARD } from './shards/ownership.ts';

/** Our Worker as Miniflare is told of it. */
export type ObjectWorker = V4WorkerOptions & WorkerSettings;

/** The runtimes that have the objects: one, or as many as there are shards. The first also takes requests, queues and crons. */
export class ObjectRuntimes {
  readonly #first: LocalRuntime;
  readonly #others: readonly LocalRuntime[];
  /** To the first, where there are several. */
  #line: HandlersLine | undefined;

  /** At least one. */
  constructor(runtimes: readonly LocalRuntime[]) {
    const [first, ...others] = runtimes;
    if (first === undefined) throw new Error('objects need a runtime');
    this.#first = first;
    this.#others = others;
  }

  /** Starts all of them, the first with these other Workers and options; resolves with its Miniflare. */
  async start(
    worker: ObjectWorker,
    shards: Shards | undefined,
    beside: readonly V4WorkerOptions[],
    more: Partial<V4SharedOptions>,
  ): Promise<Miniflare> {
    if (shards === undefined) return await this.#first.start([worker, ...beside], more);
    await Promise.all(
      this.#others.map((runtime, index) => runtime.start([shardOf(worker, index + 1, shards)])),
    );
    const miniflare = await this.#first.start([shardOf(worker, FIRST_SHARD, shards), ...beside], more);
    this.#line = new HandlersLine(shards, FIRST_SHARD);
    await this.#line.open();
    return miniflare;
  }

  /** Process id of the first, while it runs. */
  pid(): number | undefined {
    return this.#first.pid();
  }

  /** Process ids of the others that run. */
  otherPids(): number[] {
    return this.#others.flatMap((runtime) => runtime.pid() ?? []);
  }

  /**
   * Ends them, the others as soon as the first has answered what it was asked. A runtime waits for all who are connected to it, and the
   * shards are connected to each other for good: none would end before the other.
   */
  async stop(): Promise<void> {
    for (const runtime of [this.#first, ...this.#others]) runtime.expectEnd();
    const answered = this.#line?.idle();
    const stopped = this.#first.stop();
    await Promise.race([stopped, answered ?? stopped]);
    this.#line?.close();
    await Promise.all([stopped, ...this.#others.map((runtime) => runtime.end())]);
  }
}
