/** The order as a Durable Object: one object an order, named by its id. It tells its shipments what becomes of them. */
import type { CommandContext, CommandTarget } from '../../schemas/envelope.ts';
import { placeOf } from '../../schemas/location.ts';
import type { ActorEnv } from '../env.ts';
import type { OutcomeCommand } from '../kernel/actorDeps.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type OrderState, orderDecider } from './decider.ts';
import { orderPersonal } from './personal.ts';
import type { ShipmentErrand } from './shipments.ts';

export class OrderActor extends EventSourcedActor<OrderState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(
      ctx,
      env,
      orderDecider,
      ({ request }, context) => tellShipment(env, request as ShipmentErrand, context),
      {
        personal: {
          ...orderPersonal,
          seal: (subject, ...values) => env.SUBJECTS.getByName(subject, placeOf(env)).seal(...values),
        },
      },
    );
  }
}

/** Nobody else sends commands to a shipment, so a refusal is a bug: it is thrown, and the errand stays wanted. */
async function tellShipment(
  env: ActorEnv,
  { shipmentId, status, commands }: ShipmentErrand,
  context: CommandContext,
): Promise<OutcomeCommand> {
  const shipment: CommandTarget = env.SHIPMENTS.getByName(shipmentId, placeOf(env));
  for (const outcome of await shipment.execute(commands, context)) {
    if (outcome.status === 'refused')
      throw new Error(`shipment ${shipmentId} refused what its order says: ${outcome.code}`);
  }
  return { type: 'RecordShipment', data: { shipmentId, status } };
}
