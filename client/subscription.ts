/** One subscription: what came and was not taken yet, and where to go on after a break. */
import type { FolioProblem } from './errors.ts';
import type { ClientFrame, TopicAggregates, Topics } from './frames.ts';

/** What is followed. */
export interface Followed<Topic extends keyof Topics> {
  readonly topic: Topic;
  readonly aggregateType: TopicAggregates[Topic];
  readonly aggregateId: string;
  /** The last version that is known already; 0: everything; absent: from now on. */
  readonly afterVersion?: number | undefined;
}

/** What a subscription needs of its stream. */
interface Owner {
  /** All that came was read. */
  readonly emptied: (subscription: AnySubscription) => void;
  readonly closed: (subscription: AnySubscription) => void;
}

/** Any subscription. */
export type AnySubscription = Subscription<keyof Topics>;

interface Item {
  readonly version: number;
  readonly value: unknown;
  /** Tells the stream that the item was taken. */
  readonly done: () => void;
}

type Step<Value> = IteratorResult<Value, undefined>;

/**
 * Read it with `for await`: items come in the order of versions, each once, through any number of reconnections. Leaving the
 * loop ends it. It throws a `FolioProblem` where the subscription is refused.
 */
export class Subscription<Topic extends keyof Topics> implements AsyncIterableIterator<Topics[Topic]> {
  readonly id: string;
  readonly #followed: Followed<Topic>;
  readonly #owner: Owner;
  readonly #items: Item[] = [];
  #received: number | undefined;
  #taken: number | undefined;
  #end: { readonly error?: Error } | undefined;
  /** Of those who wait for an item, in the order in which they asked. */
  readonly #wakes: (() => void)[] = [];
  /** Refusals in a row for reasons that pass. */
  failures = 0;

  constructor(id: string, followed: Followed<Topic>, owner: Owner) {
    this.id = id;
    this.#followed = followed;
    this.#owner = owner;
    this.#received = followed.afterVersion;
    this.#taken = followed.afterVersion;
  }

  /** The version to go on from in a later process: that of the last item that was read; undefined before the first is known. */
  get version(): number | undefined {
    return this.#taken;
  }

  /** The frame that begins it, or goes on with it after a break. */
  get request(): ClientFrame {
    const { topic, aggregateType, aggregateId } = this.#followed;
    const after = this.#received === undefined ? {} : { afterVersion: this.#received };
    return { type: 'subscribe', id: this.id, topic, aggregateType, aggregateId, ...after };
  }

  /** Whether something came that was not read yet. */
  get hasUnread(): boolean {
    return this.#items.length > 0;
  }

  /** The platform told where it begins. */
  begun(afterVersion: number): void {
    this.failures = 0;
    this.#received ??= afterVersion;
    this.#taken ??= afterVersion;
  }

  /** Something came; false where it is known already, so that nobody gets it twice. */
  push(version: number, value: unknown, done: () => void): boolean {
    if (this.#end !== undefined || version <= (this.#received ?? 0)) return false;
    this.#received = version;
    this.#items.push({ version, value, done });
    this.#wakeUp();
    return true;
  }

  /** Nothing more comes; what is there can still be read. */
  finish(error?: FolioProblem | Error): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wakeUp();
  }

  /** The next item; waits for one. */
  async next(): Promise<Step<Topics[Topic]>> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#taken = item.version;
        item.done();
        if (!this.hasUnread) this.#owner.emptied(this as unknown as AnySubscription);
        return { done: false, value: item.value as Topics[Topic] };
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
  }

  /** Ends the subscription; what was not read is let go. */
  async return(): Promise<Step<Topics[Topic]>> {
    for (const { done } of this.#items.splice(0)) done();
    if (this.#end === undefined) {
      this.finish();
      this.#owner.closed(this as unknown as AnySubscription);
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #wakeUp(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}
