/** The report of large positions by their holders, over all accounts of each. */
import { z } from 'zod';
import { largeHolderRows, largeHolders } from '../../../reports/kinds/index.ts';
import { pageSchema } from '../../../reports/page.ts';
import {
  KEPT_AT_LEAST_MS,
  MOMENTS_MAX,
  MOMENTS_OF_ONE_MAX,
  SHARED_MOMENT_MS,
} from '../../../schemas/holding.ts';
import { Id, SymbolName } from '../../../schemas/scalars.ts';
import { holdingsAt } from '../../holders.ts';
import { REPORT_HOLDINGS_MAX, readHolders } from '../../reads/holders.ts';
import { REPORT_ACCOUNTS_MAX } from '../../reads/report.ts';
import { cursorOf } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { invalidRequest, ProblemError } from '../problem.ts';
import {
  ABOUT,
  accountsOf,
  endOf,
  hasThreshold,
  Moment,
  NO_THRESHOLD,
  pageReply,
  REPORT_QUERY,
  THRESHOLDS,
} from './reports.ts';

const { to, asOf, format, limit } = REPORT_QUERY;

/** Which part of the report is wanted, in which form, and what makes a position large. */
export const LargeHoldersQuery = z
  .strictObject({
    ...{ to, asOf, format, limit },
    customerId: Id.optional().meta({ description: 'This customer alone.' }),
    ...THRESHOLDS,
    cursor: cursorOf(
      z.union([
        z.strictObject({ end: Moment, accountId: Id }),
        z.strictObject({ end: Moment, customerId: Id, symbol: SymbolName }),
      ]),
      `The \`nextCursor\` of the page before. It serves for ${KEPT_AT_LEAST_MS / 3_600_000} hour, and for a day where few such reports are read; ` +
        'after that, begin again with the `asOf`.',
    ).optional(),
  })
  .refine(hasThreshold, NO_THRESHOLD);

/** Whether whoever asks said which end a report has. */
function isNamed({ to, asOf, cursor }: z.output<typeof LargeHoldersQuery>, end: number): boolean {
  return asOf !== undefined || cursor !== undefined || (to !== undefined && Date.parse(to) === end);
}

const TOO_MANY =
  `${MOMENTS_MAX} such reports are kept, ${MOMENTS_OF_ONE_MAX} of them with an end that you named, each begun within the hour: ` +
  'ask for one of the same `asOf` as another, or later.';

/** The report. */
export const largeHolderReport: Route = route(
  {
    operationId: 'getLargeHolders',
    summary: 'Customers whose holdings reach a threshold',
    method: 'get',
    path: `/v1/reports/${largeHolders.name}`,
    tag: 'Reports',
    description:
      'At the end of the period, over all accounts of each customer: net and gross, the accounts below their total, by units or by ' +
      `value at the last traded price. ${ABOUT}`,
    query: LargeHoldersQuery,
    success: {
      status: 200,
      description:
        `First come pages that cover the accounts, ${REPORT_ACCOUNTS_MAX} or ${REPORT_HOLDINGS_MAX} holdings each, and have no rows; ` +
        'the last of them and those after it have rows. `nextCursor` says whether there is more. A report of several pages without ' +
        `\`asOf\` covers what was recorded up to the last full minute.`,
      schema: pageSchema(largeHolders),
      otherMediaTypes: ['text/csv'],
    },
    problems: ['too_many_reports'],
  },
  async (c, { query }) => {
    const end = endOf(query);
    const { customerId, limit, minQuantity, minValue, cursor: after } = query;
    const named = isNamed(query, end);
    // One that nobody has named is shared by those who ask in the same minute.
    const keptEnd = named ? end : end - (end % SHARED_MOMENT_MS);
    const read = await readHolders(
      accountsOf(c.env),
      (moment) => holdingsAt(c.env, moment, named ? c.get('principal').userId : null),
      { end, keptEnd, customerId, after, limit },
      (holdings) => largeHolderRows(holdings, { minQuantity, minValue }),
    );
    if (read.status === 'full') {
      const seconds = String(Math.ceil(read.waitMs / 1_000));
      throw new ProblemError({
        code: 'too_many_reports',
        detail: TOO_MANY,
        headers: { 'Retry-After': seconds },
      });
    }
    if (read.status === 'expired') {
      const message = 'has expired: begin the report again with its asOf';
      throw invalidRequest([{ path: 'cursor', message }]);
    }
    return pageReply(c, largeHolders, { ...query, from: undefined }, read.end, read);
  },
);
