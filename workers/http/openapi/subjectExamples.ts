/** Examples of what is done about subjects of personal data. */
import { commandExample, type Example } from './example.ts';

const subjectCommand = commandExample('customer-1');

/** Examples by `operationId`. */
export const SUBJECT_EXAMPLES: Readonly<Record<string, Example>> = {
  getSubject: {
    reply: {
      subjectId: 'customer-1',
      status: 'ACTIVE',
      keyVersion: 2,
      hold: { reason: 'case 17/2026', placedAt: '2026-11-21T09:30:00.000Z' },
      erasedAt: null,
      version: 3,
    },
  },
  eraseSubject: subjectCommand({ reason: 'asked for on 2026-11-20, ticket 4711' }, 'SubjectErased', 5),
  placeLegalHold: subjectCommand({ reason: 'case 17/2026' }, 'LegalHoldPlaced', 3),
  liftLegalHold: { reply: subjectCommand({}, 'LegalHoldLifted', 4).reply },
  rotateSubjectKey: subjectCommand({ reason: 'yearly' }, 'SubjectKeyRotated', 2),
  rewrapSubjectKeys: { reply: { subjects: 2, rewrapped: 3, failed: [], nextCursor: null } },
};
