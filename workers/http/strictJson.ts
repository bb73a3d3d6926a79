import { type FieldError, MAX_JSON_DEPTH, MAX_NUMBER_DIGITS, walkStrictJson } from './strictJsonWalker.ts';

export type { FieldError } from './strictJsonWalker.ts';

/** What became of a body: its value, or every reason found why it is refused. */
export type StrictJson = { ok: true; value: unknown } | { ok: false; errors: FieldError[] };

// One decoder for all requests: without `stream` a call leaves no state behind, not even one that threw.
// `ignoreBOM` keeps a byte order mark in the text, so that it is refused and not silently dropped.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The scan's answer for a text that the careful walk has to judge; member counts are never negative. */
const SUSPICIOUS = -1;

const QUOTE = 0x22;
const MINUS = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_D = 0x64;
const LOWER_E = 0x65;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Set in the code of every lower-case ASCII letter, so `code | LOWER_CASE` ignores case. */
const LOWER_CASE = 0x20;

/**
 * The one way in which the bytes of a request body become data. Beyond what JSON.parse refuses, it refuses
 * all that two readers could understand differently: bytes that are not UTF-8, a byte order mark, a key
 * given twice, numbers a double may not hold as written, lone surrogates, deep nesting, `__proto__`.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { ok: false, errors: [{ path: '', message: 'not valid UTF-8' }] };
  }
  return parseStrictJsonText(text);
}

/**
 * The same for text that is decoded already, such as one line of NDJSON; paths begin at the text's own value.
 *
 * A clean text costs JSON.parse, one scan and one count of keys. The scan may suspect a clean text but
 * never clears a bad one; whatever it suspects, the careful walk judges.
 */
export function parseStrictJsonText(text: string): StrictJson {
  // Before JSON.parse, which would build millions of nested arrays out of a body of brackets.
  const members = scanMembers(text);
  if (members === SUSPICIOUS || !text.isWellFormed()) return parseCarefully(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return parseCarefully(text);
  }
  // JSON.parse keeps the last of several equal keys: then the text has more members than the value has keys.
  return countKeys(value) === members ? { ok: true, value } : parseCarefully(text);
}

/**
 * The values of NDJSON text, if every line is one clean JSON value by the rules above: one parse for all lines, which
 * costs half of one a line. Undefined where any line may be anything else; the caller then takes line by line.
 */
export function parseCleanLines(lines: string): unknown[] | undefined {
  const text = `[${lines.replaceAll('\n', ',\n')}]`;
  const members = scanMembers(text, 'lines');
  if (members === SUSPICIOUS || !text.isWellFormed()) return undefined;
  try {
    const values = JSON.parse(text) as unknown[];
    return countKeys(values) === members ? values : undefined;
  } catch {
    return undefined;
  }
}

function parseCarefully(text: string): StrictJson {
  const errors = walkStrictJson(text);
  if (errors.length > 0) return { ok: false, errors };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    // The walk accepts JSON.parse's grammar and no more. Should they ever differ, the stricter one wins.
    return { ok: false, errors: [{ path: '', message: 'malformed JSON' }] };
  }
}

/**
 * Counts the object members in the text: the colons outside strings. Exact for well-formed JSON. For other
 * text the count means nothing, but JSON.parse refuses that text anyway.
 *
 * A loop over char codes, because indexOf from quote to quote was slower on the short strings of commands.
 */
function scanMembers(text: string, layout: 'value' | 'lines' = 'value'): number {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = scanString(text, at);
      if (at === SUSPICIOUS) return SUSPICIOUS;
    } else if (code === COLON) {
      members++;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > MAX_JSON_DEPTH) return SUSPICIOUS;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    } else if (code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9)) {
      at = scanNumber(text, at);
      if (at === SUSPICIOUS) return SUSPICIOUS;
    } else if (layout === 'lines' && !endsLine(text, at, code, depth)) {
      return SUSPICIOUS;
    }
  }
  return members;
}

/** In a list of lines, a comma between values and a line feed come together and nowhere else. */
function endsLine(text: string, at: number, code: number, depth: number): boolean {
  if (code === LINE_FEED) return depth === 1;
  return code !== COMMA || depth !== 1 || text.charCodeAt(at + 1) === LINE_FEED;
}

/** From the opening quote to the closing one. Suspects `\ud…`, which every escaped surrogate begins with. */
function scanString(text: string, open: number): number {
  let at = open + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) {
      at++;
      if (text.charCodeAt(at) === LOWER_U && (text.charCodeAt(at + 1) | LOWER_CASE) === LOWER_D) {
        return SUSPICIOUS;
      }
    }
  }
  return at;
}

/** To the number's last character. Suspects an exponent, `-0…` and too many digits, zeros included. */
function scanNumber(text: string, start: number): number {
  const negative = text.charCodeAt(start) === MINUS;
  if (negative && text.charCodeAt(start + 1) === DIGIT_0) return SUSPICIOUS;
  let digits = negative ? 0 : 1;
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= DIGIT_0 && code <= DIGIT_9) digits++;
    else if ((code | LOWER_CASE) === LOWER_E) return SUSPICIOUS;
    else if (code !== DOT) break;
  }
  return digits > MAX_NUMBER_DIGITS ? SUSPICIOUS : at - 1;
}

/**
 * Counts the keys in the whole value, or answers SUSPICIOUS where one is `__proto__`. Recursion is as deep
 * as the scan allowed. `for…in` and not Object.keys, because it makes no array per object.
 */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      if (typeof item !== 'object') continue;
      const inner = countKeys(item);
      if (inner === SUSPICIOUS) return SUSPICIOUS;
      keys += inner;
    }
    return keys;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    if (key === '__proto__') return SUSPICIOUS;
    keys++;
    const member = object[key];
    if (typeof member !== 'object') continue;
    const inner = countKeys(member);
    if (inner === SUSPICIOUS) return SUSPICIOUS;
    keys += inner;
  }
  return keys;
}
