/**
 * A subscription and the aggregate that it watches. Replay and live are one mechanism: a subscription knows the version that
 * it has sent and the version that the log is known to have, and as long as there is a difference it sends the next page. A
 * notice that begins exactly where it stands is that page; in every other case the page is read from the owner's log. So
 * nothing can be left out or sent twice, whatever was lost, repeated or overtaken on the way.
 */
import type { Notice } from '../../actors/kernel/watchers.ts';
import type { Target } from '../access/principal.ts';
import type { AggregateActor } from '../aggregates.ts';
import type { TopicName } from './frames.ts';
import { eventsPage, type Page, TOPICS } from './topics.ts';

/** Where a subscription sends to. */
export interface Sink {
  /** Whether the receiver keeps up: without room a subscription waits, and the log keeps what it will send. */
  hasRoom(): boolean;
  /** Sends a page of the subscription and remembers how far it has come. */
  deliver(subscription: Subscription, page: Page): void;
  /** The page could not be read: the subscription is over, and its receiver is to be told. */
  failed(subscription: Subscription, error: unknown): void;
}

/** Time, as subscriptions need it. */
export interface Clock {
  now(): number;
  after(task: () => void, milliseconds: number): void;
}

/** One aggregate that a hub watches. */
export class Watch {
  readonly target: Target;
  readonly subscriptions = new Set<Subscription>();
  /** How far the log is known to go. */
  head = 0;
  /** Subscriptions that are being set up. */
  pending = 0;
  readonly #actor: () => AggregateActor;
  /** Pages that are being read: many who ask for the same one share it. */
  readonly #reading = new Map<string, Promise<Page>>();

  /** `actor` is asked for every page: the stub of an actor that was restarted answers no more. */
  constructor(target: Target, actor: () => AggregateActor) {
    this.target = target;
    this.#actor = actor;
  }

  get isWanted(): boolean {
    return this.pending > 0 || this.subscriptions.size > 0;
  }

  /** What became of the log. */
  notified(notice: Notice): void {
    this.head = Math.max(this.head, notice.toVersion);
    for (const subscription of this.subscriptions) subscription.take(notice);
  }

  /** The log goes at least as far as this. */
  reached(version: number): void {
    this.head = Math.max(this.head, version);
    for (const subscription of this.subscriptions) subscription.pump();
  }

  /** The page after a version. */
  read(topic: TopicName, afterVersion: number): Promise<Page> {
    const key = `${topic} ${afterVersion} ${this.head}`;
    let page = this.#reading.get(key);
    if (page === undefined) {
      page = TOPICS[topic]
        .read(this.#actor(), this.target, afterVersion, this.head)
        .finally(() => this.#reading.delete(key));
      this.#reading.set(key, page);
    }
    return page;
  }
}

/** What a subscription is made from. */
export interface SubscriptionSettings {
  readonly id: string;
  readonly topic: TopicName;
  readonly watch: Watch;
  readonly afterVersion: number;
}

export class Subscription {
  readonly id: string;
  readonly topic: TopicName;
  readonly watch: Watch;
  /** Everything up to it has been sent. */
  version: number;
  readonly #sink: Sink;
  readonly #clock: Clock;
  #isPumping = false;
  #isOpen = true;
  #isWaiting = false;
  #notBefore = 0;

  constructor({ id, topic, watch, afterVersion }: SubscriptionSettings, sink: Sink, clock: Clock) {
    this.id = id;
    this.topic = topic;
    this.watch = watch;
    this.version = afterVersion;
    this.#sink = sink;
    this.#clock = clock;
    watch.subscriptions.add(this);
  }

  get isBehind(): boolean {
    return this.version < this.watch.head;
  }

  /** Ends it: nothing is sent any more, not even what is being read. */
  close(): void {
    this.#isOpen = false;
    this.watch.subscriptions.delete(this);
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
  }

  async #run(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#isOpen && this.isBehind && this.#sink.hasRoom()) {
        const pause = this.#notBefore - this.#clock.now();
        if (pause > 0) return this.#pumpAfter(pause);
        const page = await this.watch.read(this.topic, this.version);
        if (!this.#isOpen) return;
        this.version = page.version;
        this.#notBefore = this.#clock.now() + TOPICS[this.topic].intervalMs;
        this.#sink.deliver(this, page);
      }
    } catch (error) {
      if (this.#isOpen) this.#sink.failed(this, error);
    } finally {
      this.#isPumping = false;
    }
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
