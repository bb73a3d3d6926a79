/** What the reconciler has found, as a Durable Object. */
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type ReconciliationState, reconciliationDecider } from './decider.ts';

export class ReconciliationActor extends EventSourcedActor<ReconciliationState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, reconciliationDecider);
  }
}
