/** The auditor's own arithmetic and its own texts: it shares no code with what it checks. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

const PLACES = 8;
const SCALE = 100_000_000n;

/** The value of a decimal text × 10^8. */
export function units(text: string): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`not a decimal: ${text}`);
  const magnitude = BigInt(whole) * SCALE + BigInt(fraction.padEnd(PLACES, '0'));
  return sign === '-' ? -magnitude : magnitude;
}

/** a × b to 8 decimals, half to even: through 16 decimals and back. */
export function product(a: bigint, b: bigint): bigint {
  const exact = a * b;
  const magnitude = exact < 0n ? -exact : exact;
  const floor = magnitude / SCALE;
  const rest = magnitude - floor * SCALE;
  const half = SCALE / 2n;
  const up = rest > half || (rest === half && floor % 2n === 1n);
  const rounded = up ? floor + 1n : floor;
  return exact < 0n ? -rounded : rounded;
}

/** RFC 8785 text by a public library. */
export function canonicalText(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('no canonical text');
  return text;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The event id that an event with this hash must have: its first 128 bits as a version 8 UUID. */
export function eventIdFor(hash: string): string {
  const bytes = Buffer.from(hash.slice(0, 32), 'hex');
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
