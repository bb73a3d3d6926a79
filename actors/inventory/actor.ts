/** The stock of a product as a Durable Object: one object a product, named by the product's id. */
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type InventoryState, inventoryDecider } from './decider.ts';

export class InventoryActor extends EventSourcedActor<InventoryState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, inventoryDecider);
  }
}
