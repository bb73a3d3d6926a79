/** The portfolio of an account: from the view as it is now, or from its actor as it was, by what is known when. */
import { GraphQLEnumType, GraphQLNonNull, GraphQLObjectType } from 'graphql';
import { Id } from '../../schemas/scalars.ts';
import { portfolioAnswer } from '../http/accountViews.ts';
import { AccountReply } from '../http/replies.ts';
import { readPast } from '../http/routes/accountPast.ts';
import { accountReply } from '../http/routes/accounts.ts';
import { isPast, PortfolioQuery } from '../http/routes/portfolio.ts';
import { type AsOf, PortfolioReply } from '../http/timeReplies.ts';
import { PAST_BYTES } from '../limits/room.ts';
import { idOf, queryOf } from './arguments.ts';
import type { GraphQlContext } from './context.ts';
import { ID_ARGUMENT } from './parts.ts';
import { SafeInt } from './scalars.ts';
import { type Field, field, type Types } from './types.ts';

/** What a portfolio is resolved from. */
interface Portfolio {
  readonly account: AccountReply;
  readonly source: string;
  readonly viewVersion: number | null;
  readonly staleSince: number | null;
  readonly asOf: AsOf | null;
}

/** The root field. */
export function portfolioField(types: Types): Field {
  return field<unknown, Readonly<Record<string, unknown>>>({
    type: portfolioType(types),
    description:
      'The account from the read model, or from its actor where that is behind or fails. With a version or a time as it was: as it ' +
      'was recorded then, or as it is known now.',
    args: { id: ID_ARGUMENT, ...types.inputFields(PortfolioQuery, 'Portfolio') },
    async resolve(_, { id: given, ...asked }, context) {
      const id = idOf(Id, given);
      await context.requireRead('getPortfolio', { aggregateType: 'account', aggregateId: id });
      const { minVersion, ...moment } = queryOf(PortfolioQuery, asked);
      return isPast(moment) ? pastPortfolio(context, id, moment) : portfolioOfNow(context, id, minVersion);
    },
  });
}

async function portfolioOfNow(
  { c }: GraphQlContext,
  id: string,
  minVersion: number | undefined,
): Promise<Portfolio> {
  const { body, headers } = await portfolioAnswer(c, id, minVersion);
  const staleSince = headers['X-View-Stale-Since'];
  return {
    account: JSON.parse(body) as AccountReply,
    source: headers['X-Read-Source'] as string,
    viewVersion: Number(headers['X-View-Version']),
    staleSince: staleSince === undefined ? null : Number(staleSince),
    asOf: null,
  };
}

async function pastPortfolio(
  context: GraphQlContext,
  id: string,
  moment: Parameters<typeof readPast>[2],
): Promise<Portfolio> {
  context.takeBytes(PAST_BYTES);
  const { state, asOf } = await readPast(context.c.env, id, moment);
  const account = accountReply(id, state, asOf.version);
  return { account, source: 'actor', viewVersion: null, staleSince: null, asOf };
}

/** Who has told of an account. */
const ReadSource = new GraphQLEnumType({
  name: 'ReadSource',
  description: 'Who has told of what is shown.',
  values: {
    view: { description: 'The read model.' },
    actor: {
      description:
        'The aggregate itself: of the past, and where the read model is behind or does not answer.',
    },
  },
});

function portfolioType(types: Types) {
  return new GraphQLObjectType<Portfolio, GraphQlContext>({
    name: 'Portfolio',
    description: 'An account as it is or was, and who has told of it.',
    fields: {
      account: {
        type: new GraphQLNonNull(types.object(AccountReply, 'Account')),
        description: 'The account.',
      },
      source: { type: new GraphQLNonNull(ReadSource), description: 'Who answered.' },
      viewVersion: {
        type: SafeInt,
        description: 'The version that the view has reached, 0 for none; null where the past was asked for.',
      },
      staleSince: {
        type: SafeInt,
        description: 'The version since which the view lacks events of the account; null where it is well.',
      },
      asOf: {
        type: types.object(PortfolioReply.shape.asOf, 'AsOf'),
        description: 'Which moment is shown, by what is known when; null where it is now.',
      },
    },
  });
}
