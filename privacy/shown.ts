/**
 * What a reader is shown of a personal value: whoever may see it sees it, everybody else is told that it is there, and of who was
 * erased nobody sees anything. No Cloudflare import.
 */
import {
  type Encrypted,
  type EncryptedField,
  isEncrypted,
  type OpenAnswer,
  type PersonalKind,
  type Withheld,
} from '../schemas/personal.ts';

/** A personal value as it is stored, and whose it is; null where events of old do not say. */
export interface StoredValue<Value> {
  readonly kind: PersonalKind;
  readonly subject: string | null;
  readonly value: Encrypted | Value;
}

/** Whoever reads. */
export interface Reader {
  /** Whether the reader has a role that may see personal data. */
  readonly maySee: boolean;
  /** Has a value decrypted by its subject. Throws where that does not answer. */
  open(field: EncryptedField): Promise<OpenAnswer | undefined>;
  /** Whether a subject was erased. Throws where it does not answer. */
  isErased(subject: string): Promise<boolean>;
  /** Is told of a value that the reader may see and nobody can decrypt. */
  unreadable(encrypted: Encrypted): void;
}

/** The value as the reader may see it. */
export async function shownValue<Value>(
  reader: Reader,
  { kind, subject, value }: StoredValue<Value>,
): Promise<Value | Withheld> {
  if (reader.maySee && isEncrypted(value)) return await decrypted<Value>(reader, kind, value);
  const owner = isEncrypted(value) ? value.$enc.subject : subject;
  if (owner !== null && (await reader.isErased(owner))) return { $erased: true };
  return reader.maySee ? (value as Value) : { $masked: true };
}

async function decrypted<Value>(
  reader: Reader,
  kind: PersonalKind,
  encrypted: Encrypted,
): Promise<Value | Withheld> {
  const answer = await reader.open({ kind, encrypted });
  if (answer?.status === 'open') return JSON.parse(answer.text) as Value;
  if (answer?.status === 'erased') return { $erased: true };
  reader.unreadable(encrypted);
  return { $unreadable: true };
}
