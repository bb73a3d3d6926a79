/** The day's log of refused access as a Durable Object, named by the day. */
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type AccessLogState, accessLogDecider } from './decider.ts';

export class AccessLogActor extends EventSourcedActor<AccessLogState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, accessLogDecider);
  }
}
