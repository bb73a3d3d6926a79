/**
 * The Worker's side of a socket to a hub, for whatever tells the frames of a hub in other words: subscriptions as feeds that are
 * pulled. A receipt is given when everything that came before it has been taken, so that the pace of whoever takes the feeds is
 * that of the subscriptions, and no more is held here than a hub sends without a receipt.
 */
import type { ServerFrame, SubscribeFrame } from './frames.ts';
import type { FrameError } from './incoming.ts';

/** How long a subscription may take to begin: as long as a hub waits for an aggregate, and a little. */
const BEGIN_MS_MAX = 8_000;

const UNANSWERED: FrameError = { code: 'unavailable', detail: 'The subscription did not begin.' };

/** A frame of a subscription that shows something. */
export type PageFrame = Extract<ServerFrame, { type: 'events' | 'portfolio' }>;

/** The frame that says that a subscription has begun. */
export type SubscribedFrame = Extract<ServerFrame, { type: 'subscribed' }>;

/** What comes of a subscription: its frame, and the text that it came as. */
export interface Arrival {
  readonly frame: PageFrame;
  readonly text: string;
}

/** A subscription that has begun, or why not. */
export type Begun =
  | { readonly ok: true; readonly frame: SubscribedFrame; readonly feed: Feed }
  | { readonly ok: false; readonly error: FrameError };

/** What is wanted of an aggregate. */
export type Wanted = Pick<SubscribeFrame, 'topic' | 'aggregateType' | 'aggregateId' | 'afterVersion'>;

interface Beginning {
  readonly feed: Feed;
  readonly done: (begun: Begun) => void;
}

export class HubClient {
  readonly #socket: WebSocket;
  readonly #onEnd: (code: number, reason: string) => void;
  readonly #beginnings = new Map<string, Beginning>();
  readonly #feeds = new Map<string, Feed>();
  /** Numbers of the arrivals that are not taken yet, in the order in which they came. */
  readonly #waiting = new Set<number>();
  /** Receipts to give, each once the arrivals up to a number are taken. */
  readonly #receipts: { readonly receipt: number; readonly after: number }[] = [];
  #arrivals = 0;
  #ids = 0;
  #isOpen = true;

  /** `onEnd` is told once why the hub has ended the connection; not where this side has. */
  constructor(socket: WebSocket, onEnd: (code: number, reason: string) => void = () => undefined) {
    this.#socket = socket;
    this.#onEnd = onEnd;
    socket.addEventListener('message', ({ data }) => this.#take(String(data)));
    socket.addEventListener('close', ({ code, reason }) => this.#ended(code, reason));
    socket.addEventListener('error', () => this.#ended(1006, ''));
    socket.accept();
  }

  /** Subscribes, and answers when the subscription has begun or was refused. */
  async subscribe(wanted: Wanted, id = `s${++this.#ids}`): Promise<Begun> {
    const feed = new Feed({
      taken: (numbers) => this.#taken(numbers),
      ended: () => this.#drop(id),
    });
    const begun = new Promise<Begun>((done) => this.#beginnings.set(id, { feed, done }));
    const late = setTimeout(() => this.#refuse(id, UNANSWERED), BEGIN_MS_MAX);
    if (this.#isOpen) this.#send({ type: 'subscribe', id, ...wanted });
    else this.#refuse(id, UNANSWERED);
    try {
      return await begun;
    } finally {
      clearTimeout(late);
    }
  }

  /** Ends the connection and every feed. */
  close(): void {
    if (!this.#isOpen) return;
    this.#stop();
    this.#socket.close(1000, 'done');
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as ServerFrame;
    switch (frame.type) {
      case 'subscribed':
        this.#begin(frame);
        break;
      case 'error':
        // The hub's own code: a frame that is read back has lost its type.
        if (frame.id !== null) this.#refuse(frame.id, frame as FrameError);
        break;
      case 'ended':
        this.#feeds.get(frame.id)?.fail(frame as FrameError);
        this.#feeds.delete(frame.id);
        break;
      case 'events':
      case 'portfolio':
        this.#arrived({ frame, text });
        break;
      case 'receiptRequested':
        this.#receipts.push({ receipt: frame.receipt, after: this.#arrivals });
        this.#giveReceipts();
        break;
      case 'welcome':
      case 'results':
      case 'unsubscribed':
        break;
    }
  }

  #begin(frame: SubscribedFrame): void {
    const beginning = this.#beginnings.get(frame.id);
    if (beginning === undefined) {
      this.#send({ type: 'unsubscribe', id: frame.id });
      return;
    }
    this.#beginnings.delete(frame.id);
    this.#feeds.set(frame.id, beginning.feed);
    beginning.done({ ok: true, frame, feed: beginning.feed });
  }

  #refuse(id: string, error: FrameError): void {
    this.#beginnings.get(id)?.done({ ok: false, error });
    this.#beginnings.delete(id);
  }

  #arrived(arrival: Arrival): void {
    const feed = this.#feeds.get(arrival.frame.id);
    if (feed === undefined) return;
    this.#waiting.add(++this.#arrivals);
    feed.push(this.#arrivals, arrival);
  }

  #taken(numbers: readonly number[]): void {
    for (const number of numbers) this.#waiting.delete(number);
    this.#giveReceipts();
  }

  #giveReceipts(): void {
    const [oldest = Number.POSITIVE_INFINITY] = this.#waiting;
    for (let [next] = this.#receipts; next !== undefined && next.after < oldest; [next] = this.#receipts) {
      this.#receipts.shift();
      this.#send({ type: 'receipt', receipt: next.receipt });
    }
  }

  /** Nobody takes the feed any more. */
  #drop(id: string): void {
    if (this.#feeds.delete(id)) this.#send({ type: 'unsubscribe', id });
  }

  #send(frame: object): void {
    if (this.#isOpen) this.#socket.send(JSON.stringify(frame));
  }

  #ended(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#stop();
    this.#onEnd(code, reason);
    this.#socket.close(1000, 'done');
  }

  #stop(): void {
    this.#isOpen = false;
    for (const id of [...this.#beginnings.keys()]) this.#refuse(id, UNANSWERED);
    for (const feed of this.#feeds.values()) feed.finish();
    this.#feeds.clear();
  }
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

  /** For the client: nothing more will come, and what has not been taken is given up. */
  finish(): void {
    this.#isOver = true;
    this.#acknowledge();
    this.#listener.taken(this.#queue.splice(0).map(({ number }) => number));
    this.#settle();
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
    } else if (this.#failure !== undefined && !this.#isOver) pull.reject(this.#failure);
    else pull.resolve(DONE);
  }
}
