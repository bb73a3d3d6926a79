/** The bindings that actors use. The Worker's own environment (workers/env.ts) adds the rest. */
import type { AccountActor } from './account/actor.ts';
import type { DirectoryActor } from './directory/actor.ts';

export interface ActorEnv {
  readonly LOG_LEVEL?: string;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryActor>;
  /** One queue per consumer group; every group's queue gets every message. */
  readonly VIEWS_QUEUE: Queue<string>;
  readonly ARCHIVE_QUEUE: Queue<string>;
}

/** What the archive's objects use. */
export interface ArchiveEnv {
  readonly LOG_LEVEL?: string;
  /** The bucket of the archive. */
  readonly ARCHIVE: R2Bucket;
  /** Where this environment's data lies, which decides how long it is kept; absent: no jurisdiction of its own. */
  readonly JURISDICTION?: string;
  readonly ACCOUNTS: DurableObjectNamespace<AccountActor>;
}
