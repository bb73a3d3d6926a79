/** Subjects: whose personal data is kept under which keys, held back from erasure, and erased (docs/privacy.md). */
import { z } from 'zod';
import type { SubjectState } from '../../../actors/subject/decider.ts';
import { ARCHIVE_REMOVALS, archiveRemovalOf } from '../../../schemas/retention.ts';
import { Id, Remark, UtcTime, Version } from '../../../schemas/scalars.ts';
import { SubjectStatus, subjectCommands } from '../../../schemas/subject.ts';
import { runCommand } from '../command.ts';
import { type Route, route } from '../operation.ts';
import { CommandReply } from '../replies.ts';
import { commandRoute, commandSuccess, idParams, type Resource, stateRoute } from '../resource.ts';

const SUBJECTS: Resource = {
  aggregateType: 'subject',
  noun: 'subject',
  tag: 'Privacy',
  path: '/v1/subjects/{id}',
  notFound: 'subject_not_found',
};

/** A subject as its actor has it. Its keys are told to nobody. */
export const SubjectReply = z
  .strictObject({
    subjectId: Id,
    status: SubjectStatus,
    keyVersion: z.number().int().min(0).meta({
      description: 'The key that encrypts what comes; 0 where nothing of the subject was ever stored.',
    }),
    hold: z
      .strictObject({ reason: Remark, placedAt: UtcTime })
      .nullable()
      .meta({ description: 'Why the subject cannot be erased; null where it can.' }),
    erasedAt: UtcTime.nullable(),
    isBackedUp: z.boolean().meta({
      description: 'Whether the backup has the keys; of an erased subject, whether it has them no more.',
    }),
    version: Version,
  })
  .meta({ id: 'Subject' });
type SubjectReply = z.infer<typeof SubjectReply>;

/** What placing a hold answers. */
export const HoldReply = CommandReply.extend({
  archiveRemoval: z.enum(ARCHIVE_REMOVALS).meta({
    description:
      '`AFTER_TERM`: archived events of the subject are removed with their segments at the end of the term, whatever is held, ' +
      'until removal is suspended (docs/privacy.md, "Legal hold and the archive").',
  }),
}).meta({ id: 'HoldReply' });

/** Why a hold is lifted: a request that deletes has no body. */
export const LiftHoldQuery = z.strictObject({ reason: Remark });

const liftLegalHold = route(
  {
    method: 'delete',
    path: `${SUBJECTS.path}/hold`,
    operationId: 'liftLegalHold',
    tag: 'Privacy',
    summary: 'Let a subject be erased again',
    command: 'LiftLegalHold',
    params: idParams(SUBJECTS),
    query: LiftHoldQuery,
    success: commandSuccess(200, 'The subject is not held any more.'),
    problems: ['subject_not_found', 'already_erased', 'no_legal_hold'],
  },
  (c, { params: { id }, query: data }) =>
    runCommand(
      c,
      { aggregateType: 'subject', aggregateId: id, type: 'LiftLegalHold', data },
      { status: 200 },
    ),
);

/** Every route of subjects. */
export const subjects: readonly Route[] = [
  stateRoute<SubjectState>(SUBJECTS, {
    operationId: 'getSubject',
    schema: SubjectReply,
    reply: subjectReply,
  }),
  commandRoute(SUBJECTS, {
    resource: 'erase',
    operationId: 'eraseSubject',
    summary: 'Erase a subject, for good',
    description:
      "Destroys every key of the subject: from this answer on nobody can read the subject's data, in logs, snapshots, views " +
      'and archives that stay as they are. What still needs it ends: an order that is not paid yet is not paid any more.',
    type: 'EraseSubject',
    body: subjectCommands.EraseSubject,
    success: commandSuccess(200, 'The keys are destroyed.'),
    refusals: ['subject_not_found', 'already_erased', 'legal_hold', 'hold_unknown'],
  }),
  commandRoute(SUBJECTS, {
    method: 'put',
    resource: 'hold',
    operationId: 'placeLegalHold',
    summary: 'Keep a subject from being erased',
    description:
      'Also before anything of the subject is stored. Placed again, it is held for the new reason. The archive is another ' +
      'matter: its segments have events of many customers, and the bucket removes them at the end of their term, held or not, ' +
      'unless removal is suspended for all of them; `archiveRemoval` says which.',
    type: 'PlaceLegalHold',
    body: subjectCommands.PlaceLegalHold,
    success: commandSuccess(200, 'The subject is held.', HoldReply),
    refusals: ['already_erased'],
    environment: ({ ARCHIVE_REMOVAL }) => ({ archiveRemoval: archiveRemovalOf(ARCHIVE_REMOVAL) }),
  }),
  liftLegalHold,
  commandRoute(SUBJECTS, {
    resource: 'rotate-key',
    operationId: 'rotateSubjectKey',
    summary: 'Give a subject another key',
    description:
      'It encrypts what comes. What is stored stays under the keys before, which stay until erasure.',
    type: 'RotateSubjectKey',
    body: subjectCommands.RotateSubjectKey,
    success: commandSuccess(200, 'The subject has another key.'),
    refusals: ['subject_not_found', 'already_erased', 'subject_without_key', 'too_many_keys'],
  }),
];

function subjectReply(subjectId: string, state: SubjectState, version: number): SubjectReply {
  const { status, keyVersion, hold, erasedAt } = state;
  const isBackedUp = status === 'ERASED' ? state.isBackupErased : state.backedUp >= keyVersion;
  if (status === 'UNKNOWN') throw new Error(`subject ${subjectId} has version ${version} but is unknown`);
  return { subjectId, status, keyVersion, hold, erasedAt, isBackedUp, version };
}
