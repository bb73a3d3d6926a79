/** What the reconciler has found, looking again now, and having it mended. */
import type { Context } from 'hono';
import { z } from 'zod';
import { reconcile, repairFinding } from '../../../queues/reconciler/reconciler.ts';
import { differenceOf } from '../../../queues/reconciler/sums.ts';
import { AGGREGATE_TYPES } from '../../../schemas/aggregates.ts';
import { Currency } from '../../../schemas/currency.ts';
import { CHECKS, FindingId, OPEN_FINDINGS_MAX, OpenFinding } from '../../../schemas/reconciliation.ts';
import { AggregateId, DecimalText, Remark, UtcTime } from '../../../schemas/scalars.ts';
import { timeText } from '../../../schemas/time.ts';
import { generalLedger } from '../../generalLedger.ts';
import { pacingOf } from '../../pacing.ts';
import { lastRoundAt, openFindings, reconcileAll, reconcilerDeps } from '../../reconciliation.ts';
import { WORKING_CALL_MS, workingCall } from '../../workingCall.ts';
import { commandContext } from '../command.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, encodeCursor, nextCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { PageLimit } from '../query.ts';

/** Findings named in one call. */
const NAMED_MAX = 100;

/** Which findings are wanted. */
export const FindingsQuery = z.strictObject({
  check: z.enum(CHECKS).optional(),
  limit: PageLimit,
  cursor: cursorOf(FindingId, 'The `nextCursor` of the page before.').optional(),
});

const Count = z.number().int().min(0);

/** The sums over all accounts of one currency. */
const Sums = z
  .strictObject({
    currency: Currency,
    asOf: UtcTime.meta({ description: 'When an account was last read on.' }),
    accounts: Count,
    events: Count.meta({
      description: 'Events that these sums are made of: of each account up to a version of its own.',
    }),
    eventsBehind: Count.meta({
      description:
        'Events that were there when their accounts were last looked at, and are still to be read.',
    }),
    deposited: DecimalText.meta({ description: 'What came from outside.' }),
    withdrawn: DecimalText.meta({ description: 'What went there.' }),
    traded: DecimalText.meta({ description: 'What trades and their amendments brought, fees taken off.' }),
    held: DecimalText.meta({ description: 'What the accounts hold.' }),
    inTransit: DecimalText.meta({
      description:
        'What has left accounts and not reached others, as far as both are read; below zero where those that it reached are read further.',
    }),
    difference: DecimalText.meta({
      description: '`held` + `inTransit` − (`deposited` − `withdrawn` + `traded`): 0 where all is right.',
    }),
  })
  .meta({ id: 'CurrencySums' });

/** A page of what is wrong now. */
export const FindingsReply = z.strictObject({
  open: Count.meta({ description: 'All that are open.' }),
  isFull: z.boolean().meta({
    description: `Whether there are as many as are kept (${OPEN_FINDINGS_MAX}): then there may be more.`,
  }),
  roundEndedAt: UtcTime.nullable().meta({
    description: 'Every aggregate that there was has been looked at by then; null: not yet.',
  }),
  sums: z.array(Sums).meta({ description: 'The sums that must be zero, by currency.' }),
  findings: z.array(OpenFinding.meta({ id: 'Finding' })),
  nextCursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});

const LookCursor = z.strictObject({
  part: z.number().int().min(0),
  entry: z.strictObject({ aggregateType: z.string(), aggregateId: z.string() }).nullable(),
});

/** What to look at: one aggregate, or everything. */
export const LookBody = z
  .strictObject({
    aggregateType: z.enum(AGGREGATE_TYPES).optional(),
    aggregateId: AggregateId.optional(),
    cursor: cursorOf(LookCursor, 'The `nextCursor` of the call before, to go on where it ended.').optional(),
  })
  .refine(({ aggregateType, aggregateId }) => (aggregateType === undefined) === (aggregateId === undefined), {
    path: ['aggregateId'],
    message: 'has to be given with aggregateType, and the other way round',
  });

/** What a look came to. */
export const LookReply = z.strictObject({
  checked: Count.meta({ description: 'Aggregates that were looked at.' }),
  opened: Count,
  closed: Count,
  unanswered: Count.meta({
    description:
      'Of how many something could not be told now, since an owner or a database does not answer or a view is being switched; the log says why. Look again.',
  }),
  nextCursor: z.string().nullable().meta({ description: 'Where the next call goes on; null at the end.' }),
});

/** What to mend, and why. */
export const RepairBody = z.strictObject({
  reason: Remark,
  findingIds: z
    .array(FindingId)
    .min(1)
    .max(NAMED_MAX)
    .optional()
    .meta({ description: 'These alone; all that are open where it is left out.' }),
  after: FindingId.optional().meta({
    description: 'The `next` of the call before, to go on where it ended.',
  }),
});

