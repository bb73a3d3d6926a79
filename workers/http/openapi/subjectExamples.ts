/** Examples of what is done about subjects of personal data. */
import { commandExample, type Example } from './example.ts';

const subjectCommand = commandExample('customer-1');

const BACKUP = {
  subjectId: 'customer-1',
  keys: [
    {
      version: 1,
      master: '3f2a9c0b7d5e1846',
      wrapped: '6m0oB9VbKZ7dQw3xJt1yHc5nRf8uLs2aEg4iTk6pXv0zMj9qDh7eWo1rCb3lYs5fUa8tNg2xPi4wVk6m',
    },
  ],
  erasedAt: null,
};

/** Examples by `operationId`. */
export const SUBJECT_EXAMPLES: Readonly<Record<string, Example>> = {
  getSubject: {
    reply: {
      subjectId: 'customer-1',
      status: 'ACTIVE',
      keyVersion: 2,
      hold: { reason: 'case 17/2026', placedAt: '2026-11-21T09:30:00.000Z' },
      erasedAt: null,
      isBackedUp: true,
      version: 3,
    },
  },
  eraseSubject: subjectCommand({ reason: 'asked for on 2026-11-20, ticket 4711' }, 'SubjectErased', 5),
  placeLegalHold: subjectCommand({ reason: 'case 17/2026' }, 'LegalHoldPlaced', 3, {
    archiveRemoval: 'AFTER_TERM',
  }),
  liftLegalHold: { reply: subjectCommand({}, 'LegalHoldLifted', 4).reply },
  rotateSubjectKey: subjectCommand({ reason: 'yearly' }, 'SubjectKeyRotated', 2),
  rewrapSubjectKeys: {
    reply: { subjects: 2, rewrapped: 3, recovered: 0, lacking: [], failed: [], nextCursor: null },
  },
  getKeyBackups: { reply: { backups: [BACKUP], failed: [], nextCursor: null } },
  restoreKeyBackups: {
    request: { 'application/json': { backups: [BACKUP] } },
    reply: { subjects: 1, rewrapped: 0, recovered: 1, lacking: [], failed: [], kept: [] },
  },
};
