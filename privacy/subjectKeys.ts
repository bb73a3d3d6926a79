/**
 * What the keys of one subject are used for, and how they follow its log: a key is made in the turn that says so, and all are
 * destroyed in the turn that says that the subject is erased. No Cloudflare import.
 */
import type { CommandContext } from '../schemas/envelope.ts';
import type { EncryptedField, OpenAnswer, PersonalText, SealAnswer } from '../schemas/personal.ts';
import type { SubjectEvent } from '../schemas/subject.ts';
import type { KeyRing } from './keyRing.ts';
import { KeyNotUsable, KeysApart } from './keysApart.ts';

/** As much of a subject's state as its keys depend on. */
export interface KeyState {
  readonly status: 'UNKNOWN' | 'ACTIVE' | 'ERASED';
  /** The key that encrypts; 0 where there is none yet. */
  readonly keyVersion: number;
}

/** What the keys need of the subject's actor. */
export interface SubjectKeysDeps {
  readonly ring: KeyRing;
  /** As of now. */
  state(): KeyState;
  /** Has the log say that there is a first key, which {@link SubjectKeys.follow} then makes. */
  createKey(context: CommandContext): Promise<unknown>;
  /** Looks for keys that are not here in the backup. Throws where that does not answer. */
  recover(): Promise<unknown>;
  /** Puts keys that come back into the ring, in the transaction in which the log says so. */
  takeOver(): void;
}

export class SubjectKeys {
  readonly #deps: SubjectKeysDeps;

  constructor(deps: SubjectKeysDeps) {
    this.#deps = deps;
  }

  /** Encrypts values; `create`: makes the first key where there is none. Throws where no key can be made, or the key is lost. */
  async seal(values: readonly PersonalText[], create: boolean, context: CommandContext): Promise<SealAnswer> {
    // A log that was restored may not know of its newest key, nor of its erasure: no key is made before the backup was asked.
    if (this.#lacks(this.#deps.state())) await this.#deps.recover();
    const before = this.#deps.state();
    if (before.status !== 'ERASED' && before.keyVersion === 0) {
      if (!create) return { ok: false, code: 'no_key', detail: 'The subject has no key.' };
      await this.#deps.createKey(context);
    }
    // From here to the answer nothing is awaited: an erasure comes before all of it or after.
    const { status, keyVersion } = this.#deps.state();
    if (status === 'ERASED') {
      const detail = 'The customer was erased: nothing about them is stored any more.';
      return { ok: false, code: 'subject_erased', detail };
    }
    return { ok: true, values: values.map((value) => this.#sealed(keyVersion, value)) };
  }

  #sealed(keyVersion: number, { kind, text }: PersonalText) {
    const { ring } = this.#deps;
    try {
      return { encrypted: ring.seal(keyVersion, kind, text), mac: ring.mac(kind, text) };
    } catch (cause) {
      if (!(cause instanceof KeysApart)) throw cause;
      throw new KeyNotUsable(cause.message, { cause });
    }
  }

  /** Decrypts stored values, in the order asked for. Throws where a key is not here and the backup does not answer. */
  async open(fields: readonly EncryptedField[]): Promise<OpenAnswer[]> {
    const isMissing = ({ encrypted: { $enc } }: EncryptedField) => !this.#deps.ring.has($enc.keyVersion);
    if (this.#deps.state().status !== 'ERASED' && fields.some(isMissing)) await this.#deps.recover();
    const { status } = this.#deps.state();
    return fields.map(({ encrypted, kind }) => {
      if (status === 'ERASED') return { status: 'erased' };
      const opened = this.#deps.ring.open(encrypted, kind);
      return opened.status === 'open' ? opened : { status: 'unreadable' };
    });
  }

  /** To be called with what was appended, in the transaction that appended it. */
  follow(events: Iterable<SubjectEvent>): void {
    for (const { type, data } of events) {
      if (type === 'SubjectKeyCreated' || type === 'SubjectKeyRotated')
        this.#deps.ring.create(data.keyVersion);
      if (type === 'SubjectKeysRecovered') this.#deps.takeOver();
      if (type === 'SubjectErased') this.#deps.ring.destroy();
    }
  }

  /** Whether the key that encrypts is not here. */
  #lacks({ status, keyVersion }: KeyState): boolean {
    return status !== 'ERASED' && (keyVersion === 0 || !this.#deps.ring.has(keyVersion));
  }
}
