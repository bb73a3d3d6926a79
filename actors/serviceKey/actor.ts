/** The service's key as a Durable Object: one object a key, named by its id. */
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type ServiceKeyState, serviceKeyDecider } from './decider.ts';

export class ServiceKeyActor extends EventSourcedActor<ServiceKeyState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, serviceKeyDecider);
  }
}
