/** The bindings that actors use. The Worker's own environment (workers/env.ts) adds the rest. */
import type { DirectoryActor } from './directory/actor.ts';

export interface ActorEnv {
  readonly LOG_LEVEL?: string;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryActor>;
  /** One queue per consumer group; every group's queue gets every message. */
  readonly VIEWS_QUEUE: Queue<string>;
}
