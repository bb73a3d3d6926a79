/** The reservations of one product: the live ones, and a memory of the last that ended. */
import type { InventoryRefusal } from '../../schemas/inventory.ts';

/** Units promised to somebody. */
export interface Reservation {
  /** What is left of it, in whole units. */
  quantity: string;
  /** Milliseconds since 1970; null where it does not expire. */
  dueAt: number | null;
}

/** How a reservation ended. */
export type Ending = 'released' | 'expired' | 'committed';

/** A reservation that ended. */
export interface EndedReservation {
  readonly reservationId: string;
  readonly ending: Ending;
}

/** The reservations of a product. */
export interface Reservations {
  live: Record<string, Reservation>;
  /** Counted, since counting keys takes as long as reading them. */
  liveCount: number;
  /** The last ones that ended, oldest first. */
  ended: EndedReservation[];
}

/**
 * Ended reservations that are remembered, so that whoever comes too late is told what happened. Of older ones nothing is
 * known any more, which is a refusal as well.
 */
export const ENDED_REMEMBERED = 1_000;

/** Where a reservation stands in the record: ids may read `__proto__` or `17`, which records have ideas of their own about. */
function keyOf(reservationId: string): string {
  return `#${reservationId}`;
}

/** The live reservation of an id. */
export function liveReservation({ live }: Readonly<Reservations>, reservationId: string) {
  return live[keyOf(reservationId)];
}

/** Ids and reservations of all that live. */
export function* liveReservations({ live }: Readonly<Reservations>): Iterable<[string, Reservation]> {
  for (const key in live) yield [key.slice(1), live[key] as Reservation];
}

/** Makes a reservation. */
export function begin(reservations: Reservations, reservationId: string, reservation: Reservation): void {
  reservations.live[keyOf(reservationId)] = reservation;
  reservations.liveCount++;
}

/** Leaves so many units in a reservation; with none it has ended. */
export function shrink(reservations: Reservations, reservationId: string, remaining: string): void {
  const reservation = liveReservation(reservations, reservationId);
  if (reservation === undefined) throw new Error(`no live reservation ${reservationId}`);
  if (remaining === '0') end(reservations, reservationId, 'committed');
  else reservation.quantity = remaining;
}

/** Ends a reservation. */
export function end(reservations: Reservations, reservationId: string, ending: Ending): void {
  delete reservations.live[keyOf(reservationId)];
  reservations.liveCount--;
  reservations.ended.push({ reservationId, ending });
  if (reservations.ended.length > ENDED_REMEMBERED) reservations.ended.shift();
}

/** Why there is no live reservation of an id. */
export function goneRefusal(
  { ended }: Readonly<Reservations>,
  reservationId: string,
): { code: InventoryRefusal; detail: string } {
  switch (ended.find((one) => one.reservationId === reservationId)?.ending) {
    case 'expired':
      return { code: 'reservation_expired', detail: `The reservation ${reservationId} has expired.` };
    case 'released':
      return { code: 'reservation_ended', detail: `The reservation ${reservationId} was released.` };
    case 'committed':
      return { code: 'reservation_ended', detail: `The goods of ${reservationId} have left.` };
    case undefined:
      return { code: 'reservation_not_found', detail: `There is no reservation ${reservationId}.` };
  }
}
