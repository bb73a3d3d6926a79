/**
 * The keys of one subject and their backup, brought together: keys that are not in the backup are put there, keys that are only
 * there come back, and an erasure that either knows of is known to both. What the log says decides; where the log was restored
 * and has lost what it said last, the backup does. No Cloudflare import.
 */
import type { KeyBackup, WrappedKey } from '../schemas/keyBackup.ts';
import { DamagedBackup, type FoundBackup, type KeyBackupStore } from './keyBackupStore.ts';
import type { KeyRing } from './keyRing.ts';
import { KeysApart } from './keysApart.ts';
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

/** How they stand once a copy of the backup was put back. */
export interface CopyStanding extends KeyStanding {
  /** Whether the copy said nothing that was not known: everything is as it was. */
  readonly isKept: boolean;
}

/**
 * The backup, or a copy of it, says that the subject was erased, and its keys are here: one of the two was tampered with. Or it is a
 * copy that says so, and the subject is held.
 */
export class ErasedInBackupAlone extends KeysApart {
  override readonly name = 'ErasedInBackupAlone';

  constructor(subjectId: string) {
    super(
      `subject ${subjectId} is erased in the backup and has keys here or is held: erase it, or remove the backup`,
    );
  }
}

/** What the backups need of the subject's actor. */
export interface KeyBackupsDeps {
  readonly subjectId: string;
  readonly ring: KeyRing;
  readonly store: KeyBackupStore;
  /** As of now. */
  state(): KeyState & {
    readonly erasedAt: string | null;
    readonly hasRecovered: boolean;
    /** Null where the subject is not held. */
    readonly hold: object | null;
  };
  /** Has the log say that keys came back; {@link KeyBackups.takeOver} puts them into the ring in the same transaction. */
  recordRecovery(keyVersion: number): Promise<unknown>;
  /** Has the log say what only the backup remembers. */
  recordErasure(erasedAt: string): Promise<unknown>;
  /** Erases a subject that a copy remembers as erased, and whose keys an older copy has brought back; unless it is held. */
  eraseAgain(): Promise<unknown>;
}

/** A copy that is put back, and whether it said nothing new so far. */
interface RestoredCopy {
  readonly copy: KeyBackup;
  isKept: boolean;
}

/** What is in the place of the backup; without one where it is damaged. */
type Stored = Pick<FoundBackup, 'etag'> & { readonly backup: KeyBackup | undefined };

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
   * Brings keys and backup together; one call after another. Throws where the backup does not answer, and {@link KeysApart} where a
   * key in it cannot be unwrapped, and where it contradicts what is here: then both are as they were.
   */
  bringTogether(): Promise<KeyStanding> {
    return this.#inTurn(() => this.#bringTogether());
  }

  /**
   * The same, with a copy of the backup that is put back. Of several copies it does not matter which comes first: each gives the
   * keys that are neither here nor in the backup, one that cannot be opened gives nothing and throws, and a later one takes the place
   * of keys that are damaged. An erasure counts more than keys, unless these were made here, or the subject is held: then it throws.
   */
  restore(copy: KeyBackup): Promise<CopyStanding> {
    return this.#inTurn(async () => {
      const used = { copy, isKept: true };
      return { ...(await this.#bringTogether(used)), isKept: used.isKept };
    });
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

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const run = this.#before.then(work);
    this.#before = run.catch(() => undefined);
    return run;
  }

  async #bringTogether(restored?: RestoredCopy): Promise<KeyStanding> {
    const { subjectId, store, ring } = this.#deps;
    let recovered = 0;
    for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
      const found = await this.#stored(restored !== undefined);
      recovered += await this.#takeFrom(found?.backup, restored !== undefined);
      if (restored !== undefined) recovered += await this.#takeFromCopy(restored);
      // From here to the put nothing is awaited: what it has is what the log says, and an erasure comes after it.
      const { status, erasedAt } = this.#deps.state();
      if (status === 'ERASED') {
        if ((found?.backup?.erasedAt ?? null) === null) await store.erase(subjectId, erasedAt as string);
        return { isErased: true, recovered, keys: 0 };
      }
      const keys = ring.wrapped();
      const standing = { isErased: false, recovered, keys: keys.length };
      if (keys.length === 0 || isSame(keys, found?.backup?.keys)) return standing;
      if (found !== undefined) this.#requireReplaceable(found);
      if (await store.replace({ subjectId, keys, erasedAt: null }, found)) return standing;
    }
    throw new Error(`the backup of subject ${subjectId} is being replaced by somebody else`);
  }

  /**
   * What is there. What nobody can read may still have keys: that the subject is erased, or that a copy brings keys back, is no
   * reason to stop at it.
   */
  async #stored(hasCopy: boolean): Promise<Stored | undefined> {
    try {
      return await this.#deps.store.read(this.#deps.subjectId);
    } catch (error) {
      if (!(error instanceof DamagedBackup)) throw error;
      if (!hasCopy && this.#deps.state().status !== 'ERASED') throw error;
      return { backup: undefined, etag: error.etag };
    }
  }

  /**
   * Throws where a key that cannot be opened is there alone: somebody may still mend it, or have its master key. Of what cannot be
   * read at all nobody knows what it has: a log that was restored may have lost its newest keys, or an erasure.
   */
  #requireReplaceable({ backup }: Stored): void {
    const { ring, subjectId } = this.#deps;
    if (backup === undefined)
      throw new KeysApart(
        `the backup of subject ${subjectId} is damaged and may have keys that are nowhere else: look at it, and remove it`,
      );
    const lost = backup.keys.find(({ version }) => !ring.has(version));
    if (lost !== undefined)
      throw new KeysApart(
        `the backup of subject ${subjectId} cannot be read, and key ${lost.version} is nowhere else`,
      );
  }

  /** Takes over what only the backup has; answers how many keys that were. */
  async #takeFrom(backup: KeyBackup | undefined, hasCopy: boolean): Promise<number> {
    const { ring, state, subjectId } = this.#deps;
    if (backup === undefined || state().status === 'ERASED') return 0;
    const { keys, erasedAt } = backup;
    if (erasedAt === null) return this.#adopt(hasCopy ? keys.filter((key) => ring.opens(key)) : keys);
    if (ring.wrapped().length > 0) throw new ErasedInBackupAlone(subjectId);
    await this.#deps.recordErasure(erasedAt);
    return 0;
  }

  /** Takes over what neither the backup has nor the ring. */
  async #takeFromCopy(restored: RestoredCopy): Promise<number> {
    const { ring, state, subjectId } = this.#deps;
    const { keys, erasedAt } = restored.copy;
    if (state().status === 'ERASED') return 0;
    if (erasedAt === null) {
      // One that is damaged in the copy alone is of no concern.
      const taken = await this.#adopt(keys.filter((key) => ring.opens(key) || !ring.has(key.version)));
      if (taken > 0) restored.isKept = false;
      return taken;
    }
    restored.isKept = false;
    const { hold, hasRecovered } = state();
    if (ring.wrapped().length > 0) {
      if (hasRecovered) await this.#deps.eraseAgain();
    } else if (hold === null) await this.#deps.recordErasure(erasedAt);
    if (state().status !== 'ERASED') throw new ErasedInBackupAlone(subjectId);
    return 0;
  }

  /** Takes over keys that are not here; answers how many that were. */
  async #adopt(keys: readonly WrappedKey[]): Promise<number> {
    const { ring } = this.#deps;
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
