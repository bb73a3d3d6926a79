/**
 * The keys of one subject, its log and the backup of its keys, kept in step: what the subject's actor does beyond an aggregate's.
 * No Cloudflare import.
 */
import type { ActorStorage } from '../actors/kernel/storage.ts';
import type { CommandContext, CommandEnvelope } from '../schemas/envelope.ts';
import type { KeyBackup } from '../schemas/keyBackup.ts';
import type { EncryptedField, OpenAnswer, PersonalText, SealAnswer } from '../schemas/personal.ts';
import type { SubjectEvent } from '../schemas/subject.ts';
import type { KeyBackupStore } from './keyBackupStore.ts';
import { KeyBackups, type KeyBackupsDeps, type KeyStanding } from './keyBackups.ts';
import { KeyRing } from './keyRing.ts';
import type { MasterKey } from './masterKeys.ts';
import { SubjectKeys } from './subjectKeys.ts';

/** The space keeps clients from taking the id first. */
const FIRST_KEY = { commandId: 'first key', type: 'CreateSubjectKey', data: {} } as const;

/** Who says what the backup says. */
const FROM_BACKUP: CommandContext = { userId: 'backup', correlationId: 'backup', causationId: null };

const ERASED_BEFORE = 'erased before the log was restored, as the backup of the keys remembers';

/** Tries of an erasure to reach the backup, and the pause between them: a bucket takes one put a second of an object. */
const ERASE_TRIES_MAX = 3;
const ERASE_PAUSE_MS = 1_100;

/** The erasure is recorded and has not reached the backup: whoever asked for it asks again. */
export class BackupNotErased extends Error {
  override readonly name = 'BackupNotErased';
  readonly retryable = true;
}

/** What has become of a subject's keys. */
export interface SubjectKeyStanding {
  /** Keys that are now wrapped with the first master key. */
  readonly rewrapped: number;
  /** Keys that came back from the backup. */
  readonly recovered: number;
  /** Whether a key that the log speaks of is neither here nor in the backup. */
  readonly isLacking: boolean;
}

/** The same after a copy of the backup was put back. */
export interface RestoredKeyStanding extends SubjectKeyStanding {
  /** Whether the copy said nothing that was not known. */
  readonly isKept: boolean;
}

/** What the vault needs of the subject's actor. */
export interface SubjectVaultDeps {
  readonly subjectId: string;
  /** The actor's own, beside its log. */
  readonly storage: ActorStorage;
  /** The master keys; throws where there are none. */
  masters(): readonly MasterKey[];
  readonly store: KeyBackupStore;
  /** As of now. */
  state(): ReturnType<KeyBackupsDeps['state']> & { readonly isBackupErased: boolean };
  /** Version of the log. */
  head(): number;
  execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<unknown>;
  /** Lets time pass. */
  pause(milliseconds: number): Promise<void>;
}

export class SubjectVault {
  readonly #deps: SubjectVaultDeps;
  readonly #ring: KeyRing;
  readonly #keys: SubjectKeys;
  readonly #backups: KeyBackups;

  constructor(deps: SubjectVaultDeps) {
    this.#deps = deps;
    const { subjectId, store } = deps;
    const state = () => deps.state();
    this.#ring = new KeyRing(deps.storage, subjectId, () => deps.masters());
    this.#backups = new KeyBackups({
      subjectId,
      ring: this.#ring,
      store,
      state,
      recordRecovery: (keyVersion) => this.#record('RecordKeysRecovered', { keyVersion }),
      recordErasure: (erasedAt) => this.#record('RecordErasure', { reason: ERASED_BEFORE, erasedAt }),
      eraseAgain: () => this.#record('EraseSubject', { reason: ERASED_BEFORE }),
    });
    this.#keys = new SubjectKeys({
      ring: this.#ring,
      state,
      createKey: (context) => deps.execute([FIRST_KEY], context),
      recover: () => this.#backups.recover(),
      takeOver: () => this.#backups.takeOver(),
    });
  }

  /** Encrypts personal values of the subject; `create`: for the first time, if need be. */
  seal(values: readonly PersonalText[], create: boolean, context: CommandContext): Promise<SealAnswer> {
    return this.#keys.seal(values, create, context);
  }

  /** Decrypts them. */
  open(fields: readonly EncryptedField[]): Promise<OpenAnswer[]> {
    return this.#keys.open(fields);
  }

  /** To be called with what was appended, in the transaction that appended it. */
  follow(events: Iterable<SubjectEvent>): void {
    this.#keys.follow(events);
  }

  /** Destroys the keys that are here: what was put back says that the subject was erased. */
  destroy(): void {
    this.#ring.destroy();
  }

  /** Brings the subject's keys and their backup together, and wraps them with the first master key here and there. */
  async rewrap(): Promise<SubjectKeyStanding> {
    return this.#rewrapped(await this.#backups.bringTogether());
  }

  /** The same, with a copy of the backup that is put back. */
  async restoreKeys(copy: KeyBackup): Promise<RestoredKeyStanding> {
    const before = await this.#backups.restore(copy);
    return { ...(await this.#rewrapped(before)), isKept: before.isKept };
  }

  /** What the log wants of the backup of the keys up to a version is done; answers the command that says so. */
  async followUp(keyVersion: number): Promise<{ readonly type: string; readonly data: object }> {
    const { isErased, keys } = await this.#backups.bringTogether();
    if (isErased) return { type: 'RecordBackupErased', data: {} };
    return { type: 'RecordKeyBackup', data: { keyVersion, keys } };
  }

  /** An erasure is answered once no backup has a key any more. Throws {@link BackupNotErased} where that cannot be seen to. */
  async erasedEverywhere(): Promise<void> {
    const isDone = () => {
      const { status, isBackupErased } = this.#deps.state();
      return status !== 'ERASED' || isBackupErased;
    };
    for (let attempt = 1; !isDone(); attempt++) {
      try {
        await this.#backups.bringTogether();
        return;
      } catch (cause) {
        if (attempt === ERASE_TRIES_MAX)
          throw new BackupNotErased('the backup of the keys does not answer', { cause });
        await this.#deps.pause(ERASE_PAUSE_MS);
      }
    }
  }

  async #rewrapped(before: KeyStanding): Promise<SubjectKeyStanding> {
    const rewrapped = this.#ring.rewrap();
    const after = rewrapped === 0 ? before : await this.#backups.bringTogether();
    const { keyVersion } = this.#deps.state();
    return { rewrapped, recovered: before.recovered, isLacking: !after.isErased && after.keys < keyVersion };
  }

  #record(type: string, data: object): Promise<unknown> {
    // What the backup says may have to be said again later: a log that was restored can be lost another time.
    const commandId = `backup ${type} ${this.#deps.head()}`;
    return this.#deps.execute([{ commandId, type, data }], FROM_BACKUP);
  }
}
