/** The aggregates that a hub watches: who follows each, how far its log is known to go, and pages of it. */
import type { Notice } from '../../actors/kernel/watchers.ts';
import type { Target } from '../access/principal.ts';
import type { AggregateActor } from '../aggregates.ts';
import { inTime } from '../inTime.ts';
import type { TopicName } from './frames.ts';
import { type Page, TOPICS } from './topics.ts';

/** An aggregate's actor as a hub uses it. */
export interface WatchedActor extends AggregateActor {
  /** Has a hub told of every commit after the version that this answers; 0 where there is no aggregate, or one that `isToCome`. */
  watch(hub: string, isToCome?: boolean): Promise<number>;
}

/** What follows an aggregate. */
export interface Follower {
  /** The aggregate tells something. */
  take(notice: Notice): void;
  /** The log may go further than was known. */
  pump(): void;
}

/** One aggregate that a hub watches. */
export class Watch {
  readonly target: Target;
  readonly followers = new Set<Follower>();
  /** How far the log is known to go. */
  head = 0;
  /** Subscriptions that are being set up. */
  pending = 0;
  readonly #actor: () => WatchedActor;
  /** What is being read of the aggregate: many who ask for the same share it. */
  readonly #reading = new Map<string, Promise<unknown>>();

  /** `actor` is asked for every page: the stub of an actor that was restarted answers no more. */
  constructor(target: Target, actor: () => WatchedActor) {
    this.target = target;
    this.#actor = actor;
  }

  get isWanted(): boolean {
    return this.pending > 0 || this.followers.size > 0;
  }

  /** What became of the log. */
  notified(notice: Notice): void {
    this.head = Math.max(this.head, notice.toVersion);
    for (const follower of this.followers) follower.take(notice);
  }

  /** The log goes at least as far as this. */
  reached(version: number): void {
    this.head = Math.max(this.head, version);
    for (const follower of this.followers) follower.pump();
  }

  /** The actor. */
  get actor(): WatchedActor {
    return this.#actor();
  }

  /** The page after a version; those who follow at the same pace share it. */
  read(topic: TopicName, afterVersion: number, charactersMax: number): Promise<Page> {
    return this.#share(`${topic} ${afterVersion} ${charactersMax}`, () =>
      TOPICS[topic].read(this.actor, this.target, { afterVersion, head: this.head, charactersMax }),
    );
  }

  /** The state, at least as of the version that the log is known to have. */
  state(): ReturnType<AggregateActor['read']> {
    return this.#share('state', () => this.actor.read());
  }

  #share<Answer>(what: string, ask: () => PromiseLike<Answer>): Promise<Answer> {
    // What was asked before the log went further says nothing of what came since.
    const key = `${what} ${this.head}`;
    let reading = this.#reading.get(key) as Promise<Answer> | undefined;
    if (reading === undefined) {
      reading = inTime('a watched aggregate', ask()).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }
}

/** What watching needs. */
export interface WatchesDeps {
  /** The hub's own name, under which aggregates tell it. */
  readonly name: string;
  actorOf(target: Target): WatchedActor;
  /** Whether an aggregate that there is not yet has been asked for, and will begin by itself. */
  isToCome(target: Target): Promise<boolean>;
}

/** Every aggregate that the hub watches. */
export class Watches {
  readonly #deps: WatchesDeps;
  readonly #watches = new Map<string, Watch>();
  /** Calls of `watch` on their way: many who begin at once share one. */
  readonly #asking = new Map<Watch, Promise<number | undefined>>();

  constructor(deps: WatchesDeps) {
    this.#deps = deps;
  }

  /** The watch of an aggregate, where somebody here follows it. */
  find(target: Target): Watch | undefined {
    return this.#watches.get(keyOf(target));
  }

  /** The watch of an aggregate, made where there was none. To be asked for, and released where nothing came of it. */
  of(target: Target): Watch {
    let watch = this.find(target);
    if (watch === undefined) {
      const { aggregateType, aggregateId } = target;
      watch = new Watch({ aggregateType, aggregateId }, () => this.#deps.actorOf(target));
      this.#watches.set(keyOf(target), watch);
    }
    return watch;
  }

  /** Has the aggregate tell this hub; answers the version that its log has, 0 before it has begun; undefined where there is none. */
  ask(watch: Watch): Promise<number | undefined> {
    let asking = this.#asking.get(watch);
    if (asking === undefined) {
      asking = inTime('a watched aggregate', this.#watch(watch))
        .then((head) => {
          if (head !== undefined) watch.reached(head);
          return head;
        })
        .finally(() => this.#asking.delete(watch));
      this.#asking.set(watch, asking);
    }
    return asking;
  }

  async #watch({ actor, target }: Watch): Promise<number | undefined> {
    const head = await actor.watch(this.#deps.name);
    if (head > 0) return head;
    return (await this.#deps.isToCome(target)) ? actor.watch(this.#deps.name, true) : undefined;
  }

  /** Lets go of an aggregate that nobody follows. It is told so when it next tells something. */
  release(watch: Watch): void {
    if (!watch.isWanted) this.#watches.delete(keyOf(watch.target));
  }
}

function keyOf({ aggregateType, aggregateId }: Target): string {
  return `${aggregateType}/${aggregateId}`;
}
