import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldError, parseStrictJson } from '../../workers/http/strictJson.ts';
import { MAX_ERRORS, MAX_JSON_DEPTH, walkStrictJson } from '../../workers/http/strictJsonWalker.ts';

const seed = Number(process.env.STRICT_JSON_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.STRICT_JSON_RUNS ?? 2000);
console.log(`strictJson properties: STRICT_JSON_SEED=${seed}`);

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function errorsOf(text: string): FieldError[] {
  const result = parseStrictJson(bytesOf(text));
  return result.ok ? [] : result.errors;
}

/** The only error of the text, as `path: message`. */
function refusal(text: string): string {
  const errors = errorsOf(text);
  expect(errors).toHaveLength(1);
  return `${errors[0]?.path}: ${errors[0]?.message}`;
}

describe('what is accepted', () => {
  it.each([
    ' {"a" : [1, -2.50, true, false, null, "x"]}\r\n\t',
    '{"commands":[{"data":{"price":"189.12","note":"a \\"quoted\\" : {[,]} 1e5 \\\\"}}]}',
    '"\\u00e9\\ud83d\\ude00 😀 \\ud7ff \u2028"',
    '{"a":{"a":{"a":1}},"A":2,"":3,"1":4,"01":5}',
    '[0,0.5,-0.5,-10,0.123456789012345,123456789012345,999999999999.999,0.0000000000000001]',
    '{"proto":1,"__proto":2,"constructor":3,"toString":"__proto__"}',
    '[1e-7,1e-05,1E+2,-1.5e3,0e0,0.0e-9,123456789012345e-20,1e99,1e-099]',
    '[]',
    '0',
  ])('%s', (text) => {
    const expected = { ok: true, value: JSON.parse(text) };
    expect(parseStrictJson(bytesOf(text))).toStrictEqual(expected);
  });

  it('accepts the deepest nesting allowed and refuses one more', () => {
    const nested = (depth: number) => '{"a":['.repeat(depth / 2) + ']}'.repeat(depth / 2);
    expect(errorsOf(nested(MAX_JSON_DEPTH))).toEqual([]);
    expect(refusal(`[${nested(MAX_JSON_DEPTH)}]`)).toMatch(/^\[0\]\.a\[0\].*: nested deeper than 32 levels$/);
  });
});

