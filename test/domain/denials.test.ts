/** What is recorded of refused access: enough to know, never so much that it does harm. */
import { describe, expect, it } from 'vitest';
import {
  DENIAL_REPEAT_MS,
  DENIALS_REMEMBERED_MAX,
  DENIED_TARGETS_MAX,
  Denials,
} from '../../workers/access/denials.ts';

const account = (aggregateId: string) => ({ aggregateType: 'account', aggregateId });

describe('a denial', () => {
  it('is recorded once, its repeats are counted and recorded with the next one', () => {
    const denials = new Denials();
    expect(denials.note('u', 'getAccount', account('a'), 0)).toEqual({ target: account('a'), denials: 1 });
    for (let place = 1; place <= 5; place++) {
      expect(denials.note('u', 'getAccount', account('a'), place)).toBeUndefined();
    }
    expect(denials.note('u', 'getAccount', account('a'), DENIAL_REPEAT_MS)).toEqual({
      target: account('a'),
      denials: 6,
    });
  });

  it('of another user, operation or aggregate is another', () => {
    const denials = new Denials();
    const notes = [
      denials.note('u', 'getAccount', account('a'), 0),
      denials.note('v', 'getAccount', account('a'), 0),
      denials.note('u', 'getTrades', account('a'), 0),
      denials.note('u', 'getAccount', account('b'), 0),
      denials.note('u', 'getAccount', undefined, 0),
    ];
    expect(notes.map((note) => note?.denials)).toEqual([1, 1, 1, 1, 1]);
  });

  it('of somebody who tries every account is recorded by the operation alone after some', () => {
    const denials = new Denials();
    let recorded = 0;
    for (let place = 0; place < 10_000; place++) {
      if (denials.note('u', 'getAccount', account(`a-${place}`), place) !== undefined) recorded++;
    }
    expect(recorded).toBe(DENIED_TARGETS_MAX + 1);
    expect(denials.note('u', 'getAccount', account('a-last'), DENIAL_REPEAT_MS)?.target).toEqual(
      account('a-last'),
    );
    const counted = denials.note('u', 'getAccount', undefined, 2 * DENIAL_REPEAT_MS);
    expect(counted?.denials).toBe(10_000 - DENIED_TARGETS_MAX);
  });

  it('of somebody who tries ever the same accounts, and some new ones, names no more of them with each minute', () => {
    const denials = new Denials();
    for (let minute = 0; minute < 10; minute++) {
      const now = minute * DENIAL_REPEAT_MS;
      const named = new Set<string>();
      for (let place = 0; place < (minute + 1) * DENIED_TARGETS_MAX; place++) {
        const noted = denials.note('u', 'getAccount', account(`a-${place}`), now);
        if (noted?.target !== undefined) named.add(noted.target.aggregateId);
      }
      expect(named.size).toBe(DENIED_TARGETS_MAX);
    }
  });

  it('is remembered within bounds', () => {
    const denials = new Denials();
    for (let place = 0; place <= DENIALS_REMEMBERED_MAX + 1; place++)
      denials.note(`u-${place}`, 'getViews', undefined, 0);
    expect(denials.note('u-0', 'getViews', undefined, 0)).toBeDefined();
  });
});
