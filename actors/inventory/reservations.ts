/** The reservations of one product: the live ones, and a memory of the last that ended. */
import type { Refusal } from '../../schemas/envelope.ts';
import type { InventoryRefusal } from '../../schemas/inventory.ts';

/** Units promised to somebody. */
export interface Reservation {
  /** What is left of it, in whole units. */
  quantity: string;
  /** Milliseconds since 1970; null where it does not expire. */
  dueAt: number | null;
}

/** How a reservation ended. */
export type Ending = 'released' | 'barred' | 'expired' | 'committed';

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
 * Ended reservations that are remembered, so that whoever comes too late is told what happened, and is kept out. That is for
 * as long as a command may be under way, a minute, of a product that is in great demand; what comes later still is ended by
 * its own expiry.
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

/** Ends a live reservation. */
export function end(reservations: Reservations, reservationId: string, ending: Ending): void {
  delete reservations.live[keyOf(reservationId)];
  reservations.liveCount--;
  remember(reservations, reservationId, ending);
}

/** Remembers how a reservation ended. */
export function remember({ ended }: Reservations, reservationId: string, ending: Ending): void {
  ended.push({ reservationId, ending });
  if (ended.length > ENDED_REMEMBERED) ended.shift();
}

/** How a reservation ended, as far as that is remembered. */
export function endingOf({ ended }: Readonly<Reservations>, reservationId: string): Ending | undefined {
  return ended.find((one) => one.reservationId === reservationId)?.ending;
}

/** Why there is no live reservation of an id. */
export function goneRefusal(reservationId: string, ending: Ending | undefined): Refusal<InventoryRefusal> {
  switch (ending) {
    case 'expired':
      return { code: 'reservation_expired', detail: `The reservation ${reservationId} has expired.` };
    case 'released':
      return { code: 'reservation_ended', detail: `The reservation ${reservationId} was released.` };
    case 'barred':
      return { code: 'reservation_ended', detail: `The reservation ${reservationId} was barred.` };
    case 'committed':
      return { code: 'reservation_ended', detail: `The goods of ${reservationId} have left.` };
    case undefined:
      return { code: 'reservation_not_found', detail: `There is no reservation ${reservationId}.` };
  }
}