describe('bytes', () => {
  it.each([
    ['a byte alone', [0x22, 0xff, 0x22]],
    ['a character cut off', [0x22, 0xe2, 0x82, 0x22]],
    ['an overlong quote', [0xc0, 0xa2, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('refuses %s', (_name, bytes) => {
    const errors = [{ path: '', message: 'not valid UTF-8' }];
    expect(parseStrictJson(Uint8Array.from(bytes))).toEqual({ ok: false, errors });
  });

  it('reads the next body after a refused one, and a view into a larger buffer', () => {
    parseStrictJson(Uint8Array.from([0x22, 0xe2, 0x82]));
    expect(parseStrictJson(bytesOf('xx[1]xx').subarray(2, 5))).toEqual({ ok: true, value: [1] });
  });

  it('refuses a byte order mark and an empty body', () => {
    const only = (message: string) => ({ ok: false, errors: [{ path: '', message }] });
    expect(parseStrictJson(bytesOf('\ufeff{}'))).toEqual(only('must not begin with a byte order mark'));
    expect(parseStrictJson(bytesOf('\ufeff'))).toEqual(only('must not begin with a byte order mark'));
    expect(parseStrictJson(new Uint8Array())).toEqual(only('must not be empty'));
    expect(parseStrictJson(bytesOf(' \r\n'))).toEqual(only('must not be empty'));
  });
});

describe('refusals and their paths', () => {
  it.each([
    ['{"a":1,"b":2,"a":1}', 'a: this key is given more than once'],
    ['{"a":1,"\\u0061":1}', 'a: this key is given more than once'],
    ['{"é":1,"\\u00E9":1}', '["é"]: this key is given more than once'],
    ['{"a/b":1,"a\\/b":1}', '["a/b"]: this key is given more than once'],
    [
      '{"commands":[{},{"data":{"price":"1","price":"2"}}]}',
      /^commands\[1\]\.data\.price: this key is given/,
    ],
    ['{"a":{"b.c":[1,{"d":1e100}]}}', 'a["b.c"][1].d: an exponent must not have more than 2 digits'],
    ['{"quantity":1E+400}', 'quantity: an exponent must not have more than 2 digits'],
    ['1e-400', ': an exponent must not have more than 2 digits'],
    [`1e${'9'.repeat(100_000)}`, ': an exponent must not have more than 2 digits'],
    ['1234567890123456e-3', ': a number must not have more than 15 significant digits'],
    ['-0e0', ': a number must not be negative zero'],
    ['[100000000000000000]', '[0]: a number must not have more than 15 significant digits'],
    ['[0.1234567890123456]', '[0]: a number must not have more than 15 significant digits'],
    ['[1.000000000000000]', '[0]: a number must not have more than 15 significant digits'],
    ['[-1234567890123456]', '[0]: a number must not have more than 15 significant digits'],
    [`[0.${'0'.repeat(400)}1]`, '[0]: a number must not be longer than 32 characters'],
    ['{"a":-0}', 'a: a number must not be negative zero'],
    ['{"a":-0.00}', 'a: a number must not be negative zero'],
    ['["\\ud800"]', '[0]: the string has a lone surrogate'],
    ['["\\uDE00\\uD83D"]', '[0]: the string has a lone surrogate'],
    ['["\\ud83d\\\\ude00"]', '[0]: the string has a lone surrogate'],
    ['{"\\udc00":1}', '["\\udc00"]: the key has a lone surrogate'],
    ['{"a":{"__proto__":{}}}', 'a.__proto__: this key is not allowed'],
    ['{"\\u005f_proto__":1}', '__proto__: this key is not allowed'],
  ])('%s', (text, expected) => {
    if (typeof expected === 'string') expect(refusal(text)).toBe(expected);
    else expect(refusal(text)).toMatch(expected);
  });

  it.each([
    ['{"price":NaN}', 'price', 'NaN is not a JSON number'],
    ['[Infinity]', '[0]', 'Infinity is not a JSON number'],
    ['[-Infinity]', '[0]', 'Infinity is not a JSON number'],
    ['{"a":01}', 'a', 'a number begins with a zero'],
    ['{"a":1.}', 'a', 'no digit after the decimal point'],
    ['{"a":1e}', 'a', 'no digit in the exponent'],
    ['{"a":+1}', 'a', 'expected a value'],
    ['{"a":.5}', 'a', 'expected a value'],
    ['{"a":-}', 'a', 'expected a value'],
    ['{"a":-true}', 'a', 'expected a value'],
    ['{"a":[1,]}', 'a[1]', 'expected a value'],
    ['{"a":1,}', '', 'expected a key in double quotes'],
    ["{'a':1}", '', 'expected a key in double quotes'],
    ['{"a" 1}', 'a', "expected ':' after the key"],
    ['{"a":1', '', "expected ',' or '}'"],
    ['[1 2]', '', "expected ',' or ']'"],
    ['{} {}', '', 'text after the end of the value'],
    ['{"a":"b}', 'a', 'the string does not end'],
    ['["a\nb"]', '[0]', 'a control character must be escaped'],
    ['["\u001f"]', '[0]', 'a control character must be escaped'],
    ['["\\x41"]', '[0]', 'unknown escape in a string'],
    ['["\\u12g4"]', '[0]', 'unknown escape in a string'],
    ['\u00a0{}', '', 'expected a value'],
  ])('malformed: %s', (text, path, reason) => {
    expect(refusal(text)).toMatch(/: malformed JSON at character \d+: /);
    expect(errorsOf(text)[0]?.path).toBe(path);
    expect(errorsOf(text)[0]?.message.endsWith(reason)).toBe(true);
  });

  it('names every field that is wrong, in the order of the text, up to a limit', () => {
    const paths = errorsOf('{"a":1e100,"b":[-0,"\\ud800"],"a":2,"c":x,"d":-0}').map(({ path }) => path);
    expect(paths).toEqual(['a', 'b[0]', 'b[1]', 'a', 'c']);
    expect(errorsOf(`[${'-0,'.repeat(100)}0]`)).toHaveLength(MAX_ERRORS);
  });

  it('does not repeat a huge key in the reply', () => {
    const key = '😀x'.repeat(1_000_000);
    const [error] = errorsOf(`{"${key}":-0}`);
    expect(error?.path.length).toBeLessThan(100);
  });

  it('refuses a body of brackets without building it', () => {
    expect(refusal('['.repeat(8 * 2 ** 20))).toMatch(/nested deeper/);
    expect(refusal('[{"a":'.repeat(2 ** 20))).toMatch(/nested deeper/);
  });

  it('survives a number as long as the body', () => {
    expect(refusal('1'.repeat(2 ** 20))).toMatch(/longer than 32/);
  });
});

/** A text together with the paths at which it breaks a rule, in the order of the text. */
type Rendered = { text: string; faults: string[] };
type Render = (path: string) => Rendered;

const space = fc.constantFrom('', '', '', ' ', '\n', '\t\r');

/** A character as itself or escaped, so that equal keys are often spelled differently. */
function spell(character: string, escaped: boolean): string {
  const hex = character.charCodeAt(0).toString(16).padStart(4, '0');
  if (escaped) return hex.charCodeAt(3) % 2 === 0 ? `\\u${hex}` : `\\u${hex.toUpperCase()}`;
  return character === '"' || character === '\\' ? `\\${character}` : character;
}

const goodCharacters = fc.constantFrom(...'ab"\\:{}[],-019eE/_é😀', '\\u0041');
const surrogates = fc.constantFrom('\\ud83d\\ude00', '\\uD83D', '\\ude00', '\\ud7ff', '\\\\ud83d');
const isHalf = (part: string) => /^\\u(D83D|de00)$/.test(part);

const string: fc.Arbitrary<Render> = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.tuple(goodCharacters, fc.boolean()) },
      { weight: 1, arbitrary: surrogates },
    ),
    { maxLength: 6 },
  )
  .map((parts) => (path) => {
    let text = '';
    let halves = 0;
    for (const part of parts) {
      if (typeof part === 'string') {
        // A space after each half keeps two of them from making a whole.
        text += isHalf(part) ? `${part} ` : part;
        if (isHalf(part)) halves++;
      } else {
        const [character, escaped] = part;
        text += character.length === 1 ? spell(character, escaped) : character;
      }
    }
    return { text: `"${text}"`, faults: halves > 0 ? [path] : [] };
  });

const goodNumbers = [
  '0',
  '7',
  '-7',
  '1.50',
  '0.5',
  '-0.5',
  '123456789012345',
  '-0.123456789012345',
  '0.000',
  '1e2',
  '1E-2',
  '5e0',
];
const badNumbers = [
  '-0',
  '-0.0',
  '1e100',
  '-1E-123',
  '-0e1',
  '1234567890123456',
  '0.1234567890123456',
  '1.234567890123456e1',
];
const scalar: fc.Arbitrary<Render> = fc.oneof(
  string,
  fc.constantFrom('true', 'false', 'null', ...goodNumbers).map((text) => () => ({ text, faults: [] })),
  fc.constantFrom(...badNumbers).map(
    (text): Render =>
      (path) => ({ text, faults: [path] }),
  ),
);

const key = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', 'ab', 'price', 'c', 'd', 'f', 'g') },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', '1') },
);

