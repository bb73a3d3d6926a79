/** The account as a Durable Object: one object an account, named by its id. */
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type AccountState, accountDecider } from './decider.ts';

export class AccountActor extends EventSourcedActor<AccountState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, accountDecider);
  }
}
