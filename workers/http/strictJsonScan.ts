/**
 * The scan over the bytes of a JSON text: it counts object members and suspects whatever may break a rule of strict JSON.
 * It may suspect a clean text and never clears a bad one. Over bytes, because an index into a string asks first what kind
 * of string it is, three times the price; every byte that matters here is ASCII, and no part of another character.
 */
import { MAX_JSON_DEPTH, MAX_NUMBER_DIGITS } from './strictJsonWalker.ts';

/** The scan's answer for a text that the careful walk has to judge; member counts are never negative. */
export const SUSPICIOUS = -1;

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

/** Whether the text is one value, or a value a line. */
export type Layout = 'value' | 'lines';

/**
 * Counts the object members in the text: the colons outside strings. Exact for well-formed JSON. For other
 * text the count means nothing, but JSON.parse refuses that text anyway.
 */
export function scanMembers(text: Uint8Array, layout: Layout): number {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text[at] as number;
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
    } else if (layout === 'lines' && !fitsLines(code, depth)) {
      return SUSPICIOUS;
    }
  }
  return members;
}

/** A line feed is between two values and nowhere in one, and a comma the other way round. */
function fitsLines(code: number, depth: number): boolean {
  if (code === LINE_FEED) return depth === 0;
  return code !== COMMA || depth > 0;
}

/** From the opening quote to the closing one. Suspects `\ud…`, which every escaped surrogate begins with. */
function scanString(text: Uint8Array, open: number): number {
  let at = open + 1;
  for (; at < text.length; at++) {
    const code = text[at];
    if (code === QUOTE) return at;
    if (code === BACKSLASH) {
      at++;
      if (text[at] === LOWER_U && ((text[at + 1] ?? 0) | LOWER_CASE) === LOWER_D) {
        return SUSPICIOUS;
      }
    }
  }
  return at;
}

/** To the number's last character. Suspects an exponent, `-0…` and too many digits, zeros included. */
function scanNumber(text: Uint8Array, start: number): number {
  const negative = text[start] === MINUS;
  if (negative && text[start + 1] === DIGIT_0) return SUSPICIOUS;
  let digits = negative ? 0 : 1;
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text[at] as number;
    if (code >= DIGIT_0 && code <= DIGIT_9) digits++;
    else if ((code | LOWER_CASE) === LOWER_E) return SUSPICIOUS;
    else if (code !== DOT) break;
  }
  return digits > MAX_NUMBER_DIGITS ? SUSPICIOUS : at - 1;
}
