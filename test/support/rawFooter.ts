/** A segment's footer as the fields that it is made of, written anew with whatever is changed, doubled, or put in another type. */

import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { ByteWriter } from 'hyparquet-writer';

/** A struct: each field under a name that ends with its number. Two names may end with the same. */
export type Struct = Record<string, unknown>;

/** The file with another footer. */
export function withRawFooter(file: Uint8Array, change: (footer: Struct) => void): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = view.getUint32(file.length - 8, true);
  const start = file.length - 8 - length;
  const footer = deserializeTCompactProtocol({ view, offset: start }) as Struct;
  change(footer);
  const writer = new ByteWriter();
  writer.appendBytes(file.subarray(0, start));
  writeStruct(writer, footer);
  writer.appendUint32(writer.offset - start);
  writer.appendBytes(file.subarray(-4));
  return writer.getBytes();
}

function writeStruct(writer: ByteWriter, struct: Struct): void {
  for (const [name, value] of Object.entries(struct)) {
    if (value === undefined) continue;
    // Long form: any number may follow on any other.
    writer.appendUint8(typeof value === 'boolean' ? (value ? 1 : 2) : typeOf(value));
    writer.appendZigZag(Number(/\d+$/.exec(name)?.[0]));
    if (typeof value !== 'boolean') writeValue(writer, value);
  }
  writer.appendUint8(0);
}

function typeOf(value: unknown): number {
  if (typeof value === 'number') return 5;
  if (typeof value === 'bigint') return 6;
  if (value instanceof Uint8Array) return 8;
  return Array.isArray(value) ? 9 : 12;
}

function writeValue(writer: ByteWriter, value: unknown): void {
  if (typeof value === 'number' || typeof value === 'bigint') writer.appendZigZag(value);
  else if (value instanceof Uint8Array) {
    writer.appendVarInt(value.length);
    writer.appendBytes(value);
  } else if (Array.isArray(value)) {
    writer.appendUint8(0xf0 | typeOf(value[0] ?? 0));
    writer.appendVarInt(value.length);
    for (const element of value) writeValue(writer, element);
  } else writeStruct(writer, value as Struct);
}
