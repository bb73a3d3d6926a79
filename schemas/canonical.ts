/**
 * Canonical JSON after RFC 8785 (JCS), restricted to what Folio stores: objects, arrays, well-formed strings, safe
 * integers, booleans and null. Everything with a fraction is a decimal string, so number formatting cannot differ
 * between implementations.
 */

/** The canonical text of a value. Throws on what has no canonical form here: such a value must not reach an event. */
export function canonicalJson(value: unknown): string {
  return isCanonicallyOrdered(value) ? JSON.stringify(value) : JSON.stringify(ordered(value));
}

/** Whether JSON.stringify already gives the canonical text: the usual case, since deciders write keys in order. */
function isCanonicallyOrdered(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) {
    assertScalar(value);
    return true;
  }
  if (Array.isArray(value)) {
    let inOrder = true;
    for (const item of value) if (!isCanonicallyOrdered(item)) inOrder = false;
    return inOrder;
  }
  let inOrder = true;
  let previous = '';
  for (const [key, item] of Object.entries(value)) {
    // `<` on strings compares UTF-16 code units, which is the order that RFC 8785 (3.2.3) asks for.
    if (key < previous || !key.isWellFormed()) {
      if (!key.isWellFormed())
        throw new TypeError('no canonical JSON for an object key with a lone surrogate');
      inOrder = false;
    }
    if (!isCanonicallyOrdered(item)) inOrder = false;
    previous = key;
  }
  return inOrder;
}

function assertScalar(value: unknown): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('no canonical JSON for a string with a lone surrogate');
    return;
  }
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) return;
  throw new TypeError(`no canonical JSON for ${typeof value} ${String(value)}`);
}

function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  // Integer-like keys would jump to the front of a plain object: a null-prototype object has the same rule, so refuse them.
  const result: Record<string, unknown> = Object.create(null);
  for (const [key, item] of entries) {
    if (/^(0|[1-9]\d*)$/.test(key))
      throw new TypeError(`no canonical JSON for the integer-like object key ${key}`);
    result[key] = ordered(item);
  }
  return result;
}
