/** The Worker's entry points: requests, queue batches, cron ticks, and the actor classes. */
import type { Env } from './env.ts';
import { app } from './http/app.ts';
import { handleQueue } from './queue.ts';
import { handleScheduled } from './scheduled.ts';

export * from '../actors/index.ts';
export { StreamHubActor } from './streams/actor.ts';

export default {
  fetch: app.fetch,
  queue: (batch, env) => handleQueue(batch, env),
  // Locally whoever finds the port of the crons says what time it is: terms of the archive end by the clock alone.
  scheduled: ({ scheduledTime }, env) => handleScheduled(env, Math.min(scheduledTime, Date.now())),
} satisfies ExportedHandler<Env>;
