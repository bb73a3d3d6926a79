/**
 * The backup of a subject's keys: its keys as they are wrapped by a master key, or that they were destroyed. It is of no use
 * without the master key, which is never beside it (docs/privacy.md, "The backup of the keys").
 */
import { z } from 'zod';
import { Id, UtcTime } from './scalars.ts';
import { KeyVersion, SUBJECT_KEYS_MAX } from './subject.ts';

/** Base64 of a wrapped key: nonce, ciphertext and tag, 60 bytes. */
const WrappedText = z.string().regex(/^[A-Za-z0-9+/]{80}$/);

/** A key of a subject, wrapped. */
export const WrappedKey = z.strictObject({
  version: KeyVersion,
  master: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .meta({ description: 'Name of the master key that wrapped it.' }),
  wrapped: WrappedText.meta({ description: 'AES-256-GCM: nonce, ciphertext and tag, in base64.' }),
});
export type WrappedKey = z.infer<typeof WrappedKey>;

/** What is kept of one subject. */
export const KeyBackup = z
  .strictObject({
    subjectId: Id,
    keys: z.array(WrappedKey).max(SUBJECT_KEYS_MAX).meta({ description: 'By version.' }),
    erasedAt: UtcTime.nullable().meta({
      description: 'When the subject was erased, after which there are no keys; null where it was not.',
    }),
  })
  .refine(({ keys, erasedAt }) => (keys.length === 0) === (erasedAt !== null), {
    path: ['keys'],
    message: 'must be there unless the subject was erased',
  })
  .refine(({ keys }) => keys.every(({ version }, index) => version > (keys[index - 1]?.version ?? 0)), {
    path: ['keys'],
    message: 'must be in the order of their versions, each once',
  });
export type KeyBackup = z.infer<typeof KeyBackup>;
