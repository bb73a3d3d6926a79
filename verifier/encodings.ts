/**
 * The encodings that a segment's pages have (Apache Parquet, "Encodings"), read strictly: exactly as many values as are wanted, in exactly
 * the bytes that there are. A lenient reader goes on where a run is longer than its page says, and sees other rows than the next one.
 */

/** Bits of an index into a dictionary: more than there are rows of a segment. */
const INDEX_BITS_MAX = 20;

/** Bytes of a whole number of 32 and of 64 bits in groups of seven. */
const VARINT_BYTES_MAX = 5;
const VARLONG_BYTES_MAX = 10;

/** Values of a block of differences, and of its parts, are multiples of these; writers make four parts of 32. */
const BLOCK_VALUES = 128;
const PART_VALUES = 32;
const BLOCK_VALUES_MAX = 4_096;

const SEVEN_BITS = 0x7f;
const MORE = 0x80;

/** Reads bytes from the first to the last. Throws where there are no more. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#bytes[this.#pass(1)] as number;
  }

  int32(): number {
    return this.#view.getInt32(this.#pass(4), true);
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#pass(8), true);
  }

  /** So many bytes. */
  take(length: number): Uint8Array {
    const start = this.#pass(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Bytes that say before them how many they are. */
  takeCounted(): Uint8Array {
    return this.take(this.int32() >>> 0);
  }

  /** Unsigned, below 2^32. */
  varint(): number {
    const value = this.#varint(VARINT_BYTES_MAX);
    if (value > 0xffff_ffffn) throw new Error('a page has a number that is too large');
    return Number(value);
  }

  /** Signed, of 64 bits. */
  zigzag(): bigint {
    const value = this.#varint(VARLONG_BYTES_MAX);
    return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  }

  /** Throws unless all was read. */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw new Error('a page has more than its values');
  }

  /** Goes on by some bytes; answers where they begin. */
  #pass(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) throw new Error('a page ends within its values');
    this.#offset = start + length;
    return start;
  }

  #varint(bytesMax: number): bigint {
    let value = 0n;
    for (let read = 0; read < bytesMax; read++) {
      const byte = this.byte();
      value |= BigInt(byte & SEVEN_BITS) << BigInt(7 * read);
      if ((byte & MORE) === 0) return value;
    }
    throw new Error('a page has a number that does not end');
  }
}

/** Runs and groups of eight (RLE and bit-packing in turn): `count` numbers of `bits` bits each. */
export function readHybrid(reader: ByteReader, bits: number, count: number): Uint32Array {
  if (bits > INDEX_BITS_MAX) throw new Error(`a page has indexes of ${bits} bits`);
  const values = new Uint32Array(count);
  for (let seen = 0; seen < count; ) {
    const header = reader.varint();
    const length = header >>> 1;
    const left = count - seen;
    if (length === 0) throw new Error('a page has a run of nothing');
    if ((header & 1) === 1) {
      // Only the last group may have places that are nobody's.
      if (length > Math.ceil(left / 8)) throw new Error('a page has more values than it says');
      unpack(reader.take(length * bits), bits, values.subarray(seen, seen + length * 8));
      seen += length * 8;
      continue;
    }
    if (length > left) throw new Error('a page has more values than it says');
    let value = 0;
    reader.take(Math.ceil(bits / 8)).forEach((byte, index) => {
      value |= byte << (8 * index);
    });
    if (value >= 2 ** bits) throw new Error('a page has an index of too many bits');
    values.fill(value, seen, seen + length);
    seen += length;
  }
  return values;
}

/** Numbers of a few bits each, from the lowest bit of the first byte on. */
function unpack(bytes: Uint8Array, bits: number, values: Uint32Array): void {
  const mask = 2 ** bits - 1;
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (let index = 0; index < values.length; index++) {
    for (; heldBits < bits; heldBits += 8) held |= (bytes[at++] as number) << heldBits;
    values[index] = held & mask;
    held >>>= bits;
    heldBits -= bits;
  }
}

/** Whole numbers of 64 bits by their differences (DELTA_BINARY_PACKED). */
export function readDeltas(reader: ByteReader, count: number): bigint[] {
  const blockValues = reader.varint();
  const parts = reader.varint();
  const partValues = blockValues / parts;
  const isBlock = blockValues > 0 && blockValues <= BLOCK_VALUES_MAX && blockValues % BLOCK_VALUES === 0;
  if (!isBlock || partValues % PART_VALUES !== 0)
    throw new Error('a page has blocks of a size that there is not');
  if (reader.varint() !== count) throw new Error('a page has other values than it says');
  let value = reader.zigzag();
  const values = count === 0 ? [] : [value];
  while (values.length < count) {
    const smallest = reader.zigzag();
    const widths = reader.take(parts);
    for (const bits of widths) {
      // Parts behind the last value have a width and nothing else.
      if (values.length === count) break;
      if (bits > 64) throw new Error(`a page has differences of ${bits} bits`);
      const part = new BitReader(reader.take((bits * partValues) / 8), bits);
      const last = Math.min(count, values.length + partValues);
      while (values.length < last) {
        value = BigInt.asIntN(64, value + smallest + part.next());
        values.push(value);
      }
    }
  }
  return values;
}

/** Reads numbers of up to 64 bits each. */
class BitReader {
  readonly #bytes: Uint8Array;
  readonly #bits: number;
  #at = 0;
  #held = 0n;
  #heldBits = 0;

  constructor(bytes: Uint8Array, bits: number) {
    this.#bytes = bytes;
    this.#bits = bits;
  }

  next(): bigint {
    if (this.#bits === 0) return 0n;
    while (this.#heldBits < this.#bits) {
      this.#held |= BigInt(this.#bytes[this.#at++] as number) << BigInt(this.#heldBits);
      this.#heldBits += 8;
    }
    const value = BigInt.asUintN(this.#bits, this.#held);
    this.#held >>= BigInt(this.#bits);
    this.#heldBits -= this.#bits;
    return value;
  }
}

/** How a column's values are stored one by one. */
export interface Stored {
  readonly type: string | undefined;
  readonly typeLength: number | undefined;
}

/** Values one after the other (PLAIN), as bytes, numbers, or truth values. */
export function readPlain(reader: ByteReader, { type, typeLength = 0 }: Stored, count: number): unknown[] {
  switch (type) {
    case 'INT32':
      return times(count, () => reader.int32());
    case 'INT64':
      return times(count, () => reader.int64());
    case 'BYTE_ARRAY':
      return times(count, () => reader.takeCounted());
    case 'FIXED_LEN_BYTE_ARRAY':
      return times(count, () => reader.take(typeLength));
    case 'BOOLEAN': {
      const bytes = reader.take(Math.ceil(count / 8));
      return times(count, (index) => (((bytes[index >> 3] as number) >> (index & 7)) & 1) === 1);
    }
    default:
      throw new Error(`a column of type ${type} is none of a segment`);
  }
}

function times(count: number, make: (index: number) => unknown): unknown[] {
  const values: unknown[] = [];
  for (let index = 0; index < count; index++) values.push(make(index));
  return values;
}
