/**
 * Canonical JSON after RFC 8785 (JCS), restricted to what Folio stores: objects, arrays, well-formed strings, safe
 * integers, booleans and null. Everything with a fraction is a decimal string, so number formatting cannot differ
 * between implementations.
 */

/** The canonical text of a value. Throws on what has no canonical form here: such a value must not reach an event. */
export function canonicalJson(value: unknown): string {
  return textOf(value, isOrdered(value));
}

/** The same with the value that whoever reads the text gets: its keys come in the same order, too. */
export function canonicalForm<Value>(value: Value): { readonly text: string; readonly value: Value } {
  const isInOrder = isOrdered(value);
  const text = textOf(value, isInOrder);
  return { text, value: isInOrder ? value : JSON.parse(text) };
}

function textOf(value: unknown, isInOrder: boolean): string {
  const text = JSON.stringify(isInOrder ? value : ordered(value));
  // JSON.stringify writes a lone surrogate, and nothing else, as an escape that starts with \\ud.
  if (text.includes('\\ud')) assertWellFormed(value);
  return text;
}

/** Whether JSON.stringify already gives the canonical text: the usual case, since deciders write keys in order. */
function isOrdered(value: unknown): boolean {
  if (typeof value === 'string') return true;
  if (typeof value !== 'object' || value === null) return isScalar(value);
  if (Array.isArray(value)) return value.reduce((inOrder: boolean, item) => isOrdered(item) && inOrder, true);
  let inOrder = true;
  let previous = '';
  for (const key in value) {
    // `<` on strings compares UTF-16 code units, which is the order that RFC 8785 (3.2.3) asks for.
    if (key < previous) inOrder = false;
    previous = key;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item !== 'string' && !isOrdered(item)) inOrder = false;
  }
  return inOrder;
}

function isScalar(value: unknown): true {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) return true;
  throw new TypeError(`no canonical JSON for ${typeof value} ${String(value)}`);
}

function assertWellFormed(value: unknown): void {
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw new TypeError('no canonical JSON for a string with a lone surrogate');
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    assertWellFormed(key);
    assertWellFormed(item);
  }
}

function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  // Without a prototype: a key "__proto__" is a key like any other and must not get lost.
  const result = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    // JavaScript puts integer-like keys first whatever the order of insertion.
    if (/^(0|[1-9]\d*)$/.test(key))
      throw new TypeError(`no canonical JSON for the integer-like object key ${key}`);
    result[key] = ordered(item);
  }
  return result;
}