function renderMember(
  name: string,
  escaped: boolean,
  render: Render,
  parent: string,
  seen: Set<string>,
): Rendered {
  const plain = /^[a-z_]/.test(name);
  const path = plain ? (parent === '' ? name : `${parent}.${name}`) : `${parent}["${name}"]`;
  const faults: string[] = [];
  if (name === '__proto__') faults.push(path);
  if (seen.has(name)) faults.push(path);
  seen.add(name);
  const { text, faults: inner } = render(path);
  const spelled = [...name].map((character) => spell(character, escaped)).join('');
  return { text: `"${spelled}":${text}`, faults: [...faults, ...inner] };
}

const { value } = fc.letrec<{ value: Render; array: Render; object: Render }>((tie) => ({
  value: fc.oneof({ depthSize: 'medium', withCrossShrink: true }, scalar, tie('array'), tie('object')),
  array: fc.tuple(fc.array(tie('value'), { maxLength: 4 }), space).map(([items, gap]) => (path) => {
    const rendered = items.map((render, index) => render(`${path}[${index}]`));
    const text = rendered.map((item) => item.text).join(`${gap},${gap}`);
    return { text: `[${gap}${text}${gap}]`, faults: rendered.flatMap((item) => item.faults) };
  }),
  object: fc
    .tuple(fc.array(fc.tuple(key, fc.boolean(), tie('value')), { maxLength: 5 }), space)
    .map(([members, gap]) => (path) => {
      const seen = new Set<string>();
      const rendered = members.map(([name, esc, render]) => renderMember(name, esc, render, path, seen));
      const text = rendered
        .map((item) => item.text.replace(/^("[^"]*"):/, `$1${gap}:${gap}`))
        .join(`${gap},`);
      return { text: `{${gap}${text}${gap}}`, faults: rendered.flatMap((item) => item.faults) };
    }),
}));

/** A rendered text with a few characters replaced, dropped or added: mostly malformed, sometimes not. */
const mutated = fc
  .tuple(
    value,
    fc.array(fc.tuple(fc.nat(), fc.nat(1), fc.constantFrom('', ...'"\\:,{}[]-01.eEud \n_\ufeff')), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([render, edits]) => {
    let { text } = render('');
    for (const [where, drop, add] of edits) {
      const at = where % (text.length + 1);
      text = text.slice(0, at) + add + text.slice(at + drop);
    }
    return text;
  });

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What must hold of any text at all. */
function agrees(made: string): void {
  // Bytes have no lone surrogates but those that a text escapes.
  const text = made.toWellFormed();
  const result = parseStrictJson(bytesOf(text));
  const walked = walkStrictJson(text);
  expect(result.ok ? [] : result.errors).toEqual(walked);
  if (result.ok) expect(result.value).toStrictEqual(JSON.parse(text));
  const endedEarly = walked.length === MAX_ERRORS || walked.some(({ message }) => /^nested/.test(message));
  const malformed = walked.some(({ message }) => /^malformed|^must not/.test(message));
  if (!endedEarly) expect(malformed).toBe(!parses(text));
}

describe('properties', () => {
  it('finds exactly the faults that a text was made with', () => {
    let clean = 0;
    const property = fc.property(value, (render) => {
      const { text, faults } = render('');
      agrees(text);
      expect(errorsOf(text).map(({ path }) => path)).toEqual(faults.slice(0, MAX_ERRORS));
      if (faults.length === 0) clean++;
    });
    fc.assert(property, { seed, numRuns: runs });
    // Neither clean texts nor faulty ones may be so rare that the property says nothing.
    expect(clean).toBeGreaterThan(runs / 10);
    expect(clean).toBeLessThan(runs * 0.9);
  });

  it('gives the verdict of the careful walk on damaged texts, whose grammar is that of JSON.parse', () => {
    fc.assert(fc.property(mutated, agrees), { seed, numRuns: runs });
  });

  it('accepts what JSON.stringify makes of strings, small integers and their containers', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.integer().filter((n) => !Object.is(n, -0)),
    );
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('json')),
        fc.dictionary(fc.string(), tie('json'), { noNullPrototype: true }),
      ),
    }));
    const property = fc.property(json, (data) => {
      const text = JSON.stringify(data);
      if (text.includes('"__proto__":')) return;
      expect(parseStrictJson(bytesOf(text))).toEqual({ ok: true, value: JSON.parse(text) });
    });
    fc.assert(property, { seed, numRuns: runs });
  });
});
