/** Checkpoints, keys and proofs: what an outsider needs to trust the archive without trusting us. */
import type { Context } from 'hono';
import { z } from 'zod';
import { BrokenArchive } from '../../../queues/archive/manifestChain.ts';
import { type ExpiredSegment, eventProof } from '../../../queues/archive/proof.ts';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { AggregateId } from '../../../schemas/scalars.ts';
import { timeText } from '../../../schemas/time.ts';
import { errorFields } from '../../../telemetry/logger.ts';
import { ownerOf } from '../../aggregates.ts';
import { archiveObjects, archivistFor, askNotary, sealAll } from '../../archive.ts';
import { PROOF_BYTES } from '../../limits/room.ts';
import {
  CheckpointReply,
  CheckpointsReply,
  ConsistencyReply,
  KeysReply,
  ProofReply,
  SealedReply,
} from '../archiveReplies.ts';
import type { HttpEnv } from '../context.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { PageLimit, QueryVersion } from '../query.ts';

const NO_CHECKPOINT = { code: 'checkpoint_not_found', detail: 'There is no such checkpoint.' } as const;

const getCheckpoints = route(
  {
    method: 'get',
    path: '/v1/audit/checkpoints',
    operationId: 'getCheckpoints',
    tag: 'Audit',
    summary: 'Signed roots over the archive, oldest first',
    query: z.strictObject({
      after: QueryVersion.default(0).meta({
        description: 'Number of the checkpoint before the first wanted.',
      }),
      limit: PageLimit,
    }),
    success: { status: 200, description: 'A page of them.', schema: CheckpointsReply },
  },
  async (c, { query: { after, limit } }) => {
    const checkpoints = await askNotary(c.env, (notary) => notary.checkpoints(after, limit));
    const next = checkpoints.length < limit ? null : (checkpoints.at(-1)?.checkpoint.sequence ?? null);
    return c.json({ checkpoints, next });
  },
);

const getLatestCheckpoint = route(
  {
    method: 'get',
    path: '/v1/audit/checkpoints/latest',
    operationId: 'getLatestCheckpoint',
    tag: 'Audit',
    summary: 'The newest signed root',
    success: { status: 200, description: 'The newest checkpoint.', schema: CheckpointReply },
    problems: ['checkpoint_not_found'],
  },
  async (c) => {
    const latest = await askNotary(c.env, (notary) => notary.latest());
    if (latest === null) throw new ProblemError(NO_CHECKPOINT);
    return c.json(latest);
  },
);

const getConsistency = route(
  {
    method: 'get',
    path: '/v1/audit/checkpoints/consistency',
    operationId: 'getConsistency',
    tag: 'Audit',
    summary: "Prove that one checkpoint's archive is the beginning of another's",
    query: z.strictObject({ from: QueryVersion, to: QueryVersion }),
    success: {
      status: 200,
      description: 'Both checkpoints and the path between their roots.',
      schema: ConsistencyReply,
    },
    problems: ['checkpoint_not_found'],
  },
  async (c, { query: { from, to } }) => {
    const proof = await askNotary(c.env, (notary) => notary.consistency(from, to));
    if (proof === null) {
      const detail = 'There are no such checkpoints, or the first is later than the second.';
      throw new ProblemError({ code: 'checkpoint_not_found', detail });
    }
    return c.json(proof);
  },
);

const getKeys = route(
  {
    method: 'get',
    path: '/v1/audit/keys',
    operationId: 'getKeys',
    tag: 'Audit',
    summary: 'The public keys that checkpoints are signed with',
    success: { status: 200, description: 'All there ever were, oldest first.', schema: KeysReply },
  },
  async (c) => c.json({ keys: await askNotary(c.env, (notary) => notary.keys()) }),
);

const signCheckpoint = route(
  {
    method: 'post',
    path: '/v1/audit/checkpoints',
    operationId: 'signCheckpoint',
    tag: 'Audit',
    summary: 'Archive what waits and sign a checkpoint now',
    description:
      'Both happen by themselves; this is for whoever does not want to wait for it. It covers what was committed at least ' +
      'fifteen seconds before: the archive hears of events that late.',
    success: {
      status: 200,
      description:
        'What was archived, the newest checkpoint if there is one, and why it does not cover all of it.',
      schema: SealedReply,
    },
  },
  async (c) => {
    const sealed = sealAll(archivistFor(c.env));
    const { segments, events } = await sealed.catch((error) => notWritten(c, error));
    const signed = askNotary(c.env, (notary) => notary.sign());
    const { checkpoint, unsigned = null } = await signed.catch((error) => notWritten(c, error));
    return c.json({ segments, events, signed: checkpoint, unsigned });
  },
);

