/**
 * The stock of one product: what is there, and what of it is promised. Quantities are whole units in decimal strings.
 *
 * onHand = received + adjusted − committed, available = onHand − reserved, and neither ever falls below 0.
 */
import { z } from 'zod';
import { AggregateId, DecimalText, Remark, Time, WholeChange, WholeQuantity } from './scalars.ts';

/** Live reservations of one product: they stand in its snapshot, which holds 1.9 MB. */
export const RESERVATIONS_MAX = 10_000;

/** Made by whoever reserves, from the id of the order and the line it is for. Names one reservation for good. */
const ReservationId = AggregateId;

// ---- commands: type → data ----

/** Takes goods in. */
export const ReceiveStock = z.strictObject({ quantity: WholeQuantity, reference: Remark.optional() });
/** Corrects the count after looking, up or down. */
export const AdjustStock = z.strictObject({ quantity: WholeChange, reason: Remark });
/** Promises units to somebody, until `expiresAt` if that is given. */
export const ReserveStock = z.strictObject({
  reservationId: ReservationId,
  quantity: WholeQuantity,
  expiresAt: Time.optional(),
});
/**
 * Gives up what is left of a reservation. One that was never made is barred: whoever undoes what may or may not have arrived
 * must not be overtaken by it.
 */
export const ReleaseReservation = z.strictObject({ reservationId: ReservationId, reason: Remark.optional() });
/**
 * Reserved goods leave: so many of them, or all that is left of the reservation. Where it has expired they have left all the
 * same: they come out of what is promised to nobody.
 */
export const CommitReservation = z.strictObject({
  reservationId: ReservationId,
  quantity: WholeQuantity.optional(),
});

/** Commands that clients may send, by type, with what the catalogue says of them. */
export const inventoryCommands = {
  ReceiveStock: ReceiveStock.meta({ description: 'Takes goods in.' }),
  AdjustStock: AdjustStock.meta({
    description: 'Corrects the count, up or down, never below what is reserved.',
  }),
  ReserveStock: ReserveStock.meta({ description: 'Promises units, until a time if one is given.' }),
  ReleaseReservation: ReleaseReservation.meta({
    description:
      'Gives up what is left of a reservation. One that was never made is barred: whatever asks for it later is refused.',
  }),
  CommitReservation: CommitReservation.meta({
    description:
      'Reserved goods leave: so many, or all that is left of the reservation. Of one that has expired they come out of what is available.',
  }),
} as const;

/**
 * So many units have left for whoever made the reservation, whatever has become of it: what it does not hold any more comes out
 * of what is promised to nobody.
 */
const IssueStock = z.strictObject({ reservationId: ReservationId, quantity: WholeQuantity });

/** Commands that the platform alone sends: what they say was done elsewhere. */
export const inventoryRecords = { IssueStock } as const;

/** The inventory's timer: a reservation's time is up. */
export interface ExpireReservation {
  readonly type: 'ExpireReservation';
  readonly data: { readonly reservationId: string };
}

type Commands = typeof inventoryCommands & typeof inventoryRecords;

/** A command as the decider takes it. */
export type InventoryCommand =
  | {
      [Type in keyof Commands]: { readonly type: Type; readonly data: z.infer<Commands[Type]> };
    }[keyof Commands]
  | ExpireReservation;

// ---- events: type → data of the newest schema version ----

/** What is there after the event, so that a view needs no sum. */
const Level = {
  onHand: DecimalText.meta({ description: 'Units that are there after the event.' }),
  reserved: DecimalText.meta({ description: 'Units of them that are promised.' }),
  available: DecimalText.meta({ description: 'Units that may still be promised: onHand − reserved.' }),
};

const StockReceived = z.strictObject({
  quantity: WholeQuantity,
  reference: Remark.nullable(),
  ...Level,
});
const StockAdjusted = z.strictObject({ quantity: WholeChange, reason: Remark, ...Level });
const StockReserved = z.strictObject({
  reservationId: ReservationId,
  quantity: WholeQuantity,
  expiresAt: Time.nullable(),
  ...Level,
});
const ReservationReleased = z.strictObject({
  reservationId: ReservationId,
  quantity: WholeQuantity.meta({ description: 'Units that were given up.' }),
  reason: Remark.nullable(),
  ...Level,
});
const ReservationBarred = z.strictObject({
  reservationId: ReservationId,
  reason: Remark.nullable(),
  ...Level,
});
const ReservationExpired = z.strictObject({
  reservationId: ReservationId,
  quantity: WholeQuantity.meta({ description: 'Units that were given up.' }),
  ...Level,
});
const ReservationCommitted = z.strictObject({
  reservationId: ReservationId,
  quantity: WholeQuantity.meta({ description: 'Units that have left.' }),
  remaining: DecimalText.meta({ description: 'Units that the reservation still holds; at 0 it has ended.' }),
  ...Level,
});

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const inventoryEvents = {
  StockReceived: StockReceived.meta({ description: 'Goods came in.' }),
  StockAdjusted: StockAdjusted.meta({ description: 'The count was corrected.' }),
  StockReserved: StockReserved.meta({ description: 'Units are promised to somebody.' }),
  ReservationReleased: ReservationReleased.meta({ description: 'A reservation was given up.' }),
  ReservationBarred: ReservationBarred.meta({
    description: 'A reservation that was never made cannot be made any more.',
  }),
  ReservationExpired: ReservationExpired.meta({ description: "A reservation's time was up." }),
  ReservationCommitted: ReservationCommitted.meta({
    description: 'Goods have left: those that were reserved, and late ones out of what was available.',
  }),
} as const;

/** An event as the decider folds it. */
export type InventoryEvent = {
  [Type in keyof typeof inventoryEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof inventoryEvents)[Type]>;
  };
}[keyof typeof inventoryEvents];

/** Refusals in the order in which they are checked. */
export const INVENTORY_REFUSALS = [
  'inventory_not_found',
  'reservation_already_made',
  'reservation_ended',
  'reservation_expired',
  'reservation_not_found',
  'too_many_reservations',
  'insufficient_reservation',
  'insufficient_stock',
  'quantity_out_of_range',
] as const;
export type InventoryRefusal = (typeof INVENTORY_REFUSALS)[number];
