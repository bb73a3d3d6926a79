/** Events as a log has them, for tests of what announces them. */
import type { StoredEvent } from '../../actors/kernel/storedEvents.ts';

/** An event of a version: what is in it does not matter. */
export const notedEvent = (version: number): StoredEvent => ({
  version,
  eventType: 'Noted',
  schemaVersion: 1,
  recordedAt: version,
  data: '{}',
  metadata: '{"correlationId":"c"}',
  hash: version.toString(16).padStart(64, '0'),
  fingerprint: null,
});
