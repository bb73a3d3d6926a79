/**
 * The subject: a person whose data is encrypted, under the id by which accounts and orders know them (`customerId`). Its log
 * tells which keys there were, who held them back from erasure and when they were destroyed. The keys themselves are in no
 * event: a log is kept for good.
 */
import { z } from 'zod';
import { Remark, UtcTime } from './scalars.ts';

/** Keys of one subject: a rotation a week for twenty years. All are there until erasure. */
export const SUBJECT_KEYS_MAX = 1_000;

/** `ERASED` is for good: nothing can be stored of the subject any more. */
export const SubjectStatus = z.enum(['ACTIVE', 'ERASED']);
export type SubjectStatus = z.infer<typeof SubjectStatus>;

/** Which of a subject's keys. */
export const KeyVersion = z
  .number()
  .int()
  .min(1)
  .max(SUBJECT_KEYS_MAX)
  .meta({ description: '1, 2, 3, …: the key that encrypts from now on.' });

const Why = z.strictObject({ reason: Remark });

// ---- commands: type → data ----

/** Gives the subject its first key. Sent by whatever stores the first data of the subject. */
export const CreateSubjectKey = z.strictObject({});

/** Which keys the backup has. Sent once it has them. */
export const RecordKeyBackup = z.strictObject({
  keyVersion: KeyVersion,
  keys: z.number().int().min(0).meta({
    description:
      'How many are in the backup: fewer than there were where some were lost with the storage of the subject.',
  }),
});

/** That keys which were not here came back from the backup. */
export const RecordKeysRecovered = z.strictObject({ keyVersion: KeyVersion });

/** That the backup has no key of an erased subject any more. */
export const RecordBackupErased = z.strictObject({});

/** That the subject was erased before this log was restored, which is remembered in the backup. */
export const RecordErasure = z.strictObject({ reason: Remark, erasedAt: UtcTime });

/** Commands that clients may send, by type, with what the catalogue says of them. */
export const subjectCommands = {
  RotateSubjectKey: Why.meta({
    description: 'Gives the subject another key for what comes; the ones before stay until erasure.',
  }),
  PlaceLegalHold: Why.meta({
    description: 'Keeps the subject from being erased; again, for another reason.',
  }),
  LiftLegalHold: Why.meta({ description: 'Lets the subject be erased again.' }),
  EraseSubject: Why.meta({
    description: "Destroys every key of the subject, and with them the subject's data.",
  }),
} as const;

/** Commands that the platform alone sends. */
export const subjectRecords = {
  CreateSubjectKey,
  RecordKeyBackup,
  RecordKeysRecovered,
  RecordBackupErased,
  RecordErasure,
} as const;

type Commands = typeof subjectCommands & typeof subjectRecords;

/** A command as the decider takes it. */
export type SubjectCommand = {
  [Type in keyof Commands]: { readonly type: Type; readonly data: z.infer<Commands[Type]> };
}[keyof Commands];

// ---- events: type → data of the newest schema version ----

const SubjectKeyCreated = z.strictObject({ keyVersion: KeyVersion });
const SubjectKeyRotated = z.strictObject({ keyVersion: KeyVersion, reason: Remark });
const LegalHoldPlaced = z.strictObject({ reason: Remark, placedAt: UtcTime });
const LegalHoldLifted = z.strictObject({ reason: Remark });
const SubjectErased = z.strictObject({
  reason: Remark,
  erasedAt: UtcTime,
  keys: z.number().int().min(0).meta({ description: 'How many keys were destroyed.' }),
});

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const subjectEvents = {
  SubjectKeyCreated: SubjectKeyCreated.meta({ description: 'The subject has a key.' }),
  SubjectKeyRotated: SubjectKeyRotated.meta({ description: 'The subject has another key for what comes.' }),
  LegalHoldPlaced: LegalHoldPlaced.meta({ description: 'The subject cannot be erased, for this reason.' }),
  LegalHoldLifted: LegalHoldLifted.meta({ description: 'The subject can be erased again.' }),
  SubjectErased: SubjectErased.meta({
    description:
      "Every key of the subject is destroyed: the subject's data cannot be read any more, anywhere.",
  }),
  SubjectKeysBackedUp: RecordKeyBackup.meta({
    description: 'Keys up to this one are in the backup, wrapped by a master key.',
  }),
  SubjectKeysRecovered: RecordKeysRecovered.meta({
    description: 'Keys that were lost with the storage of the subject came back from the backup.',
  }),
  SubjectBackupErased: RecordBackupErased.meta({
    description: 'The backup has no key of the erased subject any more, and remembers the erasure.',
  }),
} as const;

/** An event as the decider folds it. */
export type SubjectEvent = {
  [Type in keyof typeof subjectEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof subjectEvents)[Type]>;
  };
}[keyof typeof subjectEvents];

/** Refusals in the order in which they are checked. */
export const SUBJECT_REFUSALS = [
  'subject_not_found',
  'already_erased',
  'subject_erased',
  'legal_hold',
  'hold_unknown',
  'no_legal_hold',
  'subject_key_exists',
  'subject_without_key',
  'too_many_keys',
  'already_recorded',
] as const;
export type SubjectRefusal = (typeof SUBJECT_REFUSALS)[number];
