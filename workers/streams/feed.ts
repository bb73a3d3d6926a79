/** What comes of one subscription, held for whoever takes it, at the taker's pace. */
import type { ServerFrame } from './frames.ts';
import type { FrameError } from './incoming.ts';

/** A frame of a subscription that shows something. */
export type PageFrame = Extract<ServerFrame, { type: 'events' | 'portfolio' }>;

/** What comes of a subscription: its frame, and the text that it came as. */
export interface Arrival {
  readonly frame: PageFrame;
  readonly text: string;
}

/** A subscription ended that somebody was taking; it can go on after the version it had come to. */
export class FeedEnded extends Error {
  override readonly name = 'FeedEnded';
  readonly error: FrameError;

  constructor(error: FrameError) {
    super(error.detail);
    this.error = error;
  }
}

interface Listener {
  taken(numbers: readonly number[]): void;
  /** Whoever took the feed has let go of it. */
  ended(): void;
}

type Pull = PromiseWithResolvers<IteratorResult<Arrival, undefined>>;

const DONE = { done: true, value: undefined } as const;

/** What comes of one subscription, to be pulled by one taker: the next pull says that the arrival before has been taken. */
export class Feed implements AsyncIterableIterator<Arrival, undefined> {
  readonly #listener: Listener;
  readonly #queue: { readonly number: number; readonly arrival: Arrival }[] = [];
  #given: number | undefined;
  #pull: Pull | undefined;
  #isOver = false;
  #failure: FeedEnded | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next arrival, when there is one; the end. Rejects with {@link FeedEnded} where the hub had to end it. */
  next(): Promise<IteratorResult<Arrival, undefined>> {
    this.#acknowledge();
    this.#pull ??= Promise.withResolvers();
    const { promise } = this.#pull;
    this.#settle();
    return promise;
  }

  /** Lets go of the feed, also while a pull waits. */
  return(): Promise<IteratorResult<Arrival, undefined>> {
    if (!this.#isOver) {
      this.finish();
      this.#listener.ended();
    }
    return Promise.resolve(DONE);
  }

  /** The same: whatever takes a feed ends it by a throw as well. */
  throw(): Promise<IteratorResult<Arrival, undefined>> {
    return this.return();
  }

  /** For the client: something came. */
  push(number: number, arrival: Arrival): void {
    this.#queue.push({ number, arrival });
    this.#settle();
  }

  /** For the client: the hub had to end it. What came before is given first. */
  fail(error: FrameError): void {
    this.#failure = new FeedEnded(error);
    this.#settle();
  }

  /** For the client: the connection has ended. What has not been taken is given up: it may not be shown any more. */
  cut(error: FrameError): void {
    this.#giveUp();
    this.fail(error);
  }

  /** For the client: nothing more will come, and what has not been taken is given up. */
  finish(): void {
    this.#isOver = true;
    this.#giveUp();
    this.#settle();
  }

  #giveUp(): void {
    this.#acknowledge();
    this.#listener.taken(this.#queue.splice(0).map(({ number }) => number));
  }

  #acknowledge(): void {
    if (this.#given === undefined) return;
    const given = this.#given;
    this.#given = undefined;
    this.#listener.taken([given]);
  }

  #settle(): void {
    const pull = this.#pull;
    if (pull === undefined) return;
    const next = this.#queue.shift();
    if (next === undefined && !this.#isOver && this.#failure === undefined) return;
    this.#pull = undefined;
    if (next !== undefined) {
      this.#given = next.number;
      pull.resolve({ done: false, value: next.arrival });
    } else if (this.#failure !== undefined && !this.#isOver) {
      // Told once: after it the feed is over, and whoever pulls on learns that.
      this.#isOver = true;
      pull.reject(this.#failure);
    } else pull.resolve(DONE);
  }
}