const RepairResult = z
  .strictObject({
    findingId: FindingId,
    status: z.enum(['CLOSED', 'OPEN', 'UNFINISHED']).meta({
      description: '`UNFINISHED`: there is more to do; the same call goes on.',
    }),
    detail: z.string().nullable().meta({ description: 'What is wrong still, or why it was not mended.' }),
  })
  .meta({ id: 'RepairResult' });

/** What mending came to. */
export const RepairReply = z.strictObject({
  results: z.array(RepairResult),
  next: FindingId.nullable().meta({
    description: 'Where the next call goes on; null where it has to begin again, and at the end.',
  }),
});

const getReconciliation = route(
  {
    method: 'get',
    path: '/v1/reconciliation',
    operationId: 'getReconciliation',
    tag: 'Reconciliation',
    summary: 'What differs between the logs and what follows them',
    description: 'Found by a walk through all aggregates that never ends, and by looks on demand.',
    query: FindingsQuery,
    success: { status: 200, description: 'A page of open findings, by id.', schema: FindingsReply },
  },
  async (c, { query: { check, limit, cursor = '' } }) => {
    const [all, roundEndedAt, sums] = await Promise.all([
      openFindings(c.env),
      lastRoundAt(c.env),
      generalLedger(c.env).sums(),
    ]);
    const wanted = all.filter(
      (one) => (check === undefined || one.check === check) && one.findingId > cursor,
    );
    const findings = wanted.slice(0, limit);
    return c.json({
      open: all.length,
      isFull: all.length >= OPEN_FINDINGS_MAX,
      roundEndedAt: roundEndedAt === null ? null : timeText(roundEndedAt),
      sums: sums.map((one) => ({ ...one, asOf: timeText(one.asOf), difference: differenceOf(one) })),
      findings,
      nextCursor: nextCursor(wanted.length > limit ? findings.at(-1)?.findingId : null),
    });
  },
);

const BOUNDED = `A call works for about ${WORKING_CALL_MS / 1_000} seconds; repeat it while it answers 202.`;

const runReconciliation = route(
  {
    method: 'post',
    path: '/v1/reconciliation/check',
    operationId: 'runReconciliation',
    tag: 'Reconciliation',
    summary: 'Look now, at one aggregate or at all',
    description: `Opens what is wrong, and closes what is right again. ${BOUNDED}`,
    body: LookBody,
    success: {
      status: 200,
      description: 'All of it was looked at.',
      unfinished: 'There is more: send the request again with `nextCursor` as `cursor`.',
      schema: LookReply,
    },
  },
  async (c, { body: { aggregateType, aggregateId, cursor = { part: 0, entry: null } } }) => {
    const { deps, isOver } = workOf(c);
    if (aggregateType !== undefined && aggregateId !== undefined) {
      const looked = await reconcile(deps, [{ aggregateType, aggregateId }]);
      return c.json({ checked: 1, ...looked, unanswered: deps.untold.count, nextCursor: null });
    }
    const { next, ...counts } = await reconcileAll(c.env, deps, cursor, isOver);
    const nextCursor = next && encodeCursor(next);
    return c.json({ ...counts, unanswered: deps.untold.count, nextCursor }, next === null ? 200 : 202);
  },
);

const repairFindings = route(
  {
    method: 'post',
    path: '/v1/reconciliation/repair',
    operationId: 'repairFindings',
    tag: 'Reconciliation',
    summary: 'Mend what was found, and look again',
    description: `From the logs. What is right then is closed; what is not stays open and says why. ${BOUNDED}`,
    body: RepairBody,
    success: {
      status: 200,
      description: 'All of them were tried.',
      unfinished: 'There is more: send the request again with `next` as `after`.',
      schema: RepairReply,
    },
  },
  async (c, { body: { reason, findingIds, after = '' } }) => {
    const { deps, isOver } = workOf(c);
    const open = await openFindings(c.env);
    const wanted = open.filter(
      ({ findingId }) => findingId > after && (findingIds === undefined || findingIds.includes(findingId)),
    );
    const results: z.input<typeof RepairResult>[] = [];
    let next: string | null = after === '' ? null : after;
    for (const finding of wanted) {
      if (isOver()) return c.json({ results, next }, 202);
      const result = await repairFinding(deps, finding, reason, isOver);
      results.push(result);
      if (result.status === 'UNFINISHED') return c.json({ results, next }, 202);
      next = finding.findingId;
    }
    return c.json({ results, next: null });
  },
);

/** Every route of the reconciler. */
export const reconciliation: readonly Route[] = [getReconciliation, runReconciliation, repairFindings];

function workOf(c: Context<HttpEnv>) {
  const pacing = pacingOf(c.env, 1);
  return {
    deps: reconcilerDeps(c.env, c.get('logger'), commandContext(c), pacing),
    isOver: workingCall(pacing),
  };
}
