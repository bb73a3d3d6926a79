/** How much is in a JSON text, counted before anything is built from it. */

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** What a text has, at most. */
export interface JsonCount {
  /** Elements of the arrays and members of the objects that stand directly in the outermost value. */
  readonly elements: number;
  /** Values on every level. */
  readonly values: number;
}

/**
 * Counts in a text of well-formed JSON, and may count anything in another. Never less than there is, so that what is small
 * by this count is small once parsed.
 */
export function countJson(text: Uint8Array): JsonCount {
  let depth = 0;
  let separators = 0;
  let inner = 0;
  let opened = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text[at];
    if (code === QUOTE) at = closingQuote(text, at);
    else if (code === COMMA) {
      separators++;
      if (depth === 2) inner++;
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      opened++;
      if (++depth === 2) inner++;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
  return { elements: inner, values: 1 + opened + separators };
}

function closingQuote(text: Uint8Array, open: number): number {
  let at = open + 1;
  for (; at < text.length && text[at] !== QUOTE; at++) if (text[at] === BACKSLASH) at++;
  return at;
}
