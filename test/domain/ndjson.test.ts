import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCleanLines, parseStrictJson } from '../../workers/http/strictJson.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const SEED = Number(process.env.NDJSON_SEED ?? Date.now() % 2 ** 31);

const line = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '{"a":1}',
    '{"a":1},{"b":2}',
    '{"x":[{}',
    '{}]}',
    '[1',
    '2]',
    '',
    ' {"a":1} \r',
    '{"a":1,"a":2}',
    '{"a":1e3}',
    '{"a":-0}',
    '{"__proto__":1}',
    ',',
    '"a',
    'b"',
    '"\\ud800"',
  ),
);

describe('clean NDJSON lines', () => {
  it(`are taken together only as each would be taken alone (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
        const together = parseCleanLines(bytesOf(lines.join('\n')));
        // Text without any line has no values; one empty line would be a fault.
        if (together === undefined || together.length === 0) return;
        const alone = lines.map((text) => parseStrictJson(bytesOf(text)));
        expect(alone).toEqual(together.map((value) => ({ ok: true, value })));
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });

  it('are taken at once where they are clean, and left to the careful way where two lines only fit together', () => {
    expect(parseCleanLines(bytesOf('{"a":1}\n{"b":"x,\\ny"}\r\n[1,\t2]'))).toEqual([
      { a: 1 },
      { b: 'x,\ny' },
      [1, 2],
    ]);
    expect(parseCleanLines(bytesOf('{"a":1},{"b":2}\n{"x":[{}\n{}]}'))).toBeUndefined();
    expect(parseCleanLines(bytesOf('[1\n2]'))).toBeUndefined();
  });
});
