/** Audit: the chain of one aggregate, recomputed. */
import { z } from 'zod';
import type { ChainReport } from '../../../actors/kernel/verify.ts';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { AggregateId } from '../../../schemas/scalars.ts';
import { type Owner, ownerOf } from '../../aggregates.ts';
import type { Env } from '../../env.ts';
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
  async (c, { params: { aggregateType: type, id } }) => c.json(await auditReply(c.env, type, id)),
);

/** What the recomputation of an aggregate's chain finds. Ends with 404 where there is no such aggregate. */
export async function auditReply(env: Env, type: string, aggregateId: string): Promise<ChainReport> {
  const aggregateType = AGGREGATE_TYPES.find((known) => known === type);
  const report = aggregateType && (await auditChain(ownerOf(env, { aggregateType, aggregateId })));
  if (report === undefined || report.version === 0) {
    throw new ProblemError({ code: 'aggregate_not_found', detail: 'There is no such aggregate.' });
  }
  return report;
}

/** The whole chain, a call for each range of it: the owner takes commands in between, however long its log is. */
async function auditChain(owner: Pick<Owner, 'verify'>): Promise<ChainReport> {
  let report = await owner.verify();
  while (report.next !== undefined) report = await owner.verify(report.next);
  return report;
}

export const audit: readonly Route[] = [auditAggregate];
