import type { Miniflare, V4SharedOptions, V4WorkerOptions } from 'miniflare';
import type { WorkerSettings } from './config.ts';
import type { LocalRuntime } from './localRuntime.ts';
import { type Shards, shardOf } from './shards/options.ts';

/** Our Worker as Miniflare is told of it. */
export type ObjectWorker = V4WorkerOptions & WorkerSettings;

/** The runtimes that have the objects: one, or as many as there are shards. The first also takes requests, queues and crons. */
export class ObjectRuntimes {
  readonly #first: LocalRuntime;
  readonly #others: readonly LocalRuntime[];

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
    return await this.#first.start([shardOf(worker, 0, shards), ...beside], more);
  }

  /** Process id of the first, while it runs. */
  pid(): number | undefined {
    return this.#first.pid();
  }

  /** Process ids of the others that run. */
  otherPids(): number[] {
    return this.#others.flatMap((runtime) => runtime.pid() ?? []);
  }

  /** Ends them: the first, so that what it is asked can be answered by all, and then the others. */
  async stop(): Promise<void> {
    for (const runtime of this.#others) runtime.expectEnd();
    await this.#first.stop();
    await Promise.all(this.#others.map((runtime) => runtime.stop()));
  }
}
