/** Liveness, readiness, and the API's description. */
import { masterKeys } from '../../../privacy/masterKeys.ts';
import { placeOf } from '../../../schemas/location.ts';
import { directoryName } from '../../../schemas/partition.ts';
import { archiveRemovalOf, jurisdictionOf } from '../../../schemas/retention.ts';
import { errorFields } from '../../../telemetry/logger.ts';
import { type Env, viewDatabases } from '../../env.ts';
import { inTime } from '../../inTime.ts';
import { gatewayOf } from '../gateway.ts';
import { openApiDocument } from '../openapi/document.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { HealthReply, ReadyReply } from '../replies.ts';

const getHealth = route(
  {
    method: 'get',
    path: '/healthz',
    operationId: 'getHealth',
    tag: 'Service',
    summary: 'Whether the service is alive',
    success: { status: 200, description: 'It is.', schema: HealthReply },
  },
  (c) => c.json({ status: 'ok' }),
);

/** Milliseconds in which a binding has to answer to be ready: probes wait a few seconds at most. */
const READY_MS_MAX = 2_000;

/** Needs the tables of the views, and of SQLite what projectors write their rows by, which it has since 3.51. */
const VIEWS_PROBE = "SELECT count(*) FROM views CROSS JOIN jsonb_each('[1]')";

/** An account that no client can have, for the space in its name: it is woken, and stays empty. */
const PROBED_ACCOUNT = 'readiness probe';

/** Anybody may ask, and each answer asks every binding: within so long of a good one it is good still. */
const READY_REMEMBERED_MS = 1_000;

/** When each set of bindings was ready last, milliseconds since 1970. */
const readyAt = new WeakMap<Env, number>();

/** Ready once every binding that a command or a read needs has answered, and the keys of personal data are there. */
const getReadiness = route(
  {
    method: 'get',
    path: '/readyz',
    operationId: 'getReadiness',
    tag: 'Service',
    summary: 'Whether every binding answers',
    success: { status: 200, description: 'They do.', schema: ReadyReply },
    problems: ['not_ready'],
  },
  async (c) => {
    const now = Date.now();
    if (now < (readyAt.get(c.env) ?? 0) + READY_REMEMBERED_MS) return c.json({ status: 'ready' });
    // Of what else is silent the name is told: a binding that it has something to do with may be so only for that.
    const [bindings, silent] = await Promise.all([failureOfBindings(c.env), silentBeside(c.env)]);
    if (bindings !== undefined || silent.length > 0) {
      c.get('logger').log('warn', 'not ready', {
        correlationId: c.get('correlationId'),
        ...(silent.length > 0 ? { silent: silent.join(', ') } : {}),
        ...(bindings === undefined ? {} : errorFields(bindings.error)),
      });
      const detail =
        silent.length > 0
          ? `No answer yet from ${silent.join(', ')}.`
          : 'A binding does not answer yet, or is missing.';
      throw new ProblemError({ code: 'not_ready', detail });
    }
    readyAt.set(c.env, now);
    return c.json({ status: 'ready' });
  },
);

/** Why a binding that a command or a read needs is not ready. */
async function failureOfBindings(env: Env): Promise<{ readonly error: unknown } | undefined> {
  try {
    gatewayOf(env).authenticator.requireConfiguration();
    masterKeys(env);
    archiveRemovalOf(env.ARCHIVE_REMOVAL);
    jurisdictionOf(env.JURISDICTION);
    const place = placeOf(env);
    await inTime(
      'every binding',
      Promise.all([
        ...viewDatabases(env).map((database) => database.prepare(VIEWS_PROBE).first()),
        env.DIRECTORY.getByName(directoryName(0), place).sweepCursor(),
        env.ACCOUNTS.getByName(PROBED_ACCOUNT, place).head(),
        env.VIEWS_QUEUE.metrics(),
      ]),
      READY_MS_MAX,
    );
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** Names of what has to answer beside the bindings and does not. */
async function silentBeside({ ALSO_READY = [] }: Env): Promise<string[]> {
  const answers = await Promise.allSettled(
    ALSO_READY.map(({ name, answer }) => inTime(name, answer(), READY_MS_MAX)),
  );
  return ALSO_READY.filter((_, index) => answers[index]?.status === 'rejected').map(({ name }) => name);
}

/** The description of all routes, itself included. Made on first demand: few isolates are ever asked. */
function openApiRoute(routes: () => readonly Route[]): Route {
  let text: string | undefined;
  return route(
    {
      method: 'get',
      path: '/openapi.json',
      operationId: 'getOpenApi',
      tag: 'Service',
      summary: 'This description',
      success: { status: 200, description: 'An OpenAPI 3.1 document.' },
    },
    (c) => {
      text ??= JSON.stringify(openApiDocument(routes()));
      return c.body(text, 200, { 'Content-Type': 'application/json' });
    },
  );
}

export function service(routes: () => readonly Route[]): readonly Route[] {
  return [getHealth, getReadiness, openApiRoute(routes)];
}
