/**
 * Effects: what an aggregate wants done outside itself, a call of a payment provider or a command to another aggregate. Like
 * timers they are derived from the state, so the log holds them: an effect is wanted from the event that began it to the
 * event that ends it, through crash and eviction. It is performed at least once, under a key that its receiver recognises,
 * and its outcome comes back as a command of the aggregate under an id of its own, so that a second outcome is recognised.
 */
import type { CommandContext, CommandEnvelope } from '../../schemas/envelope.ts';
import { eventIdText } from '../../schemas/eventId.ts';
import { errorFields } from '../../telemetry/logger.ts';
import type { ActorDeps, Perform } from './actorDeps.ts';
import type { Aggregate } from './aggregate.ts';
import type { Effect } from './decider.ts';
import type { Verdict } from './turn.ts';

/** Effects that one aggregate performs at a time: the platform allows an object six outgoing connections. */
export const EFFECTS_AT_A_TIME_MAX = 6;

/**
 * How long after a commit the alarm looks whether its effects were performed. They are at once; this only covers a crash
 * in between. The same as the outbox's, so that one setting of the alarm serves both.
 */
const EFFECT_SAFETY_MS = 10_000;

/** Pause after a perform that threw: doubles from one second up to a minute, for as long as it throws. */
export const EFFECT_RETRY_FIRST_MS = 1_000;
export const EFFECT_RETRY_MAX_MS = 60_000;

/** A perform that has not answered for so long is taken for lost and begun again; its receiver recognises the key. */
export const EFFECT_LOST_MS = 60_000;

/** What effects ask of their actor. */
export interface EffectOwner {
  submit(command: CommandEnvelope, context: CommandContext): Promise<Verdict>;
  /** Sees to it that the actor looks again at `at` or before. */
  wakeBefore(at: number, now: number): void;
}

interface Try {
  running: boolean;
  failures: number;
  /** Not before then: the end of the pause or, while it runs, when it is taken for lost. */
  retryAt: number;
}

/**
 * The id of the command that records an effect's outcome: one for each want, and a repeated want has a later `dueAt`. It has
 * spaces, which no client's command id may have.
 */
export function effectCommandId(effect: Effect<unknown>): string {
  return `effect ${effect.effect} ${effect.dueAt}`;
}

/** The effects of one aggregate as its actor performs them. */
export class Effects {
  readonly #aggregate: Aggregate<unknown>;
  readonly #deps: ActorDeps;
  readonly #owner: EffectOwner;
  readonly #perform: Perform;
  /** What runs, and what failed in this instance. Kept in memory: waking tries at once. */
  readonly #tries = new Map<string, Try>();
  /** What an instance before this one may have begun. */
  readonly #inherited = new Set<string>();
  /** What is wanted as of the event of a hash, earliest first: each turn asks for it several times. */
  #known: { readonly hash: string; readonly wanted: readonly Effect<unknown>[] } | undefined;
  #scheduled = false;

  constructor(aggregate: Aggregate<unknown>, deps: ActorDeps, owner: EffectOwner) {
    if (deps.perform === undefined)
      throw new Error(`nobody performs the effects of ${deps.source.aggregateType}`);
    this.#aggregate = aggregate;
    this.#deps = deps;
    this.#owner = owner;
    this.#perform = deps.perform;
  }

