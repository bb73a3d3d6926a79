/** Fields about the platform itself: its read models, its chains of events, the keys of services. */
import { GraphQLBoolean, GraphQLNonNull } from 'graphql';
import { AGGREGATE_TYPES } from '../../schemas/aggregates.ts';
import { AggregateId } from '../../schemas/scalars.ts';
import { encodeCursor } from '../http/cursor.ts';
import { AuditReply, ViewsReply } from '../http/replies.ts';
import { auditReply } from '../http/routes/audit.ts';
import { ServiceKeyReply, ServiceKeysQuery, serviceKeysPage } from '../http/routes/serviceKeys.ts';
import { viewsReply } from '../http/routes/views.ts';
import { idOf } from './arguments.ts';
import { ID_ARGUMENT, type Parts } from './parts.ts';
import { type Fields, field } from './types.ts';

/** The root fields about the platform. */
export function platformFields({ types, lists }: Parts): Fields {
  return {
    views: field<unknown, { asksHeads: boolean }>({
      type: new GraphQLNonNull(types.object(ViewsReply, 'Views')),
      description: 'How the read models stand, and the newest rebuild.',
      args: {
        asksHeads: {
          type: new GraphQLNonNull(GraphQLBoolean),
          defaultValue: false,
          description:
            'Whether to ask every log how far it goes, which tells `eventsBehind`. It wakes every actor.',
        },
      },
      async resolve(_, { asksHeads }, context) {
        await context.requireRead('getViews');
        return viewsReply(context.c, asksHeads);
      },
    }),
    audit: field<unknown, { aggregateType: string; id: string }>({
      type: new GraphQLNonNull(types.object(AuditReply, 'Audit')),
      description: "Recomputes an aggregate's hash chain.",
      args: {
        aggregateType: {
          type: new GraphQLNonNull(types.enum(AGGREGATE_TYPES, 'AggregateType')),
          description: 'The type of the aggregate.',
        },
        id: ID_ARGUMENT,
      },
      async resolve(_, { aggregateType, id: given }, context) {
        const id = idOf(AggregateId, given);
        const target = { aggregateType, aggregateId: id };
        await context.requireRead('auditAggregate', target);
        return auditReply(context.c.env, target, (bytes) => context.takeBytes(bytes));
      },
    }),
    serviceKeys: lists.field<unknown, typeof ServiceKeysQuery>({
      description: 'Every key of a service, by its id.',
      query: ServiceKeysQuery,
      // Ids that mean nothing by their order, and few of them: the directory, whose they are, has no question for its end.
      forwardOnly: 'They are few: ask for the first 1,000 at once.',
      node: 'ServiceKey',
      type: () => types.object(ServiceKeyReply, 'ServiceKey'),
      async read(_, query, context) {
        await context.requireRead('getServiceKeys');
        const { rows, next } = await serviceKeysPage(context.c.env, query);
        const edges = rows.map((node) => ({ cursor: encodeCursor(node.keyId), node }));
        return { edges, goesOn: next !== null };
      },
    }),
  };
}
