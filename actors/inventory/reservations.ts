/** The reservations of one product: the live ones, and a memory of the last that ended. */
import { formatDecimal, parseDecimal, subtract, ZERO } from '../../schemas/decimal.ts';
import type { Refusal } from '../../schemas/envelope.ts';
import type { InventoryRefusal } from '../../schemas/inventory.ts';
import { Deadlines } from '../kernel/deadlines.ts';

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
  /** Of one that expired: the units that it held and that have not left since. */
  readonly quantity?: string;
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

const deadlines = new Deadlines<Reservation>(({ dueAt }) => dueAt);

/** Ids of the live reservations that expire, the next one first, and when, in milliseconds since 1970. */
export function* expiring({ live }: Readonly<Reservations>): Iterable<[string, number]> {
  for (const { key, dueAt } of deadlines.earliestFirst(live)) yield [key.slice(1), dueAt];
}

/** Makes a reservation. */
export function begin(reservations: Reservations, reservationId: string, reservation: Reservation): void {
  deadlines.put(reservations.live, keyOf(reservationId), reservation);
  reservations.liveCount++;
}

/** Units have left: so many stay in the reservation, and with none it has ended. One that expired before held none. */
export function shrink(
  reservations: Reservations,
  { reservationId, quantity, remaining }: { reservationId: string; quantity: string; remaining: string },
): void {
  const reservation = liveReservation(reservations, reservationId);
  if (reservation === undefined) leaveLate(reservations, reservationId, quantity);
  else if (remaining === '0') end(reservations, reservationId, 'committed');
  else reservation.quantity = remaining;
}

/** Units leave though their reservation has ended: what it held by then may leave once. */
function leaveLate(reservations: Reservations, reservationId: string, quantity: string): void {
  const { ended } = reservations;
  const held = expiredUnits(reservations, reservationId);
  const left = held === undefined ? ZERO : subtract(parseDecimal(held), parseDecimal(quantity));
  const index = ended.findIndex((one) => one.reservationId === reservationId);
  if (index >= 0) ended.splice(index, 1);
  if (left > ZERO)
    remember(reservations, { reservationId, ending: 'expired', quantity: formatDecimal(left) });
  else remember(reservations, { reservationId, ending: 'committed' });
}

/** Ends a live reservation. */
export function end(reservations: Reservations, reservationId: string, ending: Ending): void {
  const reservation = deadlines.remove(reservations.live, keyOf(reservationId));
  reservations.liveCount--;
  const quantity = ending === 'expired' ? reservation?.quantity : undefined;
  remember(reservations, { reservationId, ending, ...(quantity === undefined ? {} : { quantity }) });
}

/** Remembers how a reservation ended. */
export function remember({ ended }: Reservations, reservation: EndedReservation): void {
  ended.push(reservation);
  if (ended.length > ENDED_REMEMBERED) ended.shift();
}

/** How a reservation ended, as far as that is remembered. */
export function endingOf({ ended }: Readonly<Reservations>, reservationId: string): Ending | undefined {
  return ended.find((one) => one.reservationId === reservationId)?.ending;
}

/** The units of a reservation that expired, as far as they have not left since; undefined of any other. */
export function expiredUnits({ ended }: Readonly<Reservations>, reservationId: string): string | undefined {
  return ended.find((one) => one.reservationId === reservationId)?.quantity;
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
