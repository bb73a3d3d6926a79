/**
 * The rules of one product's stock. Units are there (`onHand`) and promised (`reserved`), and no promise is made of units
 * that are not there: every accepted event leaves 0 ≤ reserved ≤ onHand.
 */
import {
  add,
  formatDecimal,
  INTEGER_DIGITS_MAX,
  negate,
  parseDecimal,
  type Scaled,
  subtract,
  ZERO,
} from '../../schemas/decimal.ts';
import {
  type InventoryCommand,
  type InventoryEvent,
  type InventoryRefusal,
  RESERVATIONS_MAX,
} from '../../schemas/inventory.ts';
import { millisecondsOf } from '../../schemas/time.ts';
import type { Decider, Decision, Timed, Timer } from '../kernel/decider.ts';
import {
  begin,
  type Ending,
  end,
  endingOf,
  expiredUnits,
  expiring,
  goneRefusal,
  liveReservation,
  type Reservations,
  remember,
  shrink,
} from './reservations.ts';

/** The stock as its events tell it. Quantities are whole units in decimal strings. */
export interface InventoryState extends Reservations {
  /** Whether any were ever received. */
  stocked: boolean;
  onHand: string;
  reserved: string;
}

type InventoryDecision = Decision<InventoryEvent, InventoryRefusal>;
type Data<Type extends InventoryCommand['type']> = Extract<InventoryCommand, { type: Type }>['data'];

/** Units on hand stay below this: what a quantity may say. */
const UNITS_MAX = parseDecimal(`1${'0'.repeat(INTEGER_DIGITS_MAX)}`);

function initial(): InventoryState {
  return { stocked: false, onHand: '0', reserved: '0', liveCount: 0, live: {}, ended: [] };
}

function refuse(code: InventoryRefusal, detail: string): InventoryDecision {
  return { accepted: false, refusal: { code, detail } };
}

function accept(event: InventoryEvent): InventoryDecision {
  return { accepted: true, events: [event] };
}

function gone(reservationId: string, ending: Ending | undefined): InventoryDecision {
  return { accepted: false, refusal: goneRefusal(reservationId, ending) };
}

/** The figures that an event leaves, from what it adds to each. */
function levelAfter({ onHand, reserved }: Readonly<InventoryState>, arriving: Scaled, promising: Scaled) {
  const there = add(parseDecimal(onHand), arriving);
  const promised = add(parseDecimal(reserved), promising);
  return {
    onHand: formatDecimal(there),
    reserved: formatDecimal(promised),
    available: formatDecimal(subtract(there, promised)),
  };
}

function availableOf({ onHand, reserved }: Readonly<InventoryState>): Scaled {
  return subtract(parseDecimal(onHand), parseDecimal(reserved));
}

function decide(command: Timed<InventoryCommand>, state: Readonly<InventoryState>): InventoryDecision {
  if (command.type === 'ReceiveStock') return receive(command.data, state);
  if (!state.stocked) return refuse('inventory_not_found', 'Nothing of this product was ever received.');
  switch (command.type) {
    case 'AdjustStock':
      return adjust(command.data, state);
    case 'ReserveStock':
      return reserve(command.data, command.at, state);
    case 'ReleaseReservation':
      return release(command.data, state);
    case 'CommitReservation':
      return commit(command.data, state);
    case 'IssueStock':
      return leave(command.data, state);
    case 'ExpireReservation':
      return expire(command.data, state);
  }
}

function receive(data: Data<'ReceiveStock'>, state: Readonly<InventoryState>): InventoryDecision {
  const { quantity, reference = null } = data;
  const units = parseDecimal(quantity);
  if (add(parseDecimal(state.onHand), units) >= UNITS_MAX) return outOfRange();
  return accept({ type: 'StockReceived', data: { quantity, reference, ...levelAfter(state, units, ZERO) } });
}

function adjust(data: Data<'AdjustStock'>, state: Readonly<InventoryState>): InventoryDecision {
  const { quantity, reason } = data;
  const units = parseDecimal(quantity);
  if (add(availableOf(state), units) < ZERO) {
    const available = formatDecimal(availableOf(state));
    return refuse(
      'insufficient_stock',
      `Of ${state.onHand} on hand ${available} are not promised to anybody; the correction is ${quantity}.`,
    );
  }
  if (add(parseDecimal(state.onHand), units) >= UNITS_MAX) return outOfRange();
  return accept({ type: 'StockAdjusted', data: { quantity, reason, ...levelAfter(state, units, ZERO) } });
}

function outOfRange(): InventoryDecision {
  return refuse('quantity_out_of_range', `A stock has at most ${INTEGER_DIGITS_MAX} digits.`);
}

