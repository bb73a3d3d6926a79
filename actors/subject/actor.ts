/** The subject as a Durable Object: one object a person, named by the customer's id. Its keys never leave it. */
import { KeyRing } from '../../privacy/keyRing.ts';
import { masterKeys } from '../../privacy/masterKeys.ts';
import { SubjectKeys } from '../../privacy/subjectKeys.ts';
import type { CommandContext } from '../../schemas/envelope.ts';
import type { EncryptedField, OpenAnswer, PersonalText, SealAnswer } from '../../schemas/personal.ts';
import type { SubjectEvent } from '../../schemas/subject.ts';
import type { ActorEnv } from '../env.ts';
import { decodeEvent } from '../kernel/eventLog.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type SubjectState, subjectDecider } from './decider.ts';

/** The space keeps clients from taking the id first. */
const FIRST_KEY = { commandId: 'first key', type: 'CreateSubjectKey', data: {} } as const;

export class SubjectActor extends EventSourcedActor<SubjectState> {
  readonly #ring: KeyRing;
  readonly #keys: SubjectKeys;

  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, subjectDecider, undefined, { appended: (fromVersion) => this.#follow(fromVersion) });
    this.#ring = new KeyRing(ctx.storage, ctx.id.name ?? '', () => masterKeys(env));
    this.#keys = new SubjectKeys({
      ring: this.#ring,
      state: () => this.core.aggregate.current().state,
      createKey: (context) => this.core.execute([FIRST_KEY], context),
    });
  }

  /** Encrypts personal values of the subject; `create`: for the first time, if need be. */
  seal(values: readonly PersonalText[], create: boolean, context: CommandContext): Promise<SealAnswer> {
    return this.#keys.seal(values, create, context);
  }

  /** Decrypts them. */
  open(fields: readonly EncryptedField[]): OpenAnswer[] {
    return this.#keys.open(fields);
  }

  /** Wraps the subject's keys with the first master key; answers how many another one wrapped. */
  rewrap(): number {
    return this.#ring.rewrap();
  }

  #follow(fromVersion: number): void {
    const { log } = this.core.aggregate;
    const appended = log.read(fromVersion, log.head().version - fromVersion + 1);
    this.#keys.follow(appended.map((event) => decodeEvent(event) as SubjectEvent));
  }
}
