/** The archivist as a Durable Object: one for the whole platform, so that there is one writer and one order of manifests. */
import { DurableObject } from 'cloudflare:workers';
import { ArchiveTables, type Arrival, type Position } from '../../queues/archive/archiveTables.ts';
import {
  type ArchiveStatus,
  Archivist,
  type ArchivistDeps,
  type Sealed,
} from '../../queues/archive/archivist.ts';
import type { OpenRange } from '../../queues/archive/gathering.ts';
import { type InspectedSegment, Inspection } from '../../queues/archive/inspection.ts';
import { archiveBucket } from '../../queues/archive/retainedBucket.ts';
import { r2Store } from '../../queues/archive/store.ts';
import type { AggregateKey } from '../../queues/kernel/positions.ts';
import { AGGREGATES, isAggregateType } from '../../schemas/aggregates.ts';
import { placeOf } from '../../schemas/location.ts';
import { takeEventsMessages } from '../../schemas/message.ts';
import { jurisdictionOf } from '../../schemas/retention.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { ArchiveEnv } from '../env.ts';
import { AlarmClock } from '../kernel/alarmClock.ts';
import { startTimer } from '../kernel/eventSourcedActor.ts';

/** Each method is the archivist's method of that name. */
export class ArchivistActor extends DurableObject<ArchiveEnv> {
  readonly #archivist: Archivist;
  readonly #inspection: Inspection;

  constructor(ctx: DurableObjectState, env: ArchiveEnv) {
    super(ctx, env);
    const tables = new ArchiveTables(ctx.storage);
    const deps: ArchivistDeps = {
      store: r2Store(archiveBucket(env.ARCHIVE, () => Date.now())),
      alarm: new AlarmClock((at) => void ctx.storage.setAlarm(at)),
      jurisdiction: jurisdictionOf(env.JURISDICTION),
      logger: createLogger('archivist', env.LOG_LEVEL),
      now: () => Date.now(),
      // Not setImmediate: a local run, where all share a thread, reads no request before that has nothing else to do.
      pause: () => new Promise((resolve) => void setTimeout(resolve, 0)),
      readLog: (key, fromVersion, limit) => readLog(env, key, fromVersion, limit),
      startTimer,
    };
    this.#archivist = new Archivist(deps, tables);
    this.#inspection = new Inspection(deps, tables);
  }

  accept(arrivals: readonly Arrival[]): boolean {
    return this.#archivist.accept(arrivals);
  }

  follow(heads: readonly OpenRange[]): void {
    this.#archivist.follow(heads);
  }

  seal(): Promise<Sealed> {
    return this.#archivist.seal();
  }

  status(): Promise<ArchiveStatus> {
    return this.#archivist.status();
  }

  positions(keys: readonly AggregateKey[]): Promise<Position[]> {
    return this.#archivist.positions(keys);
  }

  aggregatesAfter(after: AggregateKey | null, limit: number): Promise<AggregateKey[]> {
    return this.#archivist.aggregatesAfter(after, limit);
  }

  async manifestOf(key: AggregateKey, version: number): Promise<number | null> {
    return (await this.#archivist.manifestOf(key, version)) ?? null;
  }

  /** Segments by the numbers of their manifests, as the bucket has them. */
  inspect(sequences: readonly number[]): Promise<InspectedSegment[]> {
    return this.#inspection.inspect(sequences);
  }

  /** Puts a segment back that is gone. */
  restoreSegment(sequence: number): Promise<void> {
    return this.#inspection.restore(sequence);
  }

  override alarm(): Promise<void> {
    return this.#archivist.alarm();
  }
}

async function readLog(env: ArchiveEnv, key: AggregateKey, fromVersion: number, limit: number) {
  const { aggregateType, aggregateId } = key;
  if (!isAggregateType(aggregateType)) throw new Error(`no actor for aggregate type ${aggregateType}`);
  const actor = env[AGGREGATES[aggregateType].binding].getByName(aggregateId, placeOf(env));
  return takeEventsMessages(await actor.messages(fromVersion, limit, true));
}
