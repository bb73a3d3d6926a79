/**
 * The keys of one subject and their backup, brought together: keys that are not in the backup are put there, keys that are only
 * there come back, and an erasure that either knows of is known to both. What the log says decides; where the log was restored
 * and has lost what it said last, the backup does. No Cloudflare import.
 */
import type { WrappedKey } from '../schemas/keyBackup.ts';
import { DamagedBackup, type FoundBackup, type KeyBackupStore } from './keyBackupStore.ts';
import type { KeyRing } from './keyRing.ts';
import type { KeyState } from './subjectKeys.ts';

/** Tries to put a backup in the place of the one found: only another instance, which is gone, could have been first. */
const TRIES_MAX = 3;

/** How a subject's keys stand once they and the backup are together. */
export interface KeyStanding {
  readonly isErased: boolean;
  /** Keys that came back from the backup. */
  readonly recovered: number;
  /** Keys that are here and in the backup. */
  readonly keys: number;
}

/** The backup says that the subject was erased, and its keys are here: one of the two was tampered with. */
export class ErasedInBackupAlone extends Error {
  override readonly name = 'ErasedInBackupAlone';

  constructor(subjectId: string) {
    super(`subject ${subjectId} is erased in the backup and has keys here: erase it, or remove the backup`);
  }
}

/** What the backups need of the subject's actor. */
export interface KeyBackupsDeps {
  readonly subjectId: string;
  readonly ring: KeyRing;
  readonly store: KeyBackupStore;
  /** As of now. */
  state(): KeyState & { readonly erasedAt: string | null };
  /** Has the log say that keys came back; {@link KeyBackups.takeOver} puts them into the ring in the same transaction. */
  recordRecovery(keyVersion: number): Promise<unknown>;
  /** Has the log say what only the backup remembers. */
  recordErasure(erasedAt: string): Promise<unknown>;
}

export class KeyBackups {
  readonly #deps: KeyBackupsDeps;
  /** Ends when every call before has ended. */
  #before: Promise<unknown> = Promise.resolve();
  /** Keys that the log is about to say have come back. */
  #returning: readonly WrappedKey[] = [];
  #found: Promise<KeyStanding> | undefined;

  constructor(deps: KeyBackupsDeps) {
    this.#deps = deps;
  }

  /**
   * Brings keys and backup together; one call after another. Throws where the backup does not answer, where a key in it cannot be
   * unwrapped, and where it contradicts what is here: then both are as they were.
   */
  bringTogether(): Promise<KeyStanding> {
    const run = this.#before.then(() => this.#bringTogether());
    this.#before = run.catch(() => undefined);
    return run;
  }

  /** The same, once in the life of an instance: for whoever misses a key. */
  recover(): Promise<KeyStanding> {
    this.#found ??= this.bringTogether().catch((error: unknown) => {
      this.#found = undefined;
      throw error;
    });
    return this.#found;
  }

  /** To be called in the transaction in which the log says that keys came back. */
  takeOver(): void {
    this.#deps.ring.adopt(this.#returning);
  }

  async #bringTogether(): Promise<KeyStanding> {
    const { subjectId, store } = this.#deps;
    let recovered = 0;
    for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
      const found = await this.#stored();
      recovered += await this.#takeFrom(found);
      // From here to the put nothing is awaited: what it has is what the log says, and an erasure comes after it.
      const { status, erasedAt } = this.#deps.state();
      if (status === 'ERASED') {
        if ((found?.backup.erasedAt ?? null) === null) await store.erase(subjectId, erasedAt as string);
        return { isErased: true, recovered, keys: 0 };
      }
      const keys = this.#deps.ring.wrapped();
      const standing = { isErased: false, recovered, keys: keys.length };
      if (keys.length === 0 || isSame(keys, found?.backup.keys)) return standing;
      if (await store.replace({ subjectId, keys, erasedAt: null }, found)) return standing;
    }
    throw new Error(`the backup of subject ${subjectId} is being replaced by somebody else`);
  }

  /** What is there. What nobody can read may still have keys: where the subject is erased, it is replaced like any other. */
  async #stored(): Promise<FoundBackup | undefined> {
    try {
      return await this.#deps.store.read(this.#deps.subjectId);
    } catch (error) {
      if (error instanceof DamagedBackup && this.#deps.state().status === 'ERASED') return undefined;
      throw error;
    }
  }

  /** Takes over what only the backup has; answers how many keys that were. */
  async #takeFrom(found: FoundBackup | undefined): Promise<number> {
    const { ring, state, subjectId } = this.#deps;
    if (found === undefined || state().status === 'ERASED') return 0;
    const { keys, erasedAt } = found.backup;
    if (erasedAt !== null) {
      if (ring.wrapped().length > 0) throw new ErasedInBackupAlone(subjectId);
      await this.#deps.recordErasure(erasedAt);
      return 0;
    }
    const missing = ring.missing(keys);
    const newest = missing.at(-1);
    if (newest === undefined) return 0;
    this.#returning = missing;
    try {
      await this.#deps.recordRecovery(newest.version);
    } finally {
      this.#returning = [];
    }
    // An erasure may have been first: then nothing came back.
    return ring.has(newest.version) ? missing.length : 0;
  }
}

function isSame(keys: readonly WrappedKey[], others: readonly WrappedKey[] | undefined): boolean {
  return JSON.stringify(keys) === JSON.stringify(others);
}
