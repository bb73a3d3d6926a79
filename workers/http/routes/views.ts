/** The read models themselves, for operators: how they stand, and making them anew. */
import type { Context } from 'hono';
import { z } from 'zod';
import { Retryable } from '../../../queues/kernel/errors.ts';
import type { RebuildProgress } from '../../../queues/rebuild/progress.ts';
import { type RebuildKind, VIEWS, type ViewName } from '../../../schemas/tables/views.ts';
import { viewStates } from '../../reads/viewStates.ts';
import { cancelRebuilds, currentRebuild, rebuildViews } from '../../rebuild.ts';
import { WORKING_CALL_MS } from '../../workingCall.ts';
import { parseBody } from '../body.ts';
import type { HttpEnv } from '../context.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { RebuildReply, ViewsReply } from '../replies.ts';

/** Which views to rebuild; all where it is left out. */
export const RebuildBody = z.strictObject({
  views: z
    .array(z.enum(VIEWS))
    .min(1)
    .max(VIEWS.length)
    .refine((views) => new Set(views).size === views.length, 'must name each view once')
    .optional(),
});

/** What `GET /v1/views` may ask the logs. */
export const ViewsQuery = z.strictObject({
  heads: z.enum(['true', 'false']).default('false').meta({
    description:
      'Whether to ask every log how far it goes, which tells `eventsBehind`. It wakes every actor.',
  }),
});

const ViewParams = z.strictObject({ view: z.enum(VIEWS) });

const getViews = route(
  {
    method: 'get',
    path: '/v1/views',
    operationId: 'getViews',
    tag: 'Views',
    summary: 'How the read models stand',
    query: ViewsQuery,
    success: { status: 200, description: 'Every view, and the newest rebuild.', schema: ViewsReply },
  },
  async (c, { query: { heads } }) => c.json(await viewsReply(c, heads === 'true')),
);

/** How the read models stand; with `asksHeads` also how far they are behind the logs. */
export async function viewsReply(c: Context<HttpEnv>, asksHeads: boolean) {
  const [views, rebuild] = await Promise.all([
    viewStates(c.env, asksHeads),
    currentRebuild(c.env, c.get('logger')),
  ]);
  return { views, rebuild: rebuild && progressReply(rebuild) };
}

const rebuild = route(
  {
    method: 'post',
    path: '/v1/views/rebuild',
    operationId: 'rebuildViews',
    tag: 'Views',
    summary: 'Rebuild read models from the logs',
    description:
      'Beside the live ones, which go on. What was made is held against the live views and against every actor, and ' +
      `then takes their place. A call works for at most ${WORKING_CALL_MS / 1_000} seconds; repeat it while it answers 202.`,
    ownBody: { required: false, content: { 'application/json': { schema: RebuildBody } } },
    success: {
      status: 200,
      description: 'The rebuild has come to its end; `status` says to which.',
      unfinished: 'There is more to do: send the request again.',
      schema: RebuildReply,
    },
    problems: ['rebuild_in_progress'],
  },
  async (c) => {
    const { views } = await optionalBody(c);
    return runRebuild(c, 'rebuild', views);
  },
);

const cancel = route(
  {
    method: 'post',
    path: '/v1/views/rebuild/cancel',
    operationId: 'cancelRebuild',
    tag: 'Views',
    summary: 'Give up a rebuild that is going on',
    success: {
      status: 200,
      description: 'How it ended; the live views are as they were.',
      schema: RebuildReply.nullable(),
    },
  },
  async (c) => {
    const ended = await cancelRebuilds(c.env, c.get('logger'));
    return c.json(ended && progressReply(ended));
  },
);

const rollBack = route(
  {
    method: 'post',
    path: '/v1/views/{view}/rollback',
    operationId: 'rollBackView',
    tag: 'Views',
    summary: 'Go back to what was live before the last switch',
    description:
      'Brings it level from the logs first, so it can only be done while that is possible. Repeat while it answers 202.',
    params: ViewParams,
    success: {
      status: 200,
      description: 'It has come to its end; `status` says to which.',
      unfinished: 'There is more to do: send the request again.',
      schema: RebuildReply,
    },
    problems: ['rebuild_in_progress', 'nothing_kept'],
  },
  (c, { params: { view } }) => runRebuild(c, 'revert', [view]),
);

export const views: readonly Route[] = [getViews, rebuild, cancel, rollBack];

async function runRebuild(
  c: Context<HttpEnv>,
  kind: RebuildKind,
  wanted: readonly ViewName[] | undefined,
): Promise<Response> {
  const run = await rebuildViews(c.env, c.get('logger'), { kind, views: wanted }).catch(unavailable);
  if (!run.ok) throw new ProblemError({ code: run.code, detail: run.detail });
  return c.json(progressReply(run.progress), run.progress.status === 'BUILDING' ? 202 : 200);
}

/** An owner or a database that does not answer holds up the rebuild: the same request goes on from where it stands. */
function unavailable(error: unknown): never {
  if (error instanceof Retryable) throw new ProblemError({ code: 'unavailable', detail: error.message });
  throw error;
}

/** A request without a body means all views. */
async function optionalBody(c: Context<HttpEnv>): Promise<z.output<typeof RebuildBody>> {
  if (c.req.raw.body === null || c.req.header('Content-Length') === '0') return {};
  return parseBody(c, RebuildBody);
}

function progressReply({ startedAt, endedAt, ...progress }: RebuildProgress) {
  return {
    ...progress,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
  };
}
