/** Merkle tree roots and proofs after RFC 9162, 2.1, from the leaves alone. Hashes are 32 bytes. */
import { hash } from 'node:crypto';

function sha256(bytes: Uint8Array | string): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** Hash of a leaf (RFC 9162, 2.1.1). */
export function leaf(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content as Uint8Array);
  const prefixed = Buffer.allocUnsafe(bytes.length + 1);
  prefixed[0] = 0;
  prefixed.set(bytes, 1);
  return sha256(prefixed);
}

const pair = Buffer.alloc(65, 1);

function node(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 33);
  return sha256(pair);
}

/** The root of a tree that grows: perfect subtrees from left to right, merged as soon as two are of one size. */
export class GrowingRoot {
  readonly #peaks: { size: number; digest: Buffer }[] = [];
  size = 0;

  add(leafHash: Buffer): void {
    this.size++;
    let peak = { size: 1, digest: leafHash };
    for (let last = this.#peaks.at(-1); last?.size === peak.size; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { size: last.size * 2, digest: node(last.digest, peak.digest) };
    }
    this.#peaks.push(peak);
  }

  /** The root over all leaves so far, in hexadecimal. */
  root(): string {
    const last = this.#peaks.at(-1);
    if (last === undefined) return sha256('').toString('hex');
    return this.#peaks
      .slice(0, -1)
      .reduceRight((right, { digest }) => node(digest, right), last.digest)
      .toString('hex');
  }
}
