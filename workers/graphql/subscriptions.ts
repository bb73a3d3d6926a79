/** Subscriptions: those of the stream, over the same hubs, resumed by version in the same way. */
import { GraphQLList, GraphQLNonNull, GraphQLObjectType } from 'graphql';
import { z } from 'zod';
import { AGGREGATE_TYPES, type AggregateType } from '../../schemas/aggregates.ts';
import { AggregateId, Version } from '../../schemas/scalars.ts';
import { ProblemError } from '../http/problem.ts';
import { AccountReply } from '../http/replies.ts';
import { FeedEnded, type PageFrame } from '../streams/feed.ts';
import type { Wanted } from '../streams/hubClient.ts';
import { problemOf } from '../streams/incoming.ts';
import { idOf, inputOf } from './arguments.ts';
import type { GraphQlContext } from './context.ts';
import { ID_ARGUMENT, type Parts } from './parts.ts';
import { SafeInt } from './scalars.ts';
import { type Fields, field } from './types.ts';

/** Where a subscription begins. */
const AFTER_VERSION = {
  type: SafeInt,
  description:
    'The last version that the client has: what comes after it is sent first, and then what is committed, without a seam ' +
    'between the two. 0: everything. Absent: from now on.',
};

const After = z.strictObject({ afterVersion: Version.optional() });

/** The root fields of subscriptions. */
export function subscriptionFields({ types, event }: Parts): Fields {
  const batch = new GraphQLObjectType({
    name: 'EventBatch',
    description: 'Events of an aggregate that came together.',
    fields: {
      version: { type: new GraphQLNonNull(SafeInt), description: 'Of the last one: go on after it.' },
      events: {
        type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(event))),
        description: 'In the order of versions, each once.',
      },
    },
  });
  const update = new GraphQLObjectType({
    name: 'PortfolioUpdate',
    description: 'An account when it has changed.',
    fields: {
      version: {
        type: new GraphQLNonNull(SafeInt),
        description: 'Of the account that is shown: go on after it.',
      },
      account: {
        type: new GraphQLNonNull(types.object(AccountReply, 'Account')),
        description: 'The account.',
      },
    },
  });
  return {
    events: field<unknown, { aggregateType: AggregateType; id: string; afterVersion?: number | null }>({
      type: new GraphQLNonNull(batch),
      description: "Every event of an aggregate once, in the order of versions, as in the aggregate's log.",
      args: {
        aggregateType: {
          type: new GraphQLNonNull(types.enum(AGGREGATE_TYPES, 'AggregateType')),
          description: 'The type of the aggregate.',
        },
        id: ID_ARGUMENT,
        afterVersion: AFTER_VERSION,
      },
      subscribe: (_, { aggregateType, id, afterVersion }, context) =>
        subscribed(context, { topic: 'events', aggregateType, aggregateId: id, ...after(afterVersion) }),
    }),
    portfolio: field<unknown, { id: string; afterVersion?: number | null }>({
      type: new GraphQLNonNull(update),
      description: 'The whole account when it has changed, at most ten times a second.',
      args: { id: ID_ARGUMENT, afterVersion: AFTER_VERSION },
      subscribe: (_, { id, afterVersion }, context) =>
        subscribed(context, {
          topic: 'portfolio',
          aggregateType: 'account',
          aggregateId: id,
          ...after(afterVersion),
        }),
    }),
  };
}

function after(afterVersion: unknown): { afterVersion?: number } {
  const { afterVersion: version } = inputOf(After, { afterVersion });
  return version === undefined ? {} : { afterVersion: version };
}

/** What comes of a subscription, as the root value of one execution after another. The hub holds it to the table of access. */
async function subscribed(context: GraphQlContext, wanted: Wanted): Promise<AsyncIterable<object>> {
  idOf(AggregateId, wanted.aggregateId);
  const hub = await context.hub();
  const begun = await hub.subscribe(wanted);
  if (!begun.ok) {
    context.leaveHub();
    throw new ProblemError(problemOf(begun.error));
  }
  const { feed } = begun;
  const iterator: AsyncIterableIterator<object, undefined> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      // Whoever asks for more has taken what was made before.
      context.leaveRoom();
      const result = await feed.next().catch(asProblem);
      if (result.done === true) return result;
      // Each execution reads anew and takes up room, as a request of its own would.
      try {
        context.renew();
      } catch (error) {
        await iterator.return?.();
        throw error;
      }
      await context.enterRoom();
      return { done: false, value: rootOf(result.value.frame) };
    },
    async return() {
      await feed.return();
      context.leaveHub();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

function rootOf(frame: PageFrame): object {
  const { version } = frame;
  if (frame.type === 'events') return { events: { version, events: frame.events } };
  return { portfolio: { version, account: frame.portfolio } };
}

function asProblem(error: unknown): never {
  throw error instanceof FeedEnded ? new ProblemError(problemOf(error.error)) : error;
}
