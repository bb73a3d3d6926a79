/** Statements of accounts. */
import { z } from 'zod';
import { Statement } from '../../../reports/statement/statement.ts';
import { Time } from '../../../schemas/scalars.ts';
import { readStatement, STATEMENT_EVENTS_MAX } from '../../reads/statement.ts';
import { IdParams, type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { QueryVersion } from '../query.ts';
import { accountNotFound, accountOwner } from './accounts.ts';

/** Which statement is wanted, and in which form. */
export const StatementQuery = z
  .strictObject({
    from: Time.optional().meta({ description: 'The period begins here; absent: with the account.' }),
    to: Time.optional().meta({ description: 'The period ends before this; absent: with the newest event.' }),
    version: QueryVersion.optional().meta({
      description:
        'Covers nothing after this version: with the one that a statement names, the same statement again.',
    }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    message: 'must be after from',
  });

const getStatement = route(
  {
    method: 'get',
    path: '/v1/accounts/{id}/statement',
    operationId: 'getStatement',
    tag: 'Accounts',
    summary: 'A statement of the account',
    description:
      'Opening and closing balance, every movement with the balance after it, holdings valued at the last traded price, ' +
      'realised profit and fees. Made from the log up to the version that it names in `heads`; the same request with ' +
      'that `version` gives the same bytes whatever was recorded since (docs/reports.md).',
    params: IdParams,
    query: StatementQuery,
    success: { status: 200, description: 'The statement.', schema: Statement },
    problems: ['account_not_found', 'statement_too_large'],
  },
  async (c, { params: { id }, query: { from, to, version } }) => {
    const read = await readStatement(accountOwner(c.env, id), { accountId: id, from, to, version });
    if (read.status === 'not_found') throw accountNotFound(id);
    if (read.status === 'too_large') {
      const detail =
        `The period has ${read.events} events of the account; a statement has at most ${STATEMENT_EVENTS_MAX}. ` +
        'Ask for shorter periods.';
      throw new ProblemError({ code: 'statement_too_large', detail });
    }
    return c.json(read.statement);
  },
);

export const statements: readonly Route[] = [getStatement];
