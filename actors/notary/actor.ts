/** The notary as a Durable Object: one for the whole platform. Each method is the notary's method of that name. */
import { DurableObject } from 'cloudflare:workers';
import { type Checkpoint, type KeyRecord, signingKeys } from '../../queues/archive/checkpoint.ts';
import { type ConsistencyProof, type LogProof, Notary, type Signed } from '../../queues/archive/notary.ts';
import { NotaryTables } from '../../queues/archive/notaryTables.ts';
import { archiveBucket } from '../../queues/archive/retainedBucket.ts';
import { r2Store } from '../../queues/archive/store.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { NotaryEnv } from '../env.ts';
import { startTimer } from '../kernel/eventSourcedActor.ts';

export class NotaryActor extends DurableObject<NotaryEnv> {
  readonly #notary: Notary;

  constructor(ctx: DurableObjectState, env: NotaryEnv) {
    super(ctx, env);
    this.#notary = new Notary(
      {
        store: r2Store(archiveBucket(env.ARCHIVE, () => Date.now())),
        logger: createLogger('notary', env.LOG_LEVEL),
        keys: () => signingKeys(env.NOTARY_KEYS ?? ''),
        now: () => Date.now(),
        startTimer,
      },
      new NotaryTables(ctx.storage),
    );
  }

  sign(): Promise<Signed> {
    return this.#notary.sign();
  }

  latest(): Checkpoint | null {
    return this.#notary.latest();
  }

  checkpoints(after: number, limit: number): Checkpoint[] {
    return this.#notary.checkpoints(after, limit);
  }

  keys(): KeyRecord[] {
    return this.#notary.keys();
  }

  inclusion(manifest: number): LogProof | null {
    return this.#notary.inclusion(manifest);
  }

  consistency(from: number, to: number): ConsistencyProof | null {
    return this.#notary.consistency(from, to);
  }
}
