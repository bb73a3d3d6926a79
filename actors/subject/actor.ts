/** The subject as a Durable Object: one object a person, named by the customer's id. Its keys never leave it but wrapped. */

import { r2KeyBackups } from '../../privacy/keyBackupStore.ts';
import { KeyBackups, type KeyStanding } from '../../privacy/keyBackups.ts';
import { KeyRing } from '../../privacy/keyRing.ts';
import { masterKeys } from '../../privacy/masterKeys.ts';
import { SubjectKeys } from '../../privacy/subjectKeys.ts';
import type { CommandContext, CommandEnvelope, Outcome } from '../../schemas/envelope.ts';
import type { KeyBackup } from '../../schemas/keyBackup.ts';
import type { EncryptedField, OpenAnswer, PersonalText, SealAnswer } from '../../schemas/personal.ts';
import type { SubjectEvent } from '../../schemas/subject.ts';
import type { ActorEnv } from '../env.ts';
import type { OutcomeCommand } from '../kernel/actorDeps.ts';
import { decodeEvent } from '../kernel/eventLog.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import type { RestoreAnswer, RestoredRange } from '../kernel/restoration.ts';
import { type BackupRequest, type SubjectState, subjectDecider } from './decider.ts';

/** The space keeps clients from taking the id first. */
const FIRST_KEY = { commandId: 'first key', type: 'CreateSubjectKey', data: {} } as const;

/** Who says what the backup says. */
const FROM_BACKUP: CommandContext = { userId: 'backup', correlationId: 'backup', causationId: null };

const ERASURE = 'SubjectErased' satisfies SubjectEvent['type'];

const ERASED_BEFORE = 'erased before the log was restored, as the backup of the keys remembers';

/** Tries of an erasure to reach the backup, and the pause between them: a bucket takes one put a second of an object. */
const ERASE_TRIES_MAX = 3;
const ERASE_PAUSE_MS = 1_100;

/** The erasure is recorded and has not reached the backup: whoever asked for it asks again. */
class BackupNotErased extends Error {
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

/** One subject; its methods beyond those of every aggregate are about its keys. */
export class SubjectActor extends EventSourcedActor<SubjectState> {
  readonly #ring: KeyRing;
  readonly #keys: SubjectKeys;
  readonly #backups: KeyBackups;

  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, subjectDecider, ({ request }) => this.#followUp(request as BackupRequest), {
      appended: (fromVersion) => this.#follow(fromVersion),
    });
    const subjectId = ctx.id.name ?? '';
    const state = () => this.core.aggregate.current().state;
    this.#ring = new KeyRing(ctx.storage, subjectId, () => masterKeys(env));
    this.#backups = new KeyBackups({
      subjectId,
      ring: this.#ring,
      store: r2KeyBackups(env.KEY_BACKUPS),
      state,
      recordRecovery: (keyVersion) => this.#record('RecordKeysRecovered', { keyVersion }),
      recordErasure: (erasedAt) => this.#record('RecordErasure', { reason: ERASED_BEFORE, erasedAt }),
      eraseAgain: () => this.#record('EraseSubject', { reason: ERASED_BEFORE }),
    });
    this.#keys = new SubjectKeys({
      ring: this.#ring,
      state,
      createKey: (context) => this.core.execute([FIRST_KEY], context),
      recover: () => this.#backups.recover(),
      takeOver: () => this.#backups.takeOver(),
    });
  }

  /** Events that are put back are followed by no key; but where they erase the subject, what its storage still has goes with them. */
  override restore(range: RestoredRange): RestoreAnswer {
    const answer = super.restore(range);
    if (answer.ok && range.events.some(({ eventType }) => eventType === ERASURE)) this.#ring.destroy();
    return answer;
  }

  /** An erasure is answered once no backup has a key any more. */
  override async execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Outcome[]> {
    const outcomes = await super.execute(commands, context);
    await this.#erasedEverywhere();
    return outcomes;
  }

  override async executeBrief(commands: string, context: CommandContext): Promise<string> {
    const outcomes = await super.executeBrief(commands, context);
    await this.#erasedEverywhere();
    return outcomes;
  }

  /** Encrypts personal values of the subject; `create`: for the first time, if need be. */
  seal(values: readonly PersonalText[], create: boolean, context: CommandContext): Promise<SealAnswer> {
    return this.#keys.seal(values, create, context);
  }

  /** Decrypts them. */
  open(fields: readonly EncryptedField[]): Promise<OpenAnswer[]> {
    return this.#keys.open(fields);
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

  async #rewrapped(before: KeyStanding): Promise<SubjectKeyStanding> {
    const rewrapped = this.#ring.rewrap();
    const after = rewrapped === 0 ? before : await this.#backups.bringTogether();
    const { keyVersion } = this.core.aggregate.current().state;
    return { rewrapped, recovered: before.recovered, isLacking: !after.isErased && after.keys < keyVersion };
  }

  async #followUp({ keyVersion }: BackupRequest): Promise<OutcomeCommand> {
    const { isErased, keys } = await this.#backups.bringTogether();
    if (isErased) return { type: 'RecordBackupErased', data: {} };
    return { type: 'RecordKeyBackup', data: { keyVersion, keys } };
  }

  async #erasedEverywhere(): Promise<void> {
    const isDone = () => {
      const { status, isBackupErased } = this.core.aggregate.current().state;
      return status !== 'ERASED' || isBackupErased;
    };
    for (let attempt = 1; !isDone(); attempt++) {
      try {
        await this.#backups.bringTogether();
        return;
      } catch (cause) {
        if (attempt === ERASE_TRIES_MAX)
          throw new BackupNotErased('the backup of the keys does not answer', { cause });
        await new Promise((resolve) => setTimeout(resolve, ERASE_PAUSE_MS));
      }
    }
  }

  #record(type: string, data: object): Promise<unknown> {
    // What the backup says may have to be said again later: a log that was restored can be lost another time.
    const commandId = `backup ${type} ${this.core.head()}`;
    return this.core.execute([{ commandId, type, data }], FROM_BACKUP);
  }

  #follow(fromVersion: number): void {
    const { log } = this.core.aggregate;
    const appended = log.read(fromVersion, log.head().version - fromVersion + 1);
    this.#keys.follow(appended.map((event) => decodeEvent(event) as SubjectEvent));
  }
}
