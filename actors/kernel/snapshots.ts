/** Snapshots: the state as JSON every so many events. A cache of the log, never a source: any doubt means a refold. */
import { type ActorStorage, STORED_TEXT_BYTES_MAX } from './storage.ts';

/** Events between snapshots: a fold of this many takes a few milliseconds, and one row in a thousand is no cost. */
export const SNAPSHOT_EVERY_EVENTS = 1_000;

/** The snapshots of one aggregate, of one shape of its state. */
export class SnapshotStore {
  readonly #storage: ActorStorage;
  readonly #stateVersion: number;

  constructor(storage: ActorStorage, stateVersion: number) {
    this.#storage = storage;
    this.#stateVersion = stateVersion;
  }

  /** The newest snapshot at or before a version, of this shape of the state. */
  latest(version: number): { state: unknown; version: number } | undefined {
    const row = this.#storage.sql
      .exec<{ version: number; state: string }>(
        'SELECT version, state FROM snapshots WHERE version <= ? AND state_version = ? ORDER BY version DESC LIMIT 1',
        version,
        this.#stateVersion,
      )
      .toArray()[0];
    return row && { state: JSON.parse(row.state), version: row.version };
  }

  /** Stores the state where an append crossed a multiple of the interval. Returns rows written. */
  takeIfDue(versionBefore: number, version: number, state: unknown): number {
    if (Math.floor(versionBefore / SNAPSHOT_EVERY_EVENTS) === Math.floor(version / SNAPSHOT_EVERY_EVENTS))
      return 0;
    const text = JSON.stringify(state);
    // What is too large is refolded.
    if (Buffer.byteLength(text) > STORED_TEXT_BYTES_MAX) return 0;
    // A snapshot of an older shape may stand at the same version after a deploy.
    return this.#storage.sql.exec(
      'INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)',
      version,
      this.#stateVersion,
      text,
    ).rowsWritten;
  }
}
