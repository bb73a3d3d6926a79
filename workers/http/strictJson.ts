import { SUSPICIOUS, scanMembers } from './strictJsonScan.ts';
import { type FieldError, walkStrictJson } from './strictJsonWalker.ts';

export type { FieldError } from './strictJsonWalker.ts';

/** What became of a body: its value, or every reason found why it is refused. */
export type StrictJson = { ok: true; value: unknown } | { ok: false; errors: FieldError[] };

// One decoder for all requests: without `stream` a call leaves no state behind, not even one that threw.
// `ignoreBOM` keeps a byte order mark in the text, so that it is refused and not silently dropped.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The one way in which the bytes of a request body become data. Beyond what JSON.parse refuses, it refuses
 * all that two readers could understand differently: bytes that are not UTF-8, a byte order mark, a key
 * given twice, numbers a double may not hold as written, lone surrogates, deep nesting, `__proto__`.
 *
 * A clean text costs JSON.parse, one scan and one count of keys. The scan may suspect a clean text but
 * never clears a bad one; whatever it suspects, the careful walk judges.
 */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  const text = decodeUtf8(bytes);
  if (text === undefined) return { ok: false, errors: [{ path: '', message: 'not valid UTF-8' }] };
  return parseStrictText(text, bytes);
}

/** The same for a text that came as one, together with its bytes in UTF-8. */
export function parseStrictText(text: string, bytes: Uint8Array): StrictJson {
  // Before JSON.parse, which would build millions of nested arrays out of a body of brackets.
  const members = scanMembers(bytes, 'value');
  return parseClean(text, members) ?? parseCarefully(text);
}

/**
 * The values of NDJSON, if every line is one clean JSON value by the rules above: one parse for all lines, which
 * costs half of one a line. Undefined where any line may be anything else; the caller then takes line by line.
 */
export function parseCleanLines(bytes: Uint8Array): unknown[] | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  return parseClean(`[${text.replaceAll('\n', ',\n')}]`, scanMembers(bytes, 'lines'))?.value as
    | unknown[]
    | undefined;
}

/** The text of the bytes, or undefined where they are not UTF-8. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The value of a text in which the scan has counted the members; undefined where it may break a rule. */
function parseClean(text: string, members: number): { ok: true; value: unknown } | undefined {
  if (members === SUSPICIOUS) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // JSON.parse keeps the last of several equal keys: then the text has more members than the value has keys.
    return countKeys(value) === members ? { ok: true, value } : undefined;
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
