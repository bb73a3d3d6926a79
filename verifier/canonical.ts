/** Canonical JSON (RFC 8785) for what an archive has: objects, arrays, texts, whole numbers, truth values and null. */
import { hash } from 'node:crypto';

/** The canonical text of a JSON value. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

/** SHA-256 in 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes of the largest file of JSON: a manifest of a segment's most aggregates has some three million. */
const JSON_BYTES_MAX = 16_000_000;

/**
 * The value of a file that must be canonical JSON to the last byte: otherwise two files could mean the same, and a changed
 * one could go unnoticed. Throws with the reason where it is not.
 */
export function parseCanonical(bytes: Uint8Array): unknown {
  if (bytes.length > JSON_BYTES_MAX) throw new Error(`it has ${bytes.length} bytes`);
  const text = utf8.decode(bytes);
  const value: unknown = JSON.parse(text);
  if (canonical(value) !== text) throw new Error('not in canonical form');
  return value;
}
