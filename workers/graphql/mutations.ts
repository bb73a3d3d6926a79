/** Every command as a mutation: those that have a route of their own as the route has them, all others as a batch does. */
import { GraphQLNonNull, type GraphQLOutputType, GraphQLString } from 'graphql';
import { z } from 'zod';
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import { CommandId } from '../../schemas/envelope.ts';
import { eventJsonSchema } from '../../schemas/jsonSchema.ts';
import { Version } from '../../schemas/scalars.ts';
import { accessRow } from '../access/decide.ts';
import { type CommandHeaders, sendCommand } from '../http/command.ts';
import type { Route } from '../http/operation.ts';
import { invalidRequest } from '../http/problem.ts';
import { CommandReply } from '../http/replies.ts';
import type { CommandInput, Sending } from '../http/sending.ts';
import { inputOf } from './arguments.ts';
import type { GraphQlContext } from './context.ts';
import { ID_ARGUMENT } from './parts.ts';
import { SafeInt } from './scalars.ts';
import { type Field, type Fields, field, type InputFields, type Types } from './types.ts';

/** A command as a mutation is made of it. */
interface Command {
  readonly type: string;
  readonly description: string;
  /** Of the aggregate, where the command does not say itself which it is for. */
  readonly id?: z.ZodType<string> | undefined;
  readonly body: z.ZodType;
  readonly reply: z.ZodType;
  readonly send: (input: CommandInput) => Sending;
}

/** How a command is to be taken: arguments of every mutation. */
const TAKEN: InputFields = {
  idempotencyKey: {
    type: GraphQLString,
    description:
      'The command id, 1 to 128 visible ASCII characters, remembered for good: a repeat with the same input gives the same ' +
      'answer, marked `replayed`; with another, `command_id_reused`. Without one a repeat is another command.',
  },
  expectedVersion: {
    type: SafeInt,
    description: 'The version that the aggregate is expected to have; else `version_conflict`.',
  },
};

/** A field for each command. */
export function mutationFields(routes: readonly Route[], types: Types): Fields {
  const commands = commandsOf(routes);
  const fields = commands.map((command) => [camelCase(command.type), mutation(command, types)]);
  return Object.fromEntries(fields);
}

/** Names of the types that mutations answer, of which each has a field more than its schema. */
export function replyNames(routes: readonly Route[]): ReadonlySet<string> {
  const names = commandsOf(routes).map(({ reply }) => z.globalRegistry.get(reply)?.id);
  return new Set(names.filter((name) => name !== undefined));
}

function commandsOf(routes: readonly Route[]): Command[] {
  const routed = routes.flatMap((route): Command[] => {
    const { command: type, send, summary, description, params, body = z.strictObject({}), success } = route;
    if (type === undefined || send === undefined || success.schema === undefined) return [];
    const text = description === undefined ? `${summary}.` : `${summary}. ${description}`;
    const id = params?.shape.id as z.ZodType<string> | undefined;
    return [{ type, description: text, id, body, reply: success.schema, send }];
  });
  const known = new Set(routed.map(({ type }) => type));
  const others = AGGREGATE_LIST.flatMap(({ aggregateType, id, commands }) =>
    Object.entries(commands)
      .filter(([type]) => !known.has(type))
      .map(
        ([type, body]): Command => ({
          type,
          description: eventJsonSchema(body).description ?? `${type}.`,
          id,
          body,
          // One whose route takes what it says from elsewhere than its body.
          reply: routes.find(({ command }) => command === type)?.success.schema ?? CommandReply,
          send: (input) => ({ aggregateType, aggregateId: input.id ?? '', type, data: input.body }),
        }),
      ),
  );
  return [...routed, ...others];
}

interface MutationArguments {
  readonly id?: string;
  readonly input?: unknown;
  readonly idempotencyKey?: string | null;
  readonly expectedVersion?: number | null;
}

/** The arguments that stand for headers of REST. */
const ARGUMENT_OF: Readonly<Record<keyof typeof CommandHeaders.shape, string>> = {
  'Idempotency-Key': 'idempotencyKey',
  'If-Match': 'expectedVersion',
  'If-None-Match': 'expectedVersion',
};

/** What the arguments of a mutation must be, beyond their types. */
const Taken = z.strictObject({ idempotencyKey: CommandId.optional(), expectedVersion: Version.optional() });

function mutation({ type, description, id, body, reply, send }: Command, types: Types): Field {
  const hasInput = Object.keys(types.inputFields(body, type)).length > 0;
  const args: InputFields = {
    ...(id === undefined ? {} : { id: ID_ARGUMENT }),
    ...(hasInput
      ? {
          input: {
            type: new GraphQLNonNull(types.input(body, type)),
            description: 'What the command says.',
          },
        }
      : {}),
    ...TAKEN,
  };
  const judged = z.strictObject({ ...(id === undefined ? {} : { id }), input: body });
  return field<unknown, MutationArguments>({
    type: new GraphQLNonNull(types.object(reply, 'CommandReply') as GraphQLOutputType),
    description,
    args,
    async resolve(_, { idempotencyKey, expectedVersion, ...said }, context) {
      refuseCommandHeaders(context.c);
      const { idempotencyKey: commandId = crypto.randomUUID(), ...versioned } = inputOf(Taken, {
        idempotencyKey,
        expectedVersion,
      });
      const { id: aggregateId, input } = inputOf(judged, { input: {}, ...said }) as {
        id?: string;
        input: unknown;
      };
      const sending = send({ id: aggregateId, body: input });
      const isOfAccount = accessRow(type).of === 'account';
      await context.requireRead(type, sending.concerns ?? (isOfAccount ? sending : undefined));
      const taken = await sendCommand(context.c, sending, { commandId, ...versioned });
      return { ...taken.reply, replayed: taken.isReplayed };
    },
  });
}

/** A request may have many mutations: what says something of one is its argument. A header that counts for nothing would mislead. */
function refuseCommandHeaders(c: GraphQlContext['c']): void {
  const faults = Object.entries(ARGUMENT_OF)
    .filter(([name]) => c.req.header(name) !== undefined)
    .map(([path, argument]) => ({ path, message: `is the argument ${argument} of a mutation` }));
  if (faults.length > 0) throw invalidRequest(faults);
}

/** `ExecuteTrade` is the field `executeTrade`. */
function camelCase(type: string): string {
  return type.charAt(0).toLowerCase() + type.slice(1);
}
