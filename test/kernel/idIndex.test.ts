import { describe, expect, it } from 'vitest';
import { IdIndex } from '../../actors/kernel/idIndex.ts';

/** So many that, with a number of 30 bits each, about 18 pairs of them share one. */
const MANY = 200_000;

describe('the index of ids', () => {
  it('finds each value under its own id, also where ids share a number', () => {
    const index = new IdIndex<number>();
    for (let count = 0; count < MANY; count++) index.set(`t-${count}`, count);
    for (let count = 0; count < MANY; count++) expect(index.get(`t-${count}`)).toBe(count);
    for (let count = MANY; count < 2 * MANY; count++) expect(index.get(`t-${count}`)).toBeUndefined();
  });

  it('finds the newer of two values of one id', () => {
    const index = new IdIndex<string>();
    index.set('order', 'old');
    index.set('order', 'new');
    expect(index.get('order')).toBe('new');
  });

  it('has nothing under any id before something is set', () => {
    expect(new IdIndex<string>().get('')).toBeUndefined();
  });
});
