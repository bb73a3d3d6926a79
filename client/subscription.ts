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
  /** Those who wait for an item, in the order in which they asked; as long as there are any, no item waits. */
  readonly #takers: ((step: Step<Topics[Topic]> | Promise<Step<Topics[Topic]>>) => void)[] = [];
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
    const item = { version, value, done };
    const taker = this.#takers.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(this.#take(item));
    return true;
  }

  /** Nothing more comes; what is there can still be read. */
  finish(error?: FolioProblem | Error): void {
    this.#end ??= error === undefined ? {} : { error };
    for (const taker of this.#takers.splice(0)) taker(this.#over());
  }

  /** The next item; waits for one. */
  async next(): Promise<Step<Topics[Topic]>> {
    const item = this.#items.shift();
    if (item !== undefined) return this.#take(item);
    if (this.#end !== undefined) return await this.#over();
    return await new Promise((resolve) => this.#takers.push(resolve));
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

  /** An item is given to whoever asked for it. */
  #take({ version, value, done }: Item): Step<Topics[Topic]> {
    this.#taken = version;
    done();
    if (!this.hasUnread) this.#owner.emptied(this as unknown as AnySubscription);
    return { done: false, value: value as Topics[Topic] };
  }

  /** What there is once nothing more comes: the end, or why. */
  async #over(): Promise<Step<Topics[Topic]>> {
    if (this.#end?.error !== undefined) throw this.#end.error;
    return { done: true, value: undefined };
  }
}
