/** Audit: the chain of one aggregate, recomputed. */
import { z } from 'zod';
import type { ChainReport, VerifyRange } from '../../../actors/kernel/verify.ts';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { AggregateId } from '../../../schemas/scalars.ts';
import type { Target } from '../../access/principal.ts';
import { type Owner, ownerOf } from '../../aggregates.ts';
import type { Env } from '../../env.ts';
import { AUDIT_BYTES_MAX, AUDIT_EVENT_BYTES } from '../../limits/room.ts';
import { pacingOf } from '../../pacing.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { AuditReply } from '../replies.ts';

const auditAggregate = route(
  {
    method: 'get',
    path: '/v1/audit/{aggregateType}/{id}',
    operationId: 'auditAggregate',
    tag: 'Audit',
    summary: "Recompute an aggregate's hash chain",
    params: z.strictObject({ aggregateType: z.string(), id: AggregateId }),
    success: { status: 200, description: 'What the recomputation found.', schema: AuditReply },
    problems: ['aggregate_not_found'],
  },
  async (c, { params }) => {
    const target = { aggregateType: params.aggregateType, aggregateId: params.id };
    return c.json(await auditReply(c.env, target, (bytes) => c.get('takeBytes')?.(bytes)));
  },
);

/**
 * What the recomputation of an aggregate's chain finds, once there is room for it (limits/room.ts). Ends with 404 where there is no such
 * aggregate.
 */
export async function auditReply(
  env: Env,
  { aggregateType: type, aggregateId }: Target,
  takeBytes: (bytes: number) => void,
): Promise<ChainReport> {
  const aggregateType = AGGREGATE_TYPES.find((known) => known === type);
  const owner = aggregateType && ownerOf(env, { aggregateType, aggregateId });
  const events = owner === undefined ? 0 : await owner.head();
  if (owner === undefined || events === 0) {
    throw new ProblemError({ code: 'aggregate_not_found', detail: 'There is no such aggregate.' });
  }
  takeBytes(Math.min(events * AUDIT_EVENT_BYTES, AUDIT_BYTES_MAX));
  return auditChain(env, owner);
}

/**
 * The whole chain, a call for each range of it: the owner takes commands in between, however long its log is. Where they share a
 * thread, others are let go first as well.
 */
async function auditChain(env: Env, owner: Pick<Owner, 'verify'>): Promise<ChainReport> {
  const verify = pacingOf(env, 1).afterOthers(async (range?: VerifyRange) => owner.verify(range));
  let report = await verify();
  while (report.next !== undefined) report = await verify(report.next);
  return report;
}

export const audit: readonly Route[] = [auditAggregate];
