/** Audit: the chain of one aggregate, recomputed. */
import { z } from 'zod';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { Id } from '../../../schemas/scalars.ts';
import { actorStub } from '../../aggregates.ts';
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
    params: z.strictObject({ aggregateType: z.string(), id: Id }),
    success: { status: 200, description: 'What the recomputation found.', schema: AuditReply },
    problems: ['aggregate_not_found'],
  },
  async (c, { params: { aggregateType: type, id: aggregateId } }) => {
    const aggregateType = AGGREGATE_TYPES.find((known) => known === type);
    const report = aggregateType && (await actorStub(c.env, { aggregateType, aggregateId }).verify());
    if (report === undefined || report.version === 0) {
      throw new ProblemError({ code: 'aggregate_not_found', detail: 'There is no such aggregate.' });
    }
    return c.json(report);
  },
);

export const audit: readonly Route[] = [auditAggregate];
