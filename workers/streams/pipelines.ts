/**
 * One stub for each aggregate that commands go to: calls on the same stub arrive in the order in which they were made, which
 * calls on two stubs need not.
 */
import type { Target } from '../access/principal.ts';
import type { AggregateActor } from '../aggregates.ts';
import { answeredInTime, type StartTimer, TELL_MS_MAX } from '../inTime.ts';

/** Stubs kept at a time, and those that have something on their way. The one that was used longest ago goes first. */
export const STUBS_MAX = 2_000;

interface Pipeline {
  readonly stub: AggregateActor;
  /** Calls that are not answered. */
  calls: number;
}

export class Pipelines {
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #stubOf: (target: Target) => AggregateActor;
  readonly #startTimer: StartTimer;

  constructor(stubOf: (target: Target) => AggregateActor, startTimer: StartTimer) {
    this.#stubOf = stubOf;
    this.#startTimer = startTimer;
  }

  /** The actor as commands reach it, for as long as it is waited for. After a failed call its stub is broken for good, and the next call gets another. */
  to(target: Target): Pick<AggregateActor, 'executeBrief'> {
    const key = `${target.aggregateType}/${target.aggregateId}`;
    const pipeline = this.#pipelines.get(key) ?? { stub: this.#stubOf(target), calls: 0 };
    this.#used(key, pipeline);
    this.#bound();
    return {
      executeBrief: (commands, context) =>
        this.#answered(key, pipeline, pipeline.stub.executeBrief(commands, context)),
    };
  }

  async #answered(key: string, pipeline: Pipeline, call: Promise<string>): Promise<string> {
    pipeline.calls++;
    try {
      return await answeredInTime(this.#startTimer, key, call, TELL_MS_MAX);
    } catch (error) {
      if (this.#pipelines.get(key) === pipeline) this.#pipelines.delete(key);
      throw error;
    } finally {
      pipeline.calls--;
    }
  }

  #used(key: string, pipeline: Pipeline): void {
    this.#pipelines.delete(key);
    this.#pipelines.set(key, pipeline);
  }

  /** The next command of an aggregate must not overtake those on their way: what they went by stays. */
  #bound(): void {
    for (let looks = this.#pipelines.size; this.#pipelines.size > STUBS_MAX && looks > STUBS_MAX; looks--) {
      const [oldest, pipeline] = this.#pipelines.entries().next().value as [string, Pipeline];
      if (pipeline.calls > 0) this.#used(oldest, pipeline);
      else this.#pipelines.delete(oldest);
    }
  }
}
