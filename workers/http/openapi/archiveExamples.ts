/** Replies of the operations on checkpoints and the archive, for the API's description. */

const hashOf = (digit: string) => digit.repeat(64);
const KEY_ID = '3b6a27bcceb6a42d62a3a8d02a6f0d73';
const SIGNATURE = `${'5'.repeat(85)}Q==`;
const SEGMENT_KEY = `segments/10y/account/2026-11-21/000000000001-${hashOf('5')}.parquet`;

const signed = {
  checkpoint: {
    format: 2,
    sequence: 1,
    previousCheckpoint: hashOf('0'),
    issuedAt: '2026-11-21T09:36:00.000Z',
    keyId: KEY_ID,
    manifests: 1,
    events: 2,
    root: hashOf('1'),
  },
  signature: SIGNATURE,
};

const later = {
  ...signed,
  checkpoint: {
    ...signed.checkpoint,
    sequence: 2,
    previousCheckpoint: hashOf('6'),
    issuedAt: '2026-11-21T09:41:00.000Z',
    manifests: 2,
    events: 5,
    root: hashOf('7'),
  },
};

const manifest = {
  format: 2,
  sequence: 1,
  previousManifest: hashOf('0'),
  closedAt: '2026-11-21T09:35:00.000Z',
  jurisdiction: 'default',
  retention: { class: 'trade', years: 10 },
  aggregateType: 'account',
  events: 2,
  segment: { key: SEGMENT_KEY, bytes: 9_120, sha256: hashOf('5') },
  eventsRoot: hashOf('2'),
  headsRoot: hashOf('3'),
  columnsHash: hashOf('4'),
};

const standing = { head: 2, version: 2, hash: hashOf('9'), restoring: true };

const keys = [
  {
    key: {
      format: 2,
      algorithm: 'Ed25519',
      keyId: KEY_ID,
      publicKey: `${'C'.repeat(43)}=`,
      publishedAt: '2026-11-21T09:36:00.000Z',
      previousKey: null,
    },
    signatures: [{ keyId: KEY_ID, signature: SIGNATURE }],
  },
];

/** Examples by `operationId`. */
export const ARCHIVE_EXAMPLES = {
  getCheckpoints: { reply: { checkpoints: [signed], next: null } },
  getLatestCheckpoint: { reply: signed },
  getConsistency: { reply: { from: signed, to: later, path: [hashOf('8')], keys } },
  getKeys: { reply: { keys } },
  signCheckpoint: { reply: { segments: 1, events: 2, signed, unsigned: null } },
  getProof: {
    reply: {
      aggregateType: 'account',
      aggregateId: 'acc-1',
      version: 2,
      eventHash: hashOf('9'),
      segment: { leafIndex: 1, treeSize: 2, path: [hashOf('a')] },
      manifest,
      log: { leafIndex: 0, treeSize: 1, path: [] },
      signed,
      keys,
    },
  },
  getArchive: { reply: { manifests: 1, events: 2, waitingEvents: 0, oldestWaitingAt: null } },
  listArchive: { reply: { objects: [{ key: SEGMENT_KEY, bytes: 9_120 }], next: null } },
  getCompleteness: {
    reply: {
      logs: [
        {
          aggregateType: 'account',
          aggregateId: 'acc-1',
          state: 'BEHIND',
          head: 3,
          archived: 2,
          archivedHash: hashOf('9'),
        },
      ],
      next: null,
    },
  },
  getRestoration: { reply: standing },
  restoreEvents: {
    request: {
      'application/json': {
        previousHash: hashOf('a'),
        events: [
          {
            version: 2,
            eventType: 'FundsDeposited',
            schemaVersion: 1,
            recordedAt: '2026-11-21T09:30:00.125Z',
            data: { amount: '10', cash: '110', reference: null },
            metadata: {
              causationId: null,
              commandId: 'deposit-1',
              correlationId: 'request-1',
              userId: 'alice',
            },
            hash: hashOf('9'),
            fingerprint: '5306194713216482',
          },
        ],
      },
    },
    reply: standing,
  },
  holdForRestoring: {
    request: { 'application/json': { version: 2, hash: hashOf('9'), holder: 170_412_088_357_119 } },
    reply: standing,
  },
  releaseRestored: {
    request: { 'application/json': { version: 2, hash: hashOf('9') } },
    reply: { ...standing, restoring: false },
  },
} as const;
