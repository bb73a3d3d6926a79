/** What is said later of a trade: that it was another one, or that it never was. */
import { z } from 'zod';
import { Id } from '../../../schemas/scalars.ts';
import { Cancellation, Correction } from '../../../schemas/trade.ts';
import { runCommand } from '../command.ts';
import { type Operation, type Route, route } from '../operation.ts';
import type { ProblemCode } from '../problem.ts';
import { TradeReply } from '../replies.ts';
import { commandSuccess } from '../resource.ts';

const TradeParams = z.strictObject({
  id: Id.meta({ description: 'The account.' }),
  tradeId: Id.meta({ description: 'The trade, as its client named it.' }),
});

/** Refusals of both, in the order in which they are checked. */
const REFUSALS = [
  'account_not_found',
  'account_closed',
  'account_frozen',
  'trade_not_found',
  'trade_already_cancelled',
  'trade_out_of_reach',
  'insufficient_position',
  'insufficient_funds',
  'amount_out_of_range',
] as const;

interface Amendment<Body extends z.ZodType>
  extends Pick<Operation, 'operationId' | 'summary' | 'description'> {
  readonly resource: string;
  readonly type: string;
  readonly body: Body;
  readonly success: string;
  readonly refusals: readonly ProblemCode[];
}

function amendmentRoute<Body extends z.ZodType<object>>(amendment: Amendment<Body>): Route {
  const { resource, type, success, refusals, ...described } = amendment;
  return route(
    {
      ...described,
      method: 'post',
      path: `/v1/accounts/{id}/trades/{tradeId}/${resource}`,
      tag: 'Accounts',
      command: type,
      params: TradeParams,
      success: commandSuccess(200, success, TradeReply),
      problems: refusals,
    },
    (c, { params: { id, tradeId }, body }) =>
      runCommand(
        c,
        { aggregateType: 'account', aggregateId: id, type, data: { ...body, tradeId } },
        { status: 200 },
      ),
  );
}

/** The two of them. */
export const amendments: readonly Route[] = [
  amendmentRoute({
    resource: 'correct',
    operationId: 'correctTrade',
    summary: 'Correct a trade that was booked wrongly',
    description:
      'Terms that are sent replace, absent ones stay; another symbol or time is a cancellation and a trade booked anew. ' +
      'Nothing is edited: a further event says what the trade really was, and cash, average cost and profit become what ' +
      'all trades in the symbol give with the corrected one in its place. Limits are not asked again.',
    type: 'CorrectTrade',
    body: Correction,
    success: 'The trade is corrected.',
    refusals: [...REFUSALS, 'nothing_to_correct'],
  }),
  amendmentRoute({
    resource: 'cancel',
    operationId: 'cancelTrade',
    summary: 'Cancel a trade that never was',
    description: 'For good: its id cannot be used again. What it moved is moved back, as if it had not been.',
    type: 'CancelTrade',
    body: Cancellation,
    success: 'The trade is cancelled.',
    refusals: REFUSALS,
  }),
];
