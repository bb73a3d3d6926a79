/** The subject as a Durable Object: one object a person, named by the customer's id. Its keys never leave it but wrapped. */

import { r2KeyBackups } from '../../privacy/keyBackupStore.ts';
import { type KeysAnswer, keysAnswer } from '../../privacy/keysApart.ts';
import { masterKeys } from '../../privacy/masterKeys.ts';
import {
  type RestoredKeyStanding,
  type SubjectKeyStanding,
  SubjectVault,
} from '../../privacy/subjectVault.ts';
import type { CommandContext, CommandEnvelope, Outcome } from '../../schemas/envelope.ts';
import type { KeyBackup } from '../../schemas/keyBackup.ts';
import type { EncryptedField, OpenAnswer, PersonalText, SealAnswer } from '../../schemas/personal.ts';
import type { SubjectEvent } from '../../schemas/subject.ts';
import type { ActorEnv } from '../env.ts';
import { decodeEvent } from '../kernel/eventLog.ts';
import { EventSourcedActor, startTimer } from '../kernel/eventSourcedActor.ts';
import { inTime } from '../kernel/inTime.ts';
import type { RestoreAnswer, RestoredRange } from '../kernel/restoration.ts';
import { type BackupRequest, type SubjectState, subjectDecider } from './decider.ts';

/**
 * Milliseconds in which the bucket of the backups has to answer: whoever places a customer's first order waits for it. What it has
 * stored all the same is found by the next try.
 */
const BACKUP_MS_MAX = 8_000;

const ERASURE = 'SubjectErased' satisfies SubjectEvent['type'];

/** One subject; its methods beyond those of every aggregate are about its keys. */
export class SubjectActor extends EventSourcedActor<SubjectState> {
  readonly #vault: SubjectVault;

  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(
      ctx,
      env,
      subjectDecider,
      ({ request }) => this.#vault.followUp((request as BackupRequest).keyVersion),
      { appended: (fromVersion) => this.#follow(fromVersion) },
    );
    this.#vault = new SubjectVault({
      subjectId: ctx.id.name ?? '',
      storage: ctx.storage,
      masters: () => masterKeys(env),
      store: r2KeyBackups(env.KEY_BACKUPS, (who, answer) => inTime(startTimer, who, answer, BACKUP_MS_MAX)),
      state: () => this.core.aggregate.current().state,
      head: () => this.core.head(),
      execute: (commands, context) => this.core.execute(commands, context),
      pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    });
  }

  /** Events that are put back are followed by no key; but where they erase the subject, what its storage still has goes with them. */
  override restore(range: RestoredRange): RestoreAnswer {
    const answer = super.restore(range);
    if (answer.ok && range.events.some(({ eventType }) => eventType === ERASURE)) this.#vault.destroy();
    return answer;
  }

  /** An erasure is answered once no backup has a key any more. */
  override async execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Outcome[]> {
    const outcomes = await super.execute(commands, context);
    await this.#vault.erasedEverywhere();
    return outcomes;
  }

  override async executeBrief(commands: string, context: CommandContext): Promise<string> {
    const outcomes = await super.executeBrief(commands, context);
    await this.#vault.erasedEverywhere();
    return outcomes;
  }

  /** Encrypts personal values of the subject; `create`: for the first time, if need be. */
  seal(values: readonly PersonalText[], create: boolean, context: CommandContext): Promise<SealAnswer> {
    return this.#vault.seal(values, create, context);
  }

  /** Decrypts them. */
  open(fields: readonly EncryptedField[]): Promise<OpenAnswer[]> {
    return this.#vault.open(fields);
  }

  /** Brings the subject's keys and their backup together, and wraps them with the first master key here and there. */
  rewrap(): Promise<KeysAnswer<SubjectKeyStanding>> {
    return keysAnswer(this.#vault.rewrap());
  }

  /** The same, with a copy of the backup that is put back. */
  restoreKeys(copy: KeyBackup): Promise<KeysAnswer<RestoredKeyStanding>> {
    return keysAnswer(this.#vault.restoreKeys(copy));
  }

  #follow(fromVersion: number): void {
    const { log } = this.core.aggregate;
    const appended = log.read(fromVersion, log.head().version - fromVersion + 1);
    this.#vault.follow(appended.map((event) => decodeEvent(event) as SubjectEvent));
  }
}
