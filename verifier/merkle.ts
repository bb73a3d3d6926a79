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

/**
 * The root that a leaf and its path lead to (RFC 9162, 2.1.3.2), in hexadecimal; undefined where the path does not fit the
 * leaf's index and the size of the tree.
 */
export function rootOfPath(
  leafHash: Buffer,
  index: number,
  size: number,
  path: readonly string[],
): string | undefined {
  if (index >= size) return undefined;
  let digest = leafHash;
  let [position, last] = [index, size - 1];
  for (const sibling of path) {
    if (last === 0) return undefined;
    const other = Buffer.from(sibling, 'hex');
    if (position % 2 === 1 || position === last) {
      digest = node(other, digest);
      while (position % 2 === 0 && position !== 0) [position, last] = [position / 2, Math.floor(last / 2)];
    } else digest = node(digest, other);
    [position, last] = [Math.floor(position / 2), Math.floor(last / 2)];
  }
  return last === 0 ? digest.toString('hex') : undefined;
}

/** Whether a path proves that the tree of `first` leaves is the beginning of that of `second` (RFC 9162, 2.1.4.2). */
export function isConsistent(
  first: { readonly size: number; readonly root: string },
  second: { readonly size: number; readonly root: string },
  path: readonly string[],
): boolean {
  if (first.size === second.size) return path.length === 0 && first.root === second.root;
  if (first.size === 0 || first.size > second.size) return first.size === 0 && path.length === 0;
  const hashes = path.map((text) => Buffer.from(text, 'hex'));
  if (Number.isInteger(Math.log2(first.size))) hashes.unshift(Buffer.from(first.root, 'hex'));
  const start = hashes.shift();
  if (start === undefined) return false;
  let [position, last] = [first.size - 1, second.size - 1];
  while (position % 2 === 1) [position, last] = [(position - 1) / 2, Math.floor(last / 2)];
  let [one, two] = [start, start];
  for (const other of hashes) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      [one, two] = [node(other, one), node(other, two)];
      while (position % 2 === 0 && position !== 0) [position, last] = [position / 2, Math.floor(last / 2)];
    } else two = node(two, other);
    [position, last] = [Math.floor(position / 2), Math.floor(last / 2)];
  }
  return last === 0 && one.toString('hex') === first.root && two.toString('hex') === second.root;
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
