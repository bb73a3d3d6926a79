import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countJson } from '../../workers/http/jsonCount.ts';

const SEED = Number(process.env.JSON_COUNT_SEED ?? Date.now() % 2 ** 31);

const countOf = (value: unknown) => countJson(new TextEncoder().encode(JSON.stringify(value)));

/** Values on every level, without a scan. */
function valuesIn(value: unknown): number {
  if (value === null || typeof value !== 'object') return 1;
  return Object.values(value).reduce((sum: number, inner) => sum + valuesIn(inner), 1);
}

describe('the count of a JSON text', () => {
  it('is that of the commands of a batch', () => {
    const command = { commandId: 'a,"[{\\', data: { items: [1, [2, 3], {}], none: [] } };
    expect(countOf({ commands: [] }).elements).toBe(1);
    expect(countOf({ commands: [command] }).elements).toBe(1);
    expect(countOf({ commands: Array(7).fill(command) }).elements).toBe(7);
  });

  it(`never is less than there is, and little more (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const { values } = countOf(value);
        const actual = valuesIn(value);
        expect(values).toBeGreaterThanOrEqual(actual);
        expect(values).toBeLessThanOrEqual(2 * actual);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('of a text that is cut off anywhere comes to an end', () => {
    const text = JSON.stringify({ commands: [{ a: 'b\\"c' }, ['x', 1]] });
    for (let end = 0; end <= text.length; end++) countJson(new TextEncoder().encode(text.slice(0, end)));
  });
});
