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
  scheduled: ({ scheduledTime }, env) => handleScheduled(env, scheduledTime),
} satisfies ExportedHandler<Env>;
