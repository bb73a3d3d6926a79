/** The shipment as a Durable Object: one object a shipment, named by its id. */
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type ShipmentState, shipmentDecider } from './decider.ts';

export class ShipmentActor extends EventSourcedActor<ShipmentState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, shipmentDecider);
  }
}