  /** The earliest moment at which the alarm has to look, milliseconds since 1970. What is due is being performed. */
  nextAt(now: number): number | undefined {
    const wanted = this.#wanted();
    const later = wanted.findIndex(({ dueAt }) => dueAt > now);
    const due = later < 0 ? wanted : wanted.slice(0, later);
    const moments = Array.from(this.#tries.values(), ({ retryAt }) => retryAt).filter((at) => at > now);
    if (later >= 0) moments.push((wanted[later] as Effect<unknown>).dueAt);
    // Of more than were begun some wait for others, whichever they are.
    const isBegun = due.length <= this.#tries.size && due.every((effect) => this.#performAt(effect) > now);
    if (!isBegun) moments.push(now + EFFECT_SAFETY_MS);
    return wanted.length === 0 ? undefined : Math.min(...moments);
  }

  /** Takes over from an instance that is gone. */
  wake(): void {
    try {
      for (const effect of this.#wanted()) this.#inherited.add(effectCommandId(effect));
    } catch (error) {
      this.#logError('effects are unknown', error);
    }
    this.schedule();
  }

  /** Performs what is due, in a later macrotask: the turn that wanted it is committed first. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#deps.nextTurn(() => {
      this.#scheduled = false;
      try {
        for (const effect of this.#takeDue(this.#deps.now())) void this.#run(effect);
      } catch (error) {
        // A state that cannot be worked out must not bring the object down; the alarm looks again.
        this.#logError('effects are unknown', error);
      }
    });
  }

  /** Takes the effects whose moment has come, earliest first, as many as may run beside those that do. */
  #takeDue(now: number): Effect<unknown>[] {
    const wanted = this.#wanted();
    this.#forgetUnwanted(wanted);
    const running = [...this.#tries.values()].filter((one) => one.running && one.retryAt > now).length;
    const due: Effect<unknown>[] = [];
    for (const effect of wanted) {
      if (effect.dueAt > now || running + due.length >= EFFECTS_AT_A_TIME_MAX) break;
      if (this.#performAt(effect) <= now) due.push(effect);
    }
    return due;
  }

  /** Forgets what failed and is no longer wanted. */
  #forgetUnwanted(wanted: readonly Effect<unknown>[]): void {
    const failed = [...this.#tries].filter(([, { running }]) => !running);
    if (failed.length === 0) return;
    const ids = new Set(wanted.map(effectCommandId));
    for (const [id] of failed) if (!ids.has(id)) this.#tries.delete(id);
  }

  async #run(effect: Effect<unknown>): Promise<void> {
    const id = effectCommandId(effect);
    const before = this.#tries.get(id);
    const again = before !== undefined || this.#inherited.has(id);
    const failures = before?.failures ?? 0;
    const attempt: Try = { running: true, failures, retryAt: this.#deps.now() + EFFECT_LOST_MS };
    this.#tries.set(id, attempt);
    try {
      const context = this.#context();
      const outcome = await this.#perform(effect, context, again);
      const verdict = await this.#owner.submit({ ...outcome, commandId: id }, context);
      // What was recorded ends the want; should it not, performing it again is recognised as a repeat.
      if (verdict.status !== 'accepted' && this.#isWanted(id))
        throw new Error(`the effect is wanted after its outcome was ${textOf(verdict)}`);
      if (this.#tries.get(id) === attempt) this.#tries.delete(id);
    } catch (error) {
      this.#logError(`effect ${effect.effect} failed`, error);
      if (this.#tries.get(id) === attempt) this.#holdBack(attempt);
    }
    this.schedule();
  }

  #holdBack(attempt: Try): void {
    const now = this.#deps.now();
    attempt.running = false;
    attempt.retryAt = now + Math.min(EFFECT_RETRY_FIRST_MS * 2 ** attempt.failures, EFFECT_RETRY_MAX_MS);
    attempt.failures++;
    this.#owner.wakeBefore(attempt.retryAt, now);
  }

  /** Whatever follows from an effect belongs to what the newest event belongs to, which led to it. */
  #context(): CommandContext {
    const { log } = this.#aggregate;
    const [newest] = log.read(log.head().version, 1);
    if (newest === undefined) throw new Error('an effect is wanted by an empty log');
    const { correlationId } = JSON.parse(newest.metadata) as CommandContext;
    return { userId: 'effect', correlationId, causationId: eventIdText(newest.hash) };
  }

  #performAt(effect: Effect<unknown>): number {
    return Math.max(effect.dueAt, this.#tries.get(effectCommandId(effect))?.retryAt ?? effect.dueAt);
  }

  #isWanted(id: string): boolean {
    return this.#wanted().some((effect) => effectCommandId(effect) === id);
  }

  #logError(message: string, error: unknown): void {
    this.#deps.logger.log('error', message, { ...this.#deps.source, ...errorFields(error) });
  }

  #wanted(): readonly Effect<unknown>[] {
    const { decider, log } = this.#aggregate;
    if (!log.isStored) return [];
    const { hash, state } = this.#aggregate.current();
    if (this.#known?.hash !== hash) {
      const wanted = decider.effects?.(state as object) ?? [];
      this.#known = { hash, wanted: [...wanted].sort((a, b) => a.dueAt - b.dueAt) };
    }
    return this.#known.wanted;
  }
}

function textOf(verdict: Verdict): string {
  return verdict.status === 'refused' ? `refused: ${verdict.code}` : verdict.status;
}
