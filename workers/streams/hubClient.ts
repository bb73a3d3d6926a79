/**
 * The Worker's side of a socket to a hub, for whatever tells the frames of a hub in other words: subscriptions as feeds that are
 * pulled. A receipt is given when everything that came before it has been taken, so that the pace of whoever takes the feeds is
 * that of the subscriptions, and no more is held here than a hub sends without a receipt.
 */
import { CLOSE_CODES } from './connection.ts';
import { type Arrival, Feed } from './feed.ts';
import type { ServerFrame, SubscribeFrame } from './frames.ts';
import type { FrameError } from './incoming.ts';

/** How long a subscription may take to begin: as long as a hub waits for an aggregate, and a little. */
const BEGIN_MS_MAX = 8_000;

const UNANSWERED: FrameError = { code: 'unavailable', detail: 'The subscription did not begin.' };

/** The frame that says that a subscription has begun. */
export type SubscribedFrame = Extract<ServerFrame, { type: 'subscribed' }>;

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
  #sessionTimer: ReturnType<typeof setTimeout> | undefined;

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
    this.#stop((feed) => feed.finish());
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
        this.#endAt(Date.parse(frame.endsAt));
        break;
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

  /** A hub sleeps and tells the end of a session with the next frame alone; here somebody is awake, who tells it in time. */
  #endAt(time: number): void {
    const end = () =>
      this.#ended(CLOSE_CODES.session_ended, 'session_ended: connect again with a fresh token');
    this.#sessionTimer = setTimeout(end, time - Date.now());
  }

  #ended(code: number, reason: string): void {
    if (!this.#isOpen) return;
    const error = endOf(code, reason);
    this.#stop((feed) => feed.cut(error));
    this.#onEnd(code, reason);
    this.#socket.close(1000, 'done');
  }

  #stop(end: (feed: Feed) => void): void {
    this.#isOpen = false;
    clearTimeout(this.#sessionTimer);
    for (const id of [...this.#beginnings.keys()]) this.#refuse(id, UNANSWERED);
    for (const feed of this.#feeds.values()) end(feed);
    this.#feeds.clear();
  }
}

/** Why the subscriptions of a connection end with it, as a problem. */
function endOf(code: number, reason: string): FrameError {
  if (code === CLOSE_CODES.session_ended) return { code: 'unauthenticated', detail: reason };
  const why = reason === '' ? 'The connection broke.' : reason;
  return { code: 'unavailable', detail: `${why} Subscribe again after the last version.` };
}
