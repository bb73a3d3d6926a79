/** The shipment: goods of one order on their way with one carrier. Made from the order's own `OrderShipped`. */
import { z } from 'zod';
import { OrderPlaced, OrderShipped } from './order.ts';
import { Id, Text, UtcTime } from './scalars.ts';

const Line = Text(256);

/** `CREATED` waits for its carrier, `DISPATCHED` is on its way. */
export const ShipmentStatus = z.enum(['CREATED', 'DISPATCHED', 'DELIVERED']);
export type ShipmentStatus = z.infer<typeof ShipmentStatus>;

// ---- commands: type → data ----

/** What the order says of the shipment. */
export const CreateShipment = z.strictObject({
  orderId: Id,
  carrier: Line,
  trackingNumber: Line,
  shipTo: OrderPlaced.shape.shipTo,
  items: OrderShipped.shape.items,
});
/** The carrier has taken it. */
export const DispatchShipment = z.strictObject({});
/** It has arrived. */
export const DeliverShipment = z.strictObject({});

/** Commands by type. The order sends them: it is told what is shipped and delivered, and no client tells a shipment. */
export const shipmentRecords = { CreateShipment, DispatchShipment, DeliverShipment } as const;

type Commands = typeof shipmentRecords;

/** A command as the decider takes it. */
export type ShipmentCommand = {
  [Type in keyof Commands]: { readonly type: Type; readonly data: z.infer<Commands[Type]> };
}[keyof Commands];

// ---- events: type → data of the newest schema version ----

const ShipmentCreated = CreateShipment;
const ShipmentDispatched = z.strictObject({ dispatchedAt: UtcTime });
const ShipmentDelivered = z.strictObject({ deliveredAt: UtcTime });

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const shipmentEvents = {
  ShipmentCreated: ShipmentCreated.meta({
    description: 'Goods of an order are packed for a carrier. Version 1 had the address in the clear.',
  }),
  ShipmentDispatched: ShipmentDispatched.meta({ description: 'The carrier has taken the shipment.' }),
  ShipmentDelivered: ShipmentDelivered.meta({ description: 'The shipment has arrived.' }),
} as const;

/** An event as the decider folds it. */
export type ShipmentEvent = {
  [Type in keyof typeof shipmentEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof shipmentEvents)[Type]>;
  };
}[keyof typeof shipmentEvents];

/** Refusals in the order in which they are checked. */
export const SHIPMENT_REFUSALS = [
  'shipment_already_created',
  'shipment_not_found',
  'shipment_already_delivered',
  'shipment_already_dispatched',
] as const;
export type ShipmentRefusal = (typeof SHIPMENT_REFUSALS)[number];
