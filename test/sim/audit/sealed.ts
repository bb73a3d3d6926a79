/**
 * Ciphertexts as the auditor reads them: with keys that it has copied from beside the logs, by code of its own (NIST SP 800-38D),
 * also once everybody else has lost them.
 */
import { createDecipheriv, createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { PersonalKind } from '../../../schemas/personal.ts';
import type { SimStorage } from '../model/storage.ts';
import { Breach } from '../model/world.ts';
import type { AuditedEvent } from './book.ts';
import { isOfBefore } from './eras.ts';
import { canonicalText } from './exact.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Ciphertext {
  readonly ciphertext: string;
  readonly keyVersion: number;
  readonly nonce: string;
  readonly subject: string;
}

/** Whose value it is, and of what kind. */
export interface PersonalValue {
  readonly kind: PersonalKind;
  readonly subject: string;
}

/** What stands in an event for a personal value. Fails where it stands there in the clear, or is sealed for somebody else. */
export type OpenSealed = (where: string, value: PersonalValue, stored: unknown) => unknown;

export class SealedValues {
  readonly #masters: ReadonlyMap<string, Buffer>;
  /** Keys by subject, in the order of their versions. */
  readonly #keys = new Map<string, Buffer[]>();

  /** `secret`: the master keys as the platform is given them. */
  constructor(secret: string) {
    const masters = secret.split(' ').map((text) => Buffer.from(text, 'base64'));
    this.#masters = new Map(masters.map((bytes) => [masterId(bytes), bytes]));
  }

  /** Copies the keys of a subject that are new. */
  copy(subject: string, storage: SimStorage): void {
    const keys = this.#keys.get(subject) ?? [];
    const rows = storage.inspect(
      'SELECT version, master, wrapped FROM subject_keys WHERE version > ? ORDER BY version',
      keys.length,
    ) as unknown as [number, string, Uint8Array][];
    for (const [version, master, wrapped] of rows) {
      const bytes = this.#masters.get(master);
      const key = bytes && decrypt(bytes, Buffer.from(wrapped), `folio key ${subject} ${version}`);
      if (key === undefined || version !== keys.length + 1)
        throw new Breach('keys follow the log', `subject/${subject}: key ${version} cannot be unwrapped`);
      keys.push(key);
    }
    this.#keys.set(subject, keys);
  }

  /** What a ciphertext of an event says. */
  readonly open: OpenSealed = (where, { kind, subject }, stored) => {
    const sealed = (stored as { readonly $enc?: Ciphertext } | undefined)?.$enc;
    if (sealed === undefined) throw new Breach('nothing personal is in the clear', `${where}: ${kind}`);
    if (sealed.subject !== subject)
      throw new Breach(
        'sealed for whom it is of',
        `${where}: ${kind} of ${subject} is sealed for ${sealed.subject}`,
      );
    const key = this.#keys.get(subject)?.[sealed.keyVersion - 1];
    const bytes = Buffer.concat([
      Buffer.from(sealed.nonce, 'base64url'),
      Buffer.from(sealed.ciphertext, 'base64url'),
    ]);
    const text = key && decrypt(key, bytes, `folio data ${subject} ${sealed.keyVersion} ${kind}`);
    if (text === undefined)
      throw new Breach('what is sealed can be read', `${where}: ${kind} under key ${sealed.keyVersion}`);
    return JSON.parse(text.toString());
  };
}

/** A personal value of a command, and what its event has of it. */
interface Kept {
  readonly asked: unknown;
  readonly stored: unknown;
}

/** Whether an event says of a personal value what its command asked: passed on as it was, or sealed on the way. */
export function isSealed(
  open: OpenSealed,
  event: AuditedEvent,
  value: PersonalValue,
  { asked, stored }: Kept,
): boolean {
  const isPassedOn = (asked as { readonly $enc?: Ciphertext }).$enc !== undefined || isOfBefore(event);
  if (isPassedOn) return isDeepStrictEqual(asked, stored);
  const { type, aggregateId, version } = event;
  const where = `${aggregateId} version ${version} (${type})`;
  return canonicalText(open(where, value, stored)) === canonicalText(asked);
}

function masterId(bytes: Buffer): string {
  return createHash('sha256').update('folio master key').update(bytes).digest('hex').slice(0, 16);
}

/** Nonce, ciphertext and tag in one; undefined where the key or what is authenticated is another. */
function decrypt(key: Buffer, sealed: Buffer, authenticated: string): Buffer | undefined {
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(authenticated))
    .setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}
