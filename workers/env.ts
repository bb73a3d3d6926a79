/** The Worker's bindings, and what is worked out from them once. */
import type { ArchivistActor } from '../actors/archivist/actor.ts';
import type { DeadLettersActor } from '../actors/deadLetters/actor.ts';
import type { ActorEnv, ArchiveEnv, NotaryEnv } from '../actors/env.ts';
import type { GeneralLedgerActor } from '../actors/generalLedger/actor.ts';
import type { HoldersActor } from '../actors/holders/actor.ts';
import type { NotaryActor } from '../actors/notary/actor.ts';
import type { StreamHubActor } from './streams/actor.ts';

export interface Env extends ActorEnv, ArchiveEnv, NotaryEnv {
  /** Hubs of live subscribers, by name. */
  readonly STREAMS: DurableObjectNamespace<StreamHubActor>;
  readonly ARCHIVIST: DurableObjectNamespace<ArchivistActor>;
  readonly NOTARY: DurableObjectNamespace<NotaryActor>;
  /** What the reconciler has read of every account. */
  readonly GENERAL_LEDGER: DurableObjectNamespace<GeneralLedgerActor>;
  /** What all accounts held at a moment, by the moment (workers/holders.ts). */
  readonly HOLDERS: DurableObjectNamespace<HoldersActor>;
  /** Keeps what consumers did not take. */
  readonly DEAD_LETTERS: DurableObjectNamespace<DeadLettersActor>;
  /** The first view database; `VIEWS_1`, `VIEWS_2`, … are further partitions. */
  readonly VIEWS_0: D1Database;
  /** The pages for people. */
  readonly ASSETS: Fetcher;
  /** The local administrator's token: counts in local bundles alone (schemas/localRun.ts). */
  readonly DEV_TOKEN?: string;
  /** `suspended` while nothing of the archive may be removed, because of a legal hold (schemas/retention.ts). */
  readonly ARCHIVE_REMOVAL?: string;
  /** `open` while an administrator may restore logs from an archive (docs/archive.md, "Restoring"). */
  readonly RESTORE?: string;
  /** Which access tokens count (docs/security.md): `iss`, `aud`, and where the issuer's keys are. */
  readonly AUTH_ISSUER?: string;
  readonly AUTH_AUDIENCE?: string;
  readonly AUTH_JWKS_URL?: string;
  /** Names of the claims with roles and accounts. */
  readonly AUTH_ROLES_CLAIM?: string;
  readonly AUTH_ACCOUNTS_CLAIM?: string;
  /** Origins of web pages that may use the API, with commas between; none where it is absent. */
  readonly CORS_ORIGINS?: string;
  /** Rate limiters of clients and accounts (actors/ambient). */
  readonly RATE_LIMITERS: DurableObjectNamespace;
  /** Quotas of a window, where the usual ones do not fit (workers/limits/quotas.ts). */
  readonly RATE_CLIENT_REQUESTS?: string;
  readonly RATE_ACCOUNT_COMMANDS?: string;
  /** What has to answer beside the bindings for the platform to be ready: of a local server in shards, the others (local/shards). */
  readonly ALSO_READY?: readonly { readonly name: string; answer(): Promise<unknown> }[];
}

/** View databases in partition order: `VIEWS_0` up to the first number that is not bound. */
export function viewDatabases(env: Env): D1Database[] {
  const bindings = env as unknown as Record<string, D1Database | undefined>;
  const databases: D1Database[] = [];
  for (
    let database = bindings.VIEWS_0;
    database !== undefined;
    database = bindings[`VIEWS_${databases.length}`]
  ) {
    databases.push(database);
  }
  return databases;
}
