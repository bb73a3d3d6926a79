/**
 * Personal data: what says who somebody is, where they live, or what they pay with. A field of it is marked in its schema
 * by {@link personal}. The mark is all that is needed: the actor that takes the command encrypts what is marked under a key
 * of the person, its *subject*, before anything is decided, so that logs, queues, views and archives hold {@link Encrypted}
 * alone (docs/privacy.md).
 */
import { z } from 'zod';
import { PERSONAL_MARK } from './jsonSchema.ts';
import { Id } from './scalars.ts';

/**
 * Kinds of personal data. The kind is authenticated with the ciphertext: an address that is put in the place of a payment token
 * does not decrypt.
 */
export const PERSONAL_KINDS = ['address', 'paymentToken'] as const;
export type PersonalKind = (typeof PERSONAL_KINDS)[number];

/** The field of a command that names the subject of whatever is personal in it. */
export const SUBJECT_FIELD = 'customerId';

/** Marks a schema: its values are personal data of this kind. */
export function personal<Schema extends z.ZodType>(kind: PersonalKind, schema: Schema): Schema {
  return schema.meta({ [PERSONAL_MARK]: kind });
}

/** The kind that a schema is marked with. */
export function personalKind(schema: z.core.$ZodType): PersonalKind | undefined {
  return z.globalRegistry.get(schema)?.[PERSONAL_MARK] as PersonalKind | undefined;
}

/** Characters of base64url that 12 bytes make. */
const NONCE_CHARACTERS = 16;

/** An authentication tag alone, of an empty value, has so many characters. */
const CIPHERTEXT_CHARACTERS_MIN = 22;

/**
 * A value under a key of its subject: AES-256-GCM (NIST SP 800-38D) over the RFC 8785 JSON of the value, the tag of 16 bytes at
 * the end. Authenticated with it are the kind, the subject and the version of the key.
 */
export const Encrypted = z
  .strictObject({
    $enc: z.strictObject({
      ciphertext: z.base64url().min(CIPHERTEXT_CHARACTERS_MIN),
      keyVersion: z.number().int().min(1).meta({ description: "Which of the subject's keys it is under." }),
      nonce: z.base64url().length(NONCE_CHARACTERS),
      subject: Id.meta({ description: 'Whose data it is.' }),
    }),
  })
  .meta({ title: 'Encrypted', description: 'Personal data, encrypted under a key of its subject.' });
export type Encrypted = z.infer<typeof Encrypted>;

/** Whether a stored value is a ciphertext. No personal value in the clear has such a field. */
export function isEncrypted(value: unknown): value is Encrypted {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '$enc');
}

/**
 * What is stored of a personal field: its ciphertext. In the clear it stands only in events of a schema version before
 * encryption; those stay readable, and nothing new is stored like that.
 */
export function stored<Schema extends z.ZodType>(schema: Schema) {
  const kind = personalKind(schema);
  if (kind === undefined) throw new Error('only what is marked as personal is stored encrypted');
  return personal(kind, z.union([Encrypted, schema]));
}

/** A personal field and the names that lead to it. */
export interface PersonalField {
  readonly path: readonly string[];
  readonly kind: PersonalKind;
}

/** The personal fields of an object's schema. Those of list items are not among them: no command has any. */
export function personalFields(schema: z.core.$ZodType): PersonalField[] {
  const kind = personalKind(schema);
  if (kind !== undefined) return [{ path: [], kind }];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return personalFields(schema.unwrap());
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, field]) =>
    personalFields(field as z.core.$ZodType).map(({ path, kind }) => ({ path: [name, ...path], kind })),
  );
}

/** Commands that have personal fields, by type. */
export type PersonalCommands = Readonly<Record<string, readonly PersonalField[]>>;

/** What of an aggregate's commands is personal. */
export interface PersonalParts {
  /** The personal fields, by type. */
  readonly commands: PersonalCommands;
  /** What of a command's personal data stays in the clear, in fields of its own: what sums are made by. By type. */
  readonly clear?: Readonly<
    Record<string, (data: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>>
  >;
}

/** Those of an aggregate's commands that have personal fields. */
export function personalCommands(commands: Readonly<Record<string, z.ZodType>>): PersonalCommands {
  const found = Object.entries(commands).map(([type, schema]) => [type, personalFields(schema)] as const);
  return Object.fromEntries(found.filter(([, fields]) => fields.length > 0));
}

/** Stands in a reply for a personal value that is not shown. */
export const Withheld = z.union([
  z
    .strictObject({ $masked: z.literal(true) })
    .meta({ description: 'The caller has no role that may see it.' }),
  z
    .strictObject({ $erased: z.literal(true) })
    .meta({ description: 'Its key was destroyed: nobody can see it.' }),
  z
    .strictObject({ $unreadable: z.literal(true) })
    .meta({ description: 'Its key is not here, or it was tampered with.' }),
]);
export type Withheld = z.infer<typeof Withheld>;

/** A personal value as it is handed to its subject's actor: its kind, and its RFC 8785 JSON. */
export interface PersonalText {
  readonly kind: PersonalKind;
  readonly text: string;
}

/** What a subject's actor makes of values that are to be stored. */
export type SealAnswer =
  | {
      readonly ok: true;
      /** In the order asked for; `mac` tells a repeat of a value from another one (HMAC-SHA-256, hexadecimal). */
      readonly values: readonly { readonly encrypted: Encrypted; readonly mac: string }[];
    }
  /** `no_key`: nothing was ever stored of the subject, and no key was to be made. */
  | { readonly ok: false; readonly code: 'no_key' | 'subject_erased'; readonly detail: string };

/** A stored value that is to be read, as data of a kind. */
export interface EncryptedField {
  readonly kind: PersonalKind;
  readonly encrypted: Encrypted;
}

/** What a subject's actor makes of a stored value. */
export type OpenAnswer =
  | { readonly status: 'open'; readonly text: string }
  /** The subject was erased, and its keys with it. */
  | { readonly status: 'erased' }
  /** The key is not here, or this is not what it encrypted. */
  | { readonly status: 'unreadable' };