const getProof = route(
  {
    method: 'get',
    path: '/v1/audit/{aggregateType}/{id}/events/{version}/proof',
    operationId: 'getProof',
    tag: 'Audit',
    summary: 'Prove that an event is under a signed checkpoint',
    description: 'docs/archive.md says how to check it; `npm run verify -- --proof FILE` does.',
    params: z.strictObject({ aggregateType: z.string(), id: AggregateId, version: QueryVersion }),
    success: { status: 200, description: 'The path from the event to the signature.', schema: ProofReply },
    problems: [
      'aggregate_not_found',
      'event_not_found',
      'archive_expired',
      'not_archived_yet',
      'archive_damaged',
    ],
  },
  async (c, { params: { aggregateType: type, id: aggregateId, version } }) => {
    const aggregateType = AGGREGATE_TYPES.find((known) => known === type);
    if (aggregateType === undefined) {
      throw new ProblemError({ code: 'aggregate_not_found', detail: 'There is no such aggregate.' });
    }
    const key = { aggregateType, aggregateId };
    const sequence = await archivistFor(c.env)((archivist) => archivist.manifestOf(key, version));
    const log = sequence === null ? null : await askNotary(c.env, (notary) => notary.inclusion(sequence));
    if (sequence === null || log === null) throw await unproven(ownerOf(c.env, key).head(), version);
    c.get('takeBytes')?.(PROOF_BYTES);
    const { checkpoint: signed, keys, leaf, ...path } = log;
    const proof = await eventProof(archiveObjects(c.env), { sequence, leaf }, key, version, Date.now()).catch(
      (error) => unprovable(c, error),
    );
    if ('expired' in proof) throw expired(proof);
    const { eventHash, manifest, ...segment } = proof;
    return c.json({ ...key, version, eventHash, segment, manifest, log: path, signed, keys });
  },
);

/** Fixed paths come first: `checkpoints` would pass for a type of aggregate. */
export const checkpoints: readonly Route[] = [
  getCheckpoints,
  signCheckpoint,
  getLatestCheckpoint,
  getConsistency,
  getKeys,
  getProof,
];

/** A bucket that does not answer holds up the archive: what was begun is gone on with by the next call, or by itself. */
function notWritten(c: Context<HttpEnv>, error: unknown): never {
  c.get('logger').log('error', 'archive not written', errorFields(error));
  throw new ProblemError({ code: 'unavailable', detail: 'The archive cannot be written now.' });
}

function expired({ expired: key, since }: ExpiredSegment): ProblemError {
  const detail = `${key}, which had the event, was kept until its term ended on ${timeText(since)} and is gone since.`;
  return new ProblemError({ code: 'archive_expired', detail });
}

/** No proof can be made from what the bucket has: whoever runs the platform must hear of it, and who asks can do nothing about it. */
function unprovable(c: Context<HttpEnv>, error: unknown): never {
  if (!(error instanceof BrokenArchive)) throw error;
  const correlationId = c.get('correlationId');
  c.get('logger').log('error', 'the archive is damaged', { correlationId, ...errorFields(error) });
  throw new ProblemError({ code: 'archive_damaged', detail: `There is no proof of it: ${error.message}.` });
}

/** Why there is no proof of an event. */
async function unproven(head: Promise<number>, version: number): Promise<ProblemError> {
  const newest = await head;
  if (newest === 0)
    return new ProblemError({ code: 'aggregate_not_found', detail: 'There is no such aggregate.' });
  if (version === 0 || version > newest) {
    return new ProblemError({ code: 'event_not_found', detail: `The newest event has version ${newest}.` });
  }
  const detail =
    'No checkpoint covers the event yet: what is committed is archived within some five minutes, and every minute a ' +
    'checkpoint is signed over what was archived.';
  return new ProblemError({ code: 'not_archived_yet', detail });
}
