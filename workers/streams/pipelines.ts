/**
 * One stub for each aggregate that commands go to: calls on the same stub arrive in the order in which they were made, which
 * calls on two stubs need not.
 */
import type { Target } from '../access/principal.ts';
import type { AggregateActor } from '../aggregates.ts';

/** Stubs kept at a time. The one that was used longest ago goes first, and has nothing on its way. */
const STUBS_MAX = 2_000;

export class Pipelines {
  readonly #stubs = new Map<string, AggregateActor>();
  readonly #stubOf: (target: Target) => AggregateActor;

  constructor(stubOf: (target: Target) => AggregateActor) {
    this.#stubOf = stubOf;
  }

  /** The actor as commands reach it. After a failed call its stub is broken for good, and the next call gets another. */
  to(target: Target): Pick<AggregateActor, 'executeBrief'> {
    const key = `${target.aggregateType}/${target.aggregateId}`;
    const stub = this.#stubs.get(key) ?? this.#stubOf(target);
    this.#stubs.delete(key);
    this.#stubs.set(key, stub);
    this.#bound();
    return {
      executeBrief: async (commands, context) => {
        try {
          return await stub.executeBrief(commands, context);
        } catch (error) {
          if (this.#stubs.get(key) === stub) this.#stubs.delete(key);
          throw error;
        }
      },
    };
  }

  #bound(): void {
    if (this.#stubs.size <= STUBS_MAX) return;
    const [oldest] = this.#stubs.keys();
    if (oldest !== undefined) this.#stubs.delete(oldest);
  }
}
