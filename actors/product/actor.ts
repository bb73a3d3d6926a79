/** The product as a Durable Object: one object a product, named by its id. */
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type ProductState, productDecider } from './decider.ts';

export class ProductActor extends EventSourcedActor<ProductState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, productDecider);
  }
}
