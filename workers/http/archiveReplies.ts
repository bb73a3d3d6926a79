/** What requests about checkpoints, proofs and the archive answer. */
import { z } from 'zod';
import { UNSIGNED } from '../../queues/archive/notary.ts';
import { HashText } from '../../schemas/envelope.ts';
import { AggregateId, UtcTime, Version } from '../../schemas/scalars.ts';
import { LOG_STATES } from '../completeness.ts';

const Count = z.number().int().nonnegative();
const Number1 = Version.min(1);
const Base64 = z.base64();
const KeyId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ description: 'From the SHA-256 of the public key.' });

/** A signed root over all manifests so far. */
export const CheckpointReply = z
  .strictObject({
    checkpoint: z.strictObject({
      format: Count,
      sequence: Number1,
      previousCheckpoint: HashText.meta({
        description: 'SHA-256 of the canonical JSON of the `checkpoint` before; 64 zeros for the first.',
      }),
      issuedAt: UtcTime,
      keyId: KeyId,
      manifests: Number1.meta({ description: 'Manifests covered: numbers 1 to this.' }),
      events: Count,
      root: HashText.meta({ description: 'Root of the Merkle tree (RFC 9162, 2.1) over their hashes.' }),
    }),
    signature: Base64.meta({
      description: 'Ed25519 over `folio checkpoint 1`, a line feed and the canonical JSON of `checkpoint`.',
    }),
  })
  .meta({ id: 'Checkpoint' });

/** A page of checkpoints. */
export const CheckpointsReply = z.strictObject({
  checkpoints: z.array(CheckpointReply),
  next: Number1.nullable().meta({ description: 'The next `after`; null at the end.' }),
});

const KeyRecords = z.array(
  z.strictObject({
    key: z.strictObject({
      format: Count,
      algorithm: z.literal('Ed25519'),
      keyId: KeyId,
      publicKey: Base64.meta({ description: 'The 32 bytes of RFC 8032.' }),
      publishedAt: UtcTime,
      previousKey: KeyId.nullable(),
    }),
    signatures: z
      .array(z.strictObject({ keyId: KeyId, signature: Base64 }))
      .meta({ description: 'By the key itself, and by the one that was used before it.' }),
  }),
);

/** The public keys, oldest first. */
export const KeysReply = z.strictObject({ keys: KeyRecords });

/** The same beside a proof. */
const SigningKeys = KeyRecords.meta({
  description:
    'The records of all keys that have signed, oldest first: whoever trusts one of them follows them to the last.',
});

const MerklePath = z.array(HashText).meta({ description: 'Siblings from the leaf up (RFC 9162, 2.1.3).' });

const Header = z
  .strictObject({
    format: Count,
    sequence: Number1,
    previousManifest: HashText,
    closedAt: UtcTime,
    jurisdiction: z.string(),
    retention: z.strictObject({ class: z.string().nullable(), years: Count }).optional().meta({
      description: 'How long the segment is kept, and which class of events asks for it; absent in format 1.',
    }),
    aggregateType: z.string(),
    events: Number1,
    segment: z.strictObject({ key: z.string(), bytes: Count, sha256: HashText }),
    eventsRoot: HashText,
    headsRoot: HashText,
    columnsHash: HashText,
  })
  .meta({ id: 'ManifestHeader' });

/** From an event to a signature. */
export const ProofReply = z.strictObject({
  aggregateType: z.string(),
  aggregateId: AggregateId,
  version: Number1,
  eventHash: HashText,
  segment: z
    .strictObject({ leafIndex: Count, treeSize: Number1, path: MerklePath })
    .meta({ description: 'The event is a leaf of the tree whose root is `manifest.eventsRoot`.' }),
  manifest: Header.meta({ description: 'Its hash is the SHA-256 of its canonical JSON.' }),
  log: z
    .strictObject({ leafIndex: Count, treeSize: Number1, path: MerklePath })
    .meta({ description: 'The manifest is a leaf of the tree whose root is `checkpoint.root`.' }),
  signed: CheckpointReply,
  keys: SigningKeys,
});

/** That one checkpoint's archive is the beginning of another's. */
export const ConsistencyReply = z.strictObject({
  from: CheckpointReply,
  to: CheckpointReply,
  path: z.array(HashText).meta({ description: 'Consistency proof (RFC 9162, 2.1.4).' }),
  keys: SigningKeys,
});

/** What archiving at once did. */
export const SealedReply = z.strictObject({
  segments: Count,
  events: Count,
  signed: CheckpointReply.nullable(),
  unsigned: z
    .enum(UNSIGNED)
    .nullable()
    .meta({ description: 'Why what has come since `signed` is not signed; null where nothing has.' }),
});

/** How the archive stands. */
export const ArchiveReply = z.strictObject({
  manifests: Count,
  events: Count,
  waitingEvents: Count.meta({
    description: 'Events that came along with messages and are in no segment yet.',
  }),
  oldestWaitingAt: UtcTime.nullable(),
});

/** Objects of the archive, by key. */
export const ArchiveObjectsReply = z.strictObject({
  objects: z.array(z.strictObject({ key: z.string(), bytes: Count })),
  next: z.string().nullable().meta({ description: 'The next `after`; null at the end.' }),
});

/** Logs held against the archive. */
export const CompletenessReply = z.strictObject({
  logs: z.array(
    z.strictObject({
      aggregateType: z.string(),
      aggregateId: AggregateId,
      state: z.enum(LOG_STATES).meta({
        description:
          'The archive has all of it; lacks its newest events; is not the same as the log as far as it goes; or the owner does not answer.',
      }),
      head: Version.nullable().meta({ description: 'Its newest event; null where it does not answer.' }),
      archived: Version.meta({ description: 'The newest event in the archive; 0 where there is none.' }),
      archivedHash: HashText.meta({ description: 'Hash of that event; 64 zeros where there is none.' }),
    }),
  ),
  next: z.string().nullable().meta({ description: 'The next `after`; null when all have been looked at.' }),
});
