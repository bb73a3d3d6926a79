/** Whatever is ordered and however it is shipped: the total is exact, and every unit leaves once. */
import { Decimal } from 'decimal.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OrderState, orderDecider } from '../../actors/order/decider.ts';
import { shipmentEffects } from '../../actors/order/shipments.ts';
import { minorUnit } from '../../schemas/currency.ts';
import { type OrderCommand, orderEvents } from '../../schemas/order.ts';
import { RECEIVED_AT } from '../support/given.ts';
import {
  cancel,
  confirm,
  confirmed,
  deliver,
  item,
  place,
  placed,
  recordShipment,
  ship,
  stateAfter,
} from '../support/order.ts';
import { holds } from '../support/property.ts';

const Exact = Decimal.clone({ precision: 80, toExpNeg: -40, toExpPos: 40 });

const quantity = fc.bigInt({ min: 1n, max: 999_999_999_999_999n }).map(String);
const price = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 23n - 1n }), fc.integer({ min: 0, max: 8 }))
  .map(([digits, decimals]) => new Exact(digits.toString()).div(10 ** decimals))
  .filter((value) => value.lt('1e15'))
  .map((value) => value.toFixed());
const currency = fc.constantFrom('GBP', 'USD', 'JPY', 'KWD');

describe('the total of an order', () => {
  it('is the exact sum of quantity × price, in whole minor units, or the order is refused', () => {
    const prices = fc.oneof(price, fc.constantFrom('0', '0.01', '2.55', '0.005', '19.99', '999999999999999'));
    const quantities = fc.oneof(quantity, fc.integer({ min: 1, max: 80_995 }).map(String));
    const items = fc.array(fc.tuple(quantities, prices), { minLength: 1, maxLength: 12 });
    const seen = { placed: 0, precision: 0, range: 0, nothing: 0 };
    holds(
      fc.property(items, currency, (lines, code) => {
        const total = lines.reduce((sum, [units, each]) => sum.add(new Exact(units).mul(each)), new Exact(0));
        const command = place({
          currency: code,
          items: lines.map(([units, each], index) => item(`p-${index}`, units, each)),
        });
        const decision = orderDecider.decide({ ...command, at: RECEIVED_AT }, orderDecider.initial());
        if (decision.accepted) {
          const [event] = decision.events;
          if (event.type !== 'OrderPlaced') throw new Error(event.type);
          expect(event.data.total).toBe(total.toFixed());
          expect(orderEvents.OrderPlaced.parse(event.data)).toEqual(event.data);
          event.data.items.forEach(({ amount, line }, index) => {
            const [units, each] = lines[index] as [string, string];
            expect([line, amount]).toEqual([index + 1, new Exact(units).mul(each).toFixed()]);
          });
          seen.placed++;
          return;
        }
        const { code: refusal } = decision.refusal;
        if (total.decimalPlaces() > minorUnit(code)) {
          expect(refusal).toBe('amount_precision');
          seen.precision++;
        } else if (total.gte('1e15')) {
          expect(refusal).toBe('amount_out_of_range');
          seen.range++;
        } else {
          expect([refusal, total.toFixed()]).toEqual(['nothing_to_pay', '0']);
          seen.nothing++;
        }
      }),
      { seed: 20260311, runs: 3_000 },
    );
    for (const [outcome, times] of Object.entries(seen)) expect(times, outcome).toBeGreaterThan(10);
  });
});

describe('the units of an order', () => {
  const ORDERED = [5, 3, 1];
  const items = ORDERED.map((units, index) => item(`p-${index}`, String(units), '1'));
  const lines = items.map((each, index) => ({ ...each, line: index + 1, amount: each.quantity }));
  const beginning = [placed({ items: lines, total: '9' }), confirmed];

  const asked = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }).map(String)),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  const shipment = fc.constantFrom('o-1-1', 'o-1-2', 'o-1-9');
  const command: fc.Arbitrary<OrderCommand> = fc.oneof(
    { weight: 6, arbitrary: asked.map((list) => ship(list as [number, string][])) },
    { weight: 1, arbitrary: fc.constant(ship()) },
    { weight: 1, arbitrary: fc.constantFrom(deliver, cancel(), confirm) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(shipment, fc.constantFrom('DISPATCHED' as const, 'DELIVERED' as const))
        .map((recorded) => recordShipment(...recorded)),
    },
  );

  function walk(commands: readonly OrderCommand[], look: (state: OrderState) => void): void {
    let state = stateAfter(beginning);
    for (const sent of commands) {
      const decision = orderDecider.decide({ ...sent, at: RECEIVED_AT }, state);
      if (!decision.accepted) continue;
      for (const event of decision.events) {
        expect(orderEvents[event.type].parse(event.data)).toEqual(event.data);
        state = JSON.parse(JSON.stringify(orderDecider.evolve(state, structuredClone(event))));
      }
      look(state);
    }
  }

  it('leave once, with one shipment, and the order is shipped with the last of them', () => {
    holds(
      fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
        walk(commands, ({ items: now, shipments, status }) => {
          const left = now.map((each, index) => (ORDERED[index] as number) - Number(each.shipped));
          expect(Math.min(...left)).toBeGreaterThanOrEqual(0);
          const sent = ORDERED.map((_, index) =>
            shipments
              .flatMap((each) => each.items)
              .filter(({ line }) => line === index + 1)
              .reduce((sum, each) => sum + Number(each.quantity), 0),
          );
          expect(sent).toEqual(now.map((each) => Number(each.shipped)));
          const isGone = left.every((units) => units === 0);
          if (status === 'CANCELLED') expect(shipments).toEqual([]);
          else expect(['SHIPPED', 'DELIVERED'].includes(status)).toBe(isGone);
          expect(new Set(shipments.map(({ shipmentId }) => shipmentId)).size).toBe(shipments.length);
        });
      }),
      { seed: 20260312, runs: 2_000 },
    );
  });

  it('are announced to their shipments until those know everything', () => {
    holds(
      fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
        walk(commands, (state) => {
          const last = state.status === 'DELIVERED' ? 'DELIVERED' : 'DISPATCHED';
          const ignorant = state.shipments.filter(({ recorded }) => recorded !== last);
          const wanted = [...shipmentEffects(state)].map(({ effect }) => effect);
          expect(wanted).toEqual(ignorant.map(({ shipmentId }) => `tell ${shipmentId} ${last}`));
        });
      }),
      { seed: 20260313, runs: 1_000 },
    );
  });
});
