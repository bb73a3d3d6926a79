/** Deadlines in order beside a record, whatever is entered and taken out, and whenever they are first asked for. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Deadlines } from '../../actors/kernel/deadlines.ts';
import { holds } from '../support/property.ts';

interface Thing {
  readonly dueAt: number | null;
}

const key = fc.constantFrom('#a', '#b', '#c', '#d', '#__proto__', '#7', '#10');
const step = fc.oneof(
  fc.record({ put: key, dueAt: fc.option(fc.integer({ min: 1, max: 4 })) }),
  fc.record({ remove: key }),
  fc.constantFrom('look', 'copy'),
);

function things(): Deadlines<Thing> {
  return new Deadlines(({ dueAt }) => dueAt);
}

/** What the order has to be: everything looked at. */
function sorted(record: Record<string, Thing>) {
  return Object.entries(record)
    .flatMap(([name, { dueAt }]) => (dueAt === null ? [] : [{ key: name, dueAt }]))
    .sort((a, b) => a.dueAt - b.dueAt || (a.key < b.key ? -1 : 1));
}

it('is what sorting the record gives, asked at any time and after any copy', () => {
  holds(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const deadlines = things();
      let record: Record<string, Thing> = {};
      for (const one of steps) {
        if (one === 'copy') record = JSON.parse(JSON.stringify(record));
        else if (one === 'look') expect([...deadlines.earliestFirst(record)]).toEqual(sorted(record));
        else if ('remove' in one) {
          const there = record[one.remove];
          expect(deadlines.remove(record, one.remove)).toBe(there);
          expect(record).not.toHaveProperty([one.remove]);
        } else if (record[one.put] === undefined) deadlines.put(record, one.put, { dueAt: one.dueAt });
      }
      expect([...deadlines.earliestFirst(record)]).toEqual(sorted(record));
    }),
    { seed: 20261128, runs: 1_000 },
  );
});

it('leaves nothing of itself in the record', () => {
  const deadlines = things();
  const record: Record<string, Thing> = {};
  deadlines.put(record, '#a', { dueAt: 1 });
  expect([...deadlines.earliestFirst(record)]).toEqual([{ key: '#a', dueAt: 1 }]);
  expect(Reflect.ownKeys(record)).toEqual(['#a']);
  expect(structuredClone(record)).toEqual({ '#a': { dueAt: 1 } });
});

it('does not take out the deadline of another thing where somebody else has changed the record', () => {
  const deadlines = things();
  const record: Record<string, Thing> = { '#a': { dueAt: 1 }, '#b': { dueAt: 3 } };
  expect([...deadlines.earliestFirst(record)]).toHaveLength(2);
  record['#c'] = { dueAt: 2 };
  expect(() => deadlines.remove(record, '#c')).toThrow('the deadline of #c is not where it should be');
});