function reserve(data: Data<'ReserveStock'>, at: string, state: Readonly<InventoryState>): InventoryDecision {
  const { reservationId, quantity, expiresAt = null } = data;
  // Its id names one reservation for good; the kernel recognises a repeat before this is asked.
  if (liveReservation(state, reservationId) !== undefined)
    return refuse('reservation_already_made', `The reservation ${reservationId} has been made.`);
  const ending = endingOf(state, reservationId);
  if (ending !== undefined) return gone(reservationId, ending);
  if (expiresAt !== null && expiresAt <= at)
    return refuse('reservation_expired', `The reservation would have expired at ${expiresAt}.`);
  if (state.liveCount >= RESERVATIONS_MAX)
    return refuse('too_many_reservations', `A product has at most ${RESERVATIONS_MAX} live reservations.`);
  const units = parseDecimal(quantity);
  if (units > availableOf(state)) {
    const available = formatDecimal(availableOf(state));
    return refuse('insufficient_stock', `Available are ${available}, the reservation needs ${quantity}.`);
  }
  return accept({
    type: 'StockReserved',
    data: { reservationId, quantity, expiresAt, ...levelAfter(state, ZERO, units) },
  });
}

function release(data: Data<'ReleaseReservation'>, state: Readonly<InventoryState>): InventoryDecision {
  const { reservationId, reason = null } = data;
  const reservation = liveReservation(state, reservationId);
  if (reservation === undefined) {
    const ending = endingOf(state, reservationId);
    if (ending !== undefined) return gone(reservationId, ending);
    const level = levelAfter(state, ZERO, ZERO);
    return accept({ type: 'ReservationBarred', data: { reservationId, reason, ...level } });
  }
  const { quantity } = reservation;
  const level = levelAfter(state, ZERO, negate(parseDecimal(quantity)));
  return accept({ type: 'ReservationReleased', data: { reservationId, quantity, reason, ...level } });
}

function commit(data: Data<'CommitReservation'>, state: Readonly<InventoryState>): InventoryDecision {
  const { reservationId } = data;
  const held = liveReservation(state, reservationId)?.quantity ?? expiredUnits(state, reservationId);
  if (held === undefined) return gone(reservationId, endingOf(state, reservationId));
  const { quantity = held } = data;
  if (parseDecimal(quantity) > parseDecimal(held)) {
    return refuse(
      'insufficient_reservation',
      `The reservation ${reservationId} holds ${held}, not ${quantity}.`,
    );
  }
  return leave({ reservationId, quantity }, state);
}

/** Goods leave. What their reservation does not hold any more comes out of what is promised to nobody. */
function leave(
  { reservationId, quantity }: Data<'IssueStock'>,
  state: Readonly<InventoryState>,
): InventoryDecision {
  const units = parseDecimal(quantity);
  const held = parseDecimal(liveReservation(state, reservationId)?.quantity ?? '0');
  const unpromised = units > held ? subtract(units, held) : ZERO;
  const promised = subtract(units, unpromised);
  if (unpromised > availableOf(state)) {
    return refuse(
      'insufficient_stock',
      `${formatDecimal(unpromised)} of ${quantity} units are not reserved any more, and ${formatDecimal(availableOf(state))} are available.`,
    );
  }
  return accept({
    type: 'ReservationCommitted',
    data: {
      reservationId,
      quantity,
      remaining: formatDecimal(subtract(held, promised)),
      ...levelAfter(state, negate(units), negate(promised)),
    },
  });
}

function expire(data: Data<'ExpireReservation'>, state: Readonly<InventoryState>): InventoryDecision {
  const { reservationId } = data;
  const reservation = liveReservation(state, reservationId);
  if (reservation === undefined) return gone(reservationId, endingOf(state, reservationId));
  const { quantity } = reservation;
  const level = levelAfter(state, ZERO, negate(parseDecimal(quantity)));
  return accept({ type: 'ReservationExpired', data: { reservationId, quantity, ...level } });
}

function evolve(state: InventoryState, event: InventoryEvent): InventoryState {
  state.stocked = true;
  state.onHand = event.data.onHand;
  state.reserved = event.data.reserved;
  switch (event.type) {
    case 'StockReceived':
    case 'StockAdjusted':
      return state;
    case 'StockReserved': {
      const { reservationId, quantity, expiresAt } = event.data;
      begin(state, reservationId, { quantity, dueAt: expiresAt === null ? null : millisecondsOf(expiresAt) });
      return state;
    }
    case 'ReservationReleased':
      end(state, event.data.reservationId, 'released');
      return state;
    case 'ReservationBarred':
      remember(state, { reservationId: event.data.reservationId, ending: 'barred' });
      return state;
    case 'ReservationExpired':
      end(state, event.data.reservationId, 'expired');
      return state;
    case 'ReservationCommitted':
      shrink(state, event.data);
      return state;
  }
}

function* timers(state: Readonly<InventoryState>): Iterable<Timer<InventoryCommand>> {
  for (const [reservationId, dueAt] of expiring(state)) {
    yield {
      timer: `expire ${reservationId}`,
      dueAt,
      command: { type: 'ExpireReservation', data: { reservationId } },
    };
  }
}

/** The rules of a product's stock, as the kernel runs them. */
export const inventoryDecider: Decider<InventoryState, InventoryCommand, InventoryEvent, InventoryRefusal> = {
  aggregateType: 'inventory',
  stateVersion: 2,
  initial,
  decide,
  evolve,
  timers,
  resourceId: (command) => (command.type === 'ReserveStock' ? command.data.reservationId : undefined),
  resourceIdOfEvent: (event) => (event.type === 'StockReserved' ? event.data.reservationId : undefined),
};
