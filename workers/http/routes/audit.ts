/** Audit: the chain of one aggregate, recomputed. */
import { Hono } from 'hono';
import { AGGREGATE_TYPES, actorStub } from '../../aggregates.ts';
import { pathId } from '../command.ts';
import type { HttpEnv } from '../context.ts';
import { ProblemError } from '../problem.ts';

export const audit = new Hono<HttpEnv>();

audit.get('/:aggregateType/:id', async (c) => {
  const aggregateType = AGGREGATE_TYPES.find((type) => type === c.req.param('aggregateType'));
  const aggregateId = pathId(c);
  const report = aggregateType && (await actorStub(c.env, { aggregateType, aggregateId }).verify());
  if (report === undefined || report.version === 0) {
    throw new ProblemError({
      status: 404,
      code: 'aggregate_not_found',
      detail: 'There is no such aggregate.',
    });
  }
  return c.json(report);
});
