/** Routes that aggregates have in the same way: a command, and the state as it is or was. */
import type { Context } from 'hono';
import { z } from 'zod';
import { AGGREGATES, type AggregateType } from '../../schemas/aggregates.ts';
import { ownerOf } from '../aggregates.ts';
import type { Env } from '../env.ts';
import { refusal } from './access.ts';
import { type CommandAnswer, runCommand } from './command.ts';
import { entityTag } from './conditional.ts';
import type { HttpEnv } from './context.ts';
import { type Operation, type Route, route, type Success, type TAGS } from './operation.ts';
import { isOneMoment, MOMENT, ONE_MOMENT, readMoment } from './past.ts';
import { type ProblemCode, ProblemError } from './problem.ts';
import { CommandReply } from './replies.ts';
import type { Sending, StateReader } from './sending.ts';

/** A type of aggregate as the API names it. */
export interface Resource {
  readonly aggregateType: AggregateType;
  /** What one of them is called in a sentence. */
  readonly noun: string;
  readonly tag: keyof typeof TAGS;
  /** Of one of them: `/v1/orders/{id}`. */
  readonly path: string;
  /** The problem of whatever asks for one that is not there. */
  readonly notFound: ProblemCode;
}

/** A command to an aggregate that the path names. */
export interface ResourceCommand {
  readonly method?: 'put';
  /** Of the path, after the aggregate; absent: the aggregate itself. */
  readonly resource?: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly type: string;
  readonly body: z.ZodType;
  readonly isBodyOptional?: true;
  readonly success: Success;
  readonly refusals: readonly ProblemCode[];
  /** What its reply says beyond what every command's does. */
  readonly environment?: NonNullable<Sending['environment']>;
}

/** Which state is wanted; the newest where neither is given. */
export const StateQuery = z.strictObject(MOMENT).refine(isOneMoment, ONE_MOMENT);

const COMMAND_HEADERS = ['ETag', 'Idempotency-Replayed'] as const;

/** What the success of a command looks like. */
export function commandSuccess(
  status: Success['status'],
  description: string,
  schema: z.ZodType = CommandReply,
): Success {
  return { status, description, schema, headers: COMMAND_HEADERS };
}

/** Parameters of the path of one aggregate. */
export function idParams({ aggregateType }: Resource) {
  return z.strictObject({ id: AGGREGATES[aggregateType].id });
}

/** The route of a command to an aggregate that the path names. */
export function commandRoute(resource: Resource, command: ResourceCommand): Route {
  const { method = 'post', resource: name, type, refusals, environment, ...described } = command;
  const { aggregateType, path, tag } = resource;
  const { status, created } = described.success;
  return sendingRoute(
    {
      ...described,
      method,
      path: name === undefined ? path : `${path}/${name}`,
      tag,
      command: type,
      params: idParams(resource),
      problems: refusals,
    },
    { status, statusOfFirst: created === undefined ? status : 201 },
    ({ id = '', body }) => ({
      ...{ aggregateType, aggregateId: id, type, data: body },
      ...(environment === undefined ? {} : { environment }),
    }),
  );
}

/** The route of any command: what it sends is told apart from HTTP, so that it can be sent in other ways as well. */
export function sendingRoute<Body extends z.ZodType>(
  operation: Operation & { readonly command: string; readonly body?: Body },
  answer: CommandAnswer,
  send: (input: { readonly id?: string | undefined; readonly body: z.output<Body> }) => Sending,
): Route {
  const made = route<z.ZodObject, z.ZodObject, Body>(operation, async (c, { params, body }) => {
    const sending = send({ id: params.id as string | undefined, body });
    const { concerns } = sending;
    if (concerns !== undefined) await refusal(c, operation.command, concerns);
    return runCommand(c, sending, answer);
  });
  return { ...made, send: ({ id, body }) => send({ id, body: body as z.output<Body> }) };
}

interface ResourceState<State> {
  readonly operationId: string;
  /** What there is to know of it, beyond that it is the actor's own state. */
  readonly description?: string;
  readonly schema: z.ZodType;
  /** The state as the API shows it to the caller. */
  readonly reply: (
    id: string,
    state: State,
    version: number,
    c: Context<HttpEnv>,
  ) => object | Promise<object>;
  /** One whose id was given out and that has not begun, of version 0; null where nobody has asked for it. */
  readonly announced?: (env: Env, id: string) => Promise<{ state: State; version: number } | null>;
  /** What it shows of one version is not always the same: it has personal data, which is masked for some and erased in time. */
  readonly isPersonal?: true;
}

/** Reads the state of one aggregate of a type. */
export function stateReader<State>(
  resource: Resource,
  { schema, reply, announced }: Pick<ResourceState<State>, 'schema' | 'reply' | 'announced'>,
): StateReader {
  const { aggregateType } = resource;
  return {
    id: AGGREGATES[aggregateType].id,
    schema,
    async read(c, id, moment = {}) {
      const read = await readMoment(ownerOf<State>(c.env, { aggregateType, aggregateId: id }), moment);
      const isOfNow = moment.version === undefined && moment.at === undefined;
      const shown = read ?? (isOfNow ? await announced?.(c.env, id) : null);
      if (shown == null) throw notFound(resource, id, isOfNow ? '' : NOT_YET);
      return { reply: await reply(id, shown.state, shown.version, c), version: shown.version };
    },
  };
}

/** The route of the state, which the actor itself answers. */
export function stateRoute<State>(
  resource: Resource,
  { operationId, description = '', isPersonal, ...read }: ResourceState<State>,
): Route {
  const { schema } = read;
  const { noun, path, tag } = resource;
  const state = stateReader(resource, read);
  const made = route(
    {
      method: 'get',
      path,
      operationId,
      tag,
      summary: `The ${noun} as it is, or as it was`,
      description: `The actor's own state, with \`version\` or \`at\` a past one. ${description}`.trim(),
      params: idParams(resource),
      query: StateQuery,
      success: { status: 200, description: `The ${noun}.`, schema, headers: ['ETag'] },
      ...(isPersonal === true ? {} : { conditional: true as const }),
      problems: [resource.notFound],
    },
    async (c, { params: { id }, query }) => {
      const { reply, version } = await state.read(c, id, query);
      return c.json(reply, 200, { ETag: entityTag(version) });
    },
  );
  return { ...made, state };
}

/** What {@link notFound} says where there may be one now. */
export const NOT_YET = ' yet, at the version or time asked for';

/** 404 for one that is not there, or was not there `then`. */
export function notFound({ noun, notFound: code }: Resource, id: string, then = ''): ProblemError {
  const detail = `There is no ${noun} ${id}${then}.`;
  return new ProblemError({ code, detail });
}
