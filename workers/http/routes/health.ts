/** Liveness and readiness. */
import { Hono } from 'hono';
import { directoryName } from '../../../schemas/partition.ts';
import { viewDatabases } from '../../env.ts';
import type { HttpEnv } from '../context.ts';
import { ProblemError } from '../problem.ts';

export const health = new Hono<HttpEnv>();

health.get('/healthz', (c) => c.json({ status: 'ok' }));

/** Ready once every binding that a command or a read needs has answered. */
health.get('/readyz', async (c) => {
  try {
    await Promise.all([
      ...viewDatabases(c.env).map((database) => database.prepare('SELECT count(*) FROM views').first()),
      c.env.DIRECTORY.getByName(directoryName(0)).sweepCursor(),
    ]);
  } catch {
    throw new ProblemError({ status: 503, code: 'not_ready', detail: 'A binding does not answer yet.' });
  }
  return c.json({ status: 'ready' });
});
