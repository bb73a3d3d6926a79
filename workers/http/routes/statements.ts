/** Statements of accounts. */
import type { Context } from 'hono';
import { z } from 'zod';
import { documentHtml, documentStyle } from '../../../reports/html.ts';
import { statementCsv } from '../../../reports/statement/csv.ts';
import { statementDocument } from '../../../reports/statement/document.ts';
import { Statement } from '../../../reports/statement/statement.ts';
import { Time } from '../../../schemas/scalars.ts';
import { STATEMENT_EVENT_BYTES } from '../../limits/room.ts';
import { readStatement, STATEMENT_EVENTS_MAX } from '../../reads/statement.ts';
import type { HttpEnv } from '../context.ts';
import { fileReply, pageReply } from '../files.ts';
import { IdParams, type Route, route } from '../operation.ts';
import { requirePassed, requireReached } from '../past.ts';
import { ProblemError } from '../problem.ts';
import { QueryVersion } from '../query.ts';
import { NOT_YET } from '../resource.ts';
import { accountNotFound, accountOwner } from './accounts.ts';

/** The forms of a statement. */
const FORMATS = ['json', 'csv', 'html', 'pdf'] as const;
type Format = (typeof FORMATS)[number];

/** Which statement is wanted, and in which form. */
export const StatementQuery = z
  .strictObject({
    from: Time.optional().meta({
      description: 'The period begins here, which must have passed; absent: with the account.',
    }),
    to: Time.optional().meta({ description: 'The period ends before this; absent: with the newest event.' }),
    format: z.enum(FORMATS).default('json'),
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
    success: {
      status: 200,
      description: 'The statement.',
      schema: Statement,
      otherMediaTypes: ['text/csv', 'text/html', 'application/pdf'],
    },
    problems: ['account_not_found', 'statement_too_large'],
  },
  async (c, { params: { id }, query: { from, to, format, version } }) => {
    requirePassed('from', from);
    const owner = accountOwner(c.env, id);
    if (version !== undefined) await requireReached(owner, 'version', version);
    const request = { accountId: id, from, to, version };
    const read = await readStatement(owner, request, STATEMENT_EVENTS_MAX, (events) =>
      c.get('takeBytes')?.(events * STATEMENT_EVENT_BYTES),
    );
    if (read.status === 'not_found')
      throw accountNotFound(id, to === undefined && version === undefined ? '' : NOT_YET);
    if (read.status === 'too_large') {
      const detail =
        `The period has ${read.events} events of the account; a statement has at most ${STATEMENT_EVENTS_MAX}. ` +
        'Ask for shorter periods.';
      throw new ProblemError({ code: 'statement_too_large', detail });
    }
    return reply(c, format, read.statement);
  },
);

/** The statement in the form that is wanted. */
async function reply(c: Context<HttpEnv>, format: Format, statement: Statement): Promise<Response> {
  const name = `statement-${statement.accountId}-${statement.heads[0]?.version}`;
  switch (format) {
    case 'json':
      return c.json(statement);
    case 'csv':
      return fileReply(c, {
        name: `${name}.csv`,
        mediaType: 'text/csv; charset=utf-8',
        body: statementCsv(statement),
      });
    case 'html': {
      const document = statementDocument(statement);
      return pageReply(c, documentHtml(document), documentStyle(document));
    }
    case 'pdf': {
      const { reportPdf } = await import('../../reportPdf.ts');
      const body = await reportPdf(c.env, statementDocument(statement));
      return fileReply(c, { name: `${name}.pdf`, mediaType: 'application/pdf', body });
    }
  }
}

export const statements: readonly Route[] = [getStatement];
