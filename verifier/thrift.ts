/**
 * The descriptions in a Parquet file are structs of Thrift's compact protocol, which lets a field stand twice, or in another type than
 * it has. One reader takes the last of two, another one mixes them, and a third leaves out what is of another type. Here every
 * field stands once, in order, and only in types and numbers that all readers take for the same.
 */

const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const INT32 = 5;
const INT64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Structs within one another: a logical type of a schema is four deep. */
const DEPTH_MAX = 16;

/** The largest number of a field: it has 16 bits, and readers that keep no more of it would take a larger one for another field. */
const FIELD_MAX = 0x7fff;

/** The field of a footer that has the schema: its numbers are small, and those of 64 bits pass for none with some readers. */
const SCHEMA = 2;

/** Checks a footer, which has to be all of these bytes. Throws where two readers could make two things of it. */
export function checkFooter(bytes: Uint8Array): void {
  const walk = new Walk(bytes);
  walk.struct({ depth: 0, isWide: (field) => field !== SCHEMA });
  if (walk.offset !== bytes.length) throw new Error('its footer has something behind it');
}

/** Checks a page's header, with which these bytes begin; none of its numbers has 64 bits. */
export function checkPageHeader(bytes: Uint8Array): void {
  new Walk(bytes).struct({ depth: 0, isWide: () => false });
}

interface Place {
  readonly depth: number;
  /** Whether a field may have numbers of 64 bits. */
  readonly isWide: (field: number) => boolean;
}

class Walk {
  offset = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct({ depth, isWide }: Place): void {
    if (depth > DEPTH_MAX) throw new Error('a description in it is too deep');
    for (let last = 0; ; ) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === 0) return;
      const step = head >> 4;
      const field = step === 0 ? this.#fieldNumber() : last + step;
      if (field <= last) throw new Error('a description in it has a field twice');
      if (field > FIELD_MAX) throw new Error('a description in it has a field that there is not');
      last = field;
      if (type === TRUE || type === FALSE) continue;
      const wide = isWide(field);
      this.#value(type, { depth: depth + 1, isWide: () => wide });
    }
  }

  #value(type: number, place: Place): void {
    if (type === STRUCT) this.struct(place);
    else if (type === LIST) this.#list(place);
    else if (type === BINARY) this.#skip(this.#number());
    else if (type === INT32) this.#number();
    else if (type === INT64 && place.isWide(0)) this.#varint(64);
    else throw new Error('a description in it has a value of another type than readers take it for');
  }

  #list(place: Place): void {
    const head = this.#byte();
    const type = head & 0x0f;
    const length = head >> 4 === 0x0f ? this.#number() : head >> 4;
    // An empty list may be of anything.
    for (let index = 0; index < length; index++) {
      if (type === TRUE || type === FALSE || type === BYTE) this.#skip(1);
      else this.#value(type, { ...place, depth: place.depth + 1 });
    }
  }

  #fieldNumber(): number {
    const zigzag = this.#number();
    if (zigzag % 2 === 1) throw new Error('a description in it has a field that there is not');
    return zigzag / 2;
  }

  #number(): number {
    return Number(this.#varint(32));
  }

  /** A number in groups of seven bits. What has more bits than it may have is cut off by one reader, and folded by another. */
  #varint(bits: 32 | 64): bigint {
    let value = 0n;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80 && value >> BigInt(bits) === 0n) return value;
      if (byte < 0x80) break;
    }
    throw new Error(`a description in it has a number of more than ${bits} bits`);
  }

  #byte(): number {
    const byte = this.#bytes[this.offset++];
    if (byte === undefined) throw new Error('a description in it does not end');
    return byte;
  }

  #skip(length: number): void {
    this.offset += length;
    if (this.offset > this.#bytes.length) throw new Error('a description in it does not end');
  }
}
