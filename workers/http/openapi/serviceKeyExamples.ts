/** Examples of what administrators do with keys of services. */
import { commandExample, type Example, hashOf } from './example.ts';

const keyCommand = commandExample('settlement');

const issue = {
  secretHash: hashOf('5'),
  roles: ['trader'],
  accounts: ['acc-1'],
  description: 'Settlement of the night',
};

const key = {
  keyId: 'settlement',
  status: 'ACTIVE',
  roles: ['trader'],
  accounts: ['acc-1'],
  description: 'Settlement of the night',
  expiresAt: null,
  previousValidUntil: '2026-11-21T10:30:00.000Z',
  version: 2,
};

/** Examples by `operationId`. */
export const SERVICE_KEY_EXAMPLES: Readonly<Record<string, Example>> = {
  issueServiceKey: keyCommand({ keyId: 'settlement', ...issue }, 'ServiceKeyIssued', 1),
  getServiceKeys: { reply: { serviceKeys: [key], nextCursor: null } },
  getServiceKey: { reply: key },
  rotateServiceKey: keyCommand({ secretHash: hashOf('6'), graceSeconds: 3_600 }, 'ServiceKeyRotated', 2),
  revokeServiceKey: keyCommand({ reason: 'The service was replaced' }, 'ServiceKeyRevoked', 3),
};
