/** What a rebuild needs beyond what projectors need. No Cloudflare import: the simulation can run it. */
import type { RunnerDeps } from '../kernel/deps.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import type { OwnerState, RebuildableProjector, UnknownOwner } from '../kernel/projector.ts';

export interface RebuildDeps extends RunnerDeps {
  readonly projectors: readonly RebuildableProjector[];
  /** How much of a full portion of work to take at a time: all of it, or less, but something, while others wait for their answers. */
  portion(full: number): number;
  /** To be awaited before work of some milliseconds: ends once whoever waits has had a turn, where it is time for one. */
  letOthersGoFirst(): Promise<void>;
  /** Parts that the directory of aggregates has. */
  readonly directoryParts: number;
  /** The entries of a part after one of them, in order; fewer than `limit` at the end. */
  directory(part: number, after: AggregateKey | null, limit: number): Promise<AggregateKey[]>;
  /** Whether an aggregate belongs to this database: the number of databases may have changed since it was written to. */
  owns(key: AggregateKey): boolean;
  /** Version of an aggregate's newest event. */
  head(key: AggregateKey): Promise<number>;
  /** The owner's own state at a version; undefined where its log does not go that far. */
  owner(key: AggregateKey, version: number): Promise<OwnerState | UnknownOwner | undefined>;
}
