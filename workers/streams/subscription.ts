/**
 * A subscription. Replay and live are one mechanism: a subscription knows the version that
 * it has sent and the version that the log is known to have, and as long as there is a difference it sends the next page. A
 * notice that begins exactly where it stands is that page; in every other case the page is read from the owner's log. So
 * nothing can be left out or sent twice, whatever was lost, repeated or overtaken on the way.
 */
import type { Notice } from '../../actors/kernel/watchers.ts';
import type { TopicName } from './frames.ts';
import { eventsPage, type Page, TOPICS } from './topics.ts';
import type { Follower, Watch } from './watches.ts';

/** Where a subscription sends to. */
export interface Sink {
  /** Whether the receiver keeps up: without room a subscription waits, and the log keeps what it will send. */
  hasRoom(): boolean;
  /** Makes room for a page that is to be read: its characters; 0 where there is none, until a receipt comes or another page has been sent. */
  beginPage(): number;
  /** The page was sent, or is not needed any more. Once after each {@link beginPage} that made room, with what it answered. */
  endPage(characters: number): void;
  /** Sends a page of the subscription and remembers how far it has come. */
  deliver(subscription: Subscription, page: Page): void;
  /** Writes down how the subscription stands, for an instance that goes on with the socket. */
  save(): void;
  /** The page could not be read: the subscription is over, and its receiver is to be told. */
  failed(subscription: Subscription, error: unknown): void;
}

/** Time, as subscriptions need it. */
export interface Clock {
  now(): number;
  after(task: () => void, milliseconds: number): void;
}

/** What a subscription is made from. */
export interface SubscriptionSettings {
  readonly id: string;
  readonly topic: TopicName;
  readonly watch: Watch;
  readonly afterVersion: number;
}

export class Subscription implements Follower {
  readonly id: string;
  readonly topic: TopicName;
  readonly watch: Watch;
  /** Its id, its topic and its aggregate as an attachment has them: the members of a JSON array that never change. */
  readonly #savedName: string;
  /** Everything up to it has been sent. */
  version: number;
  readonly #sink: Sink;
  readonly #clock: Clock;
  #isPumping = false;
  #isOpen = true;
  #isWaiting = false;
  #notBefore = 0;
  /** Whether it is written down that there is more to send. */
  #isSavedBehind = false;

  constructor({ id, topic, watch, afterVersion }: SubscriptionSettings, sink: Sink, clock: Clock) {
    this.id = id;
    this.topic = topic;
    this.watch = watch;
    const { aggregateType, aggregateId } = watch.target;
    this.#savedName = JSON.stringify([id, topic, aggregateType, aggregateId]).slice(1, -1);
    this.version = afterVersion;
    this.#sink = sink;
    this.#clock = clock;
    watch.followers.add(this);
  }

  get isBehind(): boolean {
    return this.version < this.watch.head;
  }

  /** Ends it: nothing is sent any more, not even what is being read. */
  close(): void {
    this.#isOpen = false;
    this.watch.followers.delete(this);
  }

  /** Gives up: what it has still to send cannot be found out, and whoever follows it subscribes again. */
  fail(error: unknown): void {
    if (this.#isOpen) this.#sink.failed(this, error);
  }

  /** Takes a notice as its next page, where it is that. */
  take({ fromVersion, toVersion, events }: Notice): void {
    const isNext = events !== null && fromVersion === this.version + 1 && !this.#isPumping;
    if (isNext && TOPICS[this.topic].showsEvents && this.#sink.hasRoom()) {
      this.version = toVersion;
      this.#sink.deliver(this, eventsPage(toVersion, events));
    } else this.pump();
  }

  /** Sends page after page for as long as there is one and there is room for it. */
  pump(): void {
    if (!this.#isPumping) void this.#run();
    // Whoever told of it has done so, and an instance that is gone by the time the page is read would have told nobody.
    if (this.isBehind && !this.#isSavedBehind) this.#sink.save();
  }

  /** How it stands, as an attachment has it. */
  savedText(): string {
    this.#isSavedBehind = this.isBehind;
    return `[${this.#savedName},${this.version},${this.isBehind ? 1 : 0}]`;
  }

  async #run(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#isOpen && this.isBehind) {
        const pause = this.#notBefore - this.#clock.now();
        if (pause > 0) return this.#pumpAfter(pause);
        const characters = this.#sink.beginPage();
        if (characters === 0) return;
        try {
          await this.#sendPage(characters);
        } finally {
          this.#sink.endPage(characters);
        }
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.#isPumping = false;
    }
  }

  async #sendPage(charactersMax: number): Promise<void> {
    const page = await this.watch.read(this.topic, this.version, charactersMax);
    if (!this.#isOpen) return;
    this.version = page.version;
    this.#notBefore = this.#clock.now() + TOPICS[this.topic].intervalMs;
    this.#sink.deliver(this, page);
  }

  #pumpAfter(milliseconds: number): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#clock.after(() => {
      this.#isWaiting = false;
      this.pump();
    }, milliseconds);
  }
}
