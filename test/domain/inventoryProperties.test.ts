/** Whatever is asked of a stock, in any order: nothing is promised twice, and every unit is accounted for. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InventoryState, inventoryDecider } from '../../actors/inventory/decider.ts';
import { type InventoryCommand, type InventoryEvent, inventoryEvents } from '../../schemas/inventory.ts';
import { RECEIVED_AT } from '../support/given.ts';
import { adjust, commit, expire, issue, receive, release, reserve } from '../support/inventory.ts';
import { holds } from '../support/property.ts';

const LATER = '2026-01-02T04:00:00.000Z';

const quantity = fc.integer({ min: 1, max: 40 }).map(String);
const id = fc.constantFrom('a', 'b', 'c', '__proto__', '7');
const some = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

const command: fc.Arbitrary<InventoryCommand> = fc.oneof(
  quantity.map((units) => receive(units)),
  fc
    .integer({ min: -30, max: 20 })
    .filter((units) => units !== 0)
    .map((units) => adjust(String(units))),
  fc
    .tuple(id, quantity, some(fc.constantFrom(LATER, RECEIVED_AT)))
    .map(([reservationId, units, expiresAt]) => reserve(reservationId, units, expiresAt)),
  id.map((reservationId) => release(reservationId)),
  fc.tuple(id, some(quantity)).map(([reservationId, units]) => commit(reservationId, units)),
  fc.tuple(id, quantity).map(([reservationId, units]) => issue(reservationId, units)),
  id.map((reservationId) => expire(reservationId)),
);
const history = fc.array(command, { maxLength: 60 });

/** Books of a test's own, in whole numbers. */
class Books {
  received = 0;
  adjusted = 0;
  committed = 0;
  readonly live = new Map<string, number>();
  readonly over = new Set<string>();
  /** What expired reservations held that has not left since. */
  readonly expired = new Map<string, number>();

  get onHand() {
    return this.received + this.adjusted - this.committed;
  }

  get reserved() {
    return [...this.live.values()].reduce((sum, units) => sum + units, 0);
  }

  get available() {
    return this.onHand - this.reserved;
  }

  /** What should become of a command; undefined: it is refused. */
  expects(sent: InventoryCommand): InventoryEvent['type'] | undefined {
    if (sent.type === 'ReceiveStock') return 'StockReceived';
    if (this.received === 0) return undefined;
    if (sent.type === 'AdjustStock')
      return this.available + Number(sent.data.quantity) >= 0 ? 'StockAdjusted' : undefined;
    const held = this.live.get(sent.data.reservationId);
    const isNew = held === undefined && !this.over.has(sent.data.reservationId);
    switch (sent.type) {
      case 'ReserveStock': {
        const inTime = sent.data.expiresAt !== RECEIVED_AT;
        return isNew && inTime && Number(sent.data.quantity) <= this.available ? 'StockReserved' : undefined;
      }
      case 'ReleaseReservation':
        if (isNew) return 'ReservationBarred';
        return held === undefined ? undefined : 'ReservationReleased';
      case 'ExpireReservation':
        return held === undefined ? undefined : 'ReservationExpired';
      case 'IssueStock':
        return Number(sent.data.quantity) - (held ?? 0) <= this.available
          ? 'ReservationCommitted'
          : undefined;
      case 'CommitReservation': {
        const most = held ?? this.expired.get(sent.data.reservationId) ?? 0;
        const units = Number(sent.data.quantity ?? most);
        const isThere = held !== undefined || units <= this.available;
        return units > 0 && units <= most && isThere ? 'ReservationCommitted' : undefined;
      }
    }
  }

  enter({ type, data }: InventoryEvent): void {
    if (type === 'StockReceived') this.received += Number(data.quantity);
    else if (type === 'StockAdjusted') this.adjusted += Number(data.quantity);
    else if (type === 'StockReserved') this.live.set(data.reservationId, Number(data.quantity));
    else if (type === 'ReservationCommitted') {
      this.committed += Number(data.quantity);
      const from = this.live.has(data.reservationId) ? this.live : this.expired;
      const left = (from.get(data.reservationId) ?? 0) - Number(data.quantity);
      if (left > 0) from.set(data.reservationId, left);
      else this.end(data.reservationId);
    } else {
      this.end(data.reservationId);
      if (type === 'ReservationExpired') this.expired.set(data.reservationId, Number(data.quantity));
    }
  }

  end(reservationId: string): void {
    this.live.delete(reservationId);
    this.expired.delete(reservationId);
    this.over.add(reservationId);
  }
}

/** Runs a history, each state through JSON as a snapshot would take it, and looks at every step. */
function walk(
  commands: readonly InventoryCommand[],
  look: (state: InventoryState, books: Books, event: InventoryEvent | undefined) => void,
): void {
  const books = new Books();
  let state = inventoryDecider.initial();
  for (const sent of commands) {
    const expected = books.expects(sent);
    const decision = inventoryDecider.decide({ ...sent, at: RECEIVED_AT }, state);
    const event = decision.accepted ? decision.events[0] : undefined;
    expect(event?.type, JSON.stringify([sent, decision])).toBe(expected);
    if (event !== undefined) {
      expect(decision.accepted && decision.events.length).toBe(1);
      books.enter(event);
      state = JSON.parse(JSON.stringify(inventoryDecider.evolve(state, structuredClone(event))));
    }
    look(state, books, event);
  }
}

describe('the stock of a product', () => {
  it('is what came in, corrected, less what left; promised is what live reservations hold, and never more', () => {
    holds(
      fc.property(history, (commands) => {
        walk(commands, ({ onHand, reserved }, books) => {
          expect([onHand, reserved]).toEqual([String(books.onHand), String(books.reserved)]);
          expect(books.reserved).toBeGreaterThanOrEqual(0);
          expect(books.available).toBeGreaterThanOrEqual(0);
        });
      }),
      { seed: 20260301, runs: 2_000 },
    );
  });

  it('says in every event what is there after it, as its schema has it', () => {
    holds(
      fc.property(history, (commands) => {
        walk(commands, (_state, books, event) => {
          if (event === undefined) return;
          const { onHand, reserved, available } = books;
          expect(event.data).toMatchObject({
            onHand: String(onHand),
            reserved: String(reserved),
            available: String(available),
          });
          expect(inventoryEvents[event.type].parse(event.data)).toEqual(event.data);
        });
      }),
      { seed: 20260302, runs: 500 },
    );
  });

  it('waits for the live reservations that expire, and for no other', () => {
    holds(
      fc.property(history, (commands) => {
        const expiring = new Set<string>();
        walk(commands, (state, { live }, event) => {
          if (event?.type === 'StockReserved' && event.data.expiresAt !== null)
            expiring.add(event.data.reservationId);
          const waiting = [...(inventoryDecider.timers?.(state) ?? [])];
          const due = waiting.map((timer) => (timer.command.data as { reservationId: string }).reservationId);
          expect(due.sort()).toEqual([...expiring].filter((reservationId) => live.has(reservationId)).sort());
          for (const { dueAt } of waiting) expect(dueAt).toBe(Date.parse(LATER));
        });
      }),
      { seed: 20260303, runs: 500 },
    );
  });
});
