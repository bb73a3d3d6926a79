/**
 * The clock and the scheduler of the simulated platform. Everything that will happen is an effect with a time; a step takes
 * one that is due, at random, and runs it until no promise moves any more. Nothing here uses real time.
 */
import type { Random } from '../../../demo/random.ts';
import type { Profile } from './profile.ts';
import { Trace } from './trace.ts';

/** Where every run's clock begins, milliseconds since 1970. */
export const EPOCH = Date.UTC(2026, 0, 5, 9, 0, 0);

/** Something that happens once, at `at` or later. */
export interface Effect {
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  run(): void | Promise<void>;
}

/** Whoever waits for an answer: an actor's instance, a consumer's invocation, a client. */
export interface Caller {
  /** False once the caller has crashed: then nobody hears the answer. */
  readonly alive: boolean;
  /** Lets an effect of the caller happen: for an actor, once its turn is committed. */
  emit(effect: Effect): void;
  /** Hands an answer over, in a turn of the caller's own. */
  deliver(label: string, settle: () => void): Promise<void>;
}

/** What objects went through. */
export interface Losses {
  /** Instances that were evicted or replaced by another release, and instances that crashed. */
  evictions: number;
  crashes: number;
  /** Alarms whose delivery failed, each time counted, and alarms that the platform gave up. */
  failedAlarms: number;
  alarmsGivenUp: number;
}

/** A promise of the design that was broken. */
export class Breach extends Error {
  override readonly name = 'Breach';
  readonly check: string;

  constructor(check: string, detail: string) {
    super(detail);
    this.check = check;
  }
}

/** Resolves when every promise that can move has moved: callbacks of `setImmediate` run after all of them. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class World {
  readonly random: Random;
  readonly profile: Profile;
  readonly trace = new Trace();
  clock = EPOCH;
  /** Whether the release before all others is the one that is deployed. */
  isBefore: boolean;
  /** False during the last phase, when nothing fails any more and everything has to come to rest. */
  faulty = true;
  readonly losses: Losses = { evictions: 0, crashes: 0, failedAlarms: 0, alarmsGivenUp: 0 };
  /** The first promise that was broken. */
  breach: Breach | undefined;
  #effects: Effect[] = [];
  #lastId = 0;

  constructor(random: Random, profile: Profile) {
    this.random = random;
    this.profile = profile;
    this.isBefore = profile.beganBefore;
  }

  add(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** Effects that are due now. */
  due(): Effect[] {
    return this.#effects.filter((effect) => effect.at <= this.clock);
  }

  take(effect: Effect): void {
    this.#effects.splice(this.#effects.indexOf(effect), 1);
  }

  get pending(): number {
    return this.#effects.length;
  }

  /** When the next effect is due; undefined where there is none. */
  nextAt(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#effects) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Whether a fault of this rate strikes now. */
  strikes(rate: number): boolean {
    return this.faulty && rate > 0 && this.random.chance(rate);
  }

  /** Runs a check. What it throws is kept and not thrown on: the check may stand in the middle of the product's own code. */
  check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.breach ??= error instanceof Breach ? error : new Breach('the auditor works', String(error));
    }
  }

  /** A moment from now, after a delay that differs every time. */
  soon(): number {
    return this.clock + this.random.integer(this.profile.latencyMs);
  }

  uniqueId(prefix: string): string {
    return `${prefix}-${++this.#lastId}`;
  }
}
