/**
 * Merkle trees as RFC 9162 (Certificate Transparency 2.0), section 2.1, builds them: leaves and inner nodes are hashed under
 * different prefixes, a tree of any size is split at the largest power of two below it, and proofs are paths of siblings.
 */
import { hash } from 'node:crypto';

/** A SHA-256 hash, 32 bytes. */
export type Digest = Uint8Array;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** A tree's perfect subtrees: number `index` of those with 2^level leaves, counted from the left. */
export interface Tree {
  subtree(level: number, index: number): Digest;
}

/** SHA-256 of some bytes. */
export function sha256(bytes: Uint8Array | string): Digest {
  return hash('sha256', bytes, 'buffer');
}

/** SHA-256 in 64 hexadecimal digits. */
export function sha256Text(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

/** A digest in 64 hexadecimal digits. */
export function textOf(digest: Digest): string {
  return Buffer.from(digest).toString('hex');
}

/** The hash of a leaf with this content (RFC 9162, 2.1.1). */
export function leafHash(content: Uint8Array | string): Digest {
  return sha256(Buffer.concat([LEAF, typeof content === 'string' ? Buffer.from(content) : content]));
}

/** The hash of an inner node. */
export function nodeHash(left: Digest, right: Digest): Digest {
  return sha256(Buffer.concat([NODE, left, right]));
}

/** The root over the first `size` leaves; that of no leaves is the hash of nothing. */
export function treeRoot(tree: Tree, size: number): Digest {
  return size === 0 ? sha256('') : rangeRoot(tree, 0, size);
}

/** What proves that leaf `index` is among the first `size` leaves (RFC 9162, 2.1.3.1): siblings from the leaf up. */
export function inclusionPath(tree: Tree, index: number, size: number): Digest[] {
  if (index < 0 || index >= size) throw new RangeError(`there is no leaf ${index} among ${size}`);
  return pathWithin(tree, index, 0, size);
}

/** What proves that the tree of `first` leaves is the beginning of that of `second` (RFC 9162, 2.1.4.1). */
export function consistencyPath(tree: Tree, first: number, second: number): Digest[] {
  if (first < 0 || first > second) throw new RangeError(`${first} leaves are no beginning of ${second}`);
  if (first === 0 || first === second) return [];
  return subproof(tree, first, 0, second, true);
}

/**
 * What adding leaf number `index` makes: the leaf and every perfect subtree that it completes, from the lowest level up.
 */
export function appended(tree: Tree, index: number, leaf: Digest): Digest[] {
  const made = [leaf];
  for (let level = 0, position = index; position % 2 === 1; level++, position = (position - 1) / 2) {
    made.push(nodeHash(tree.subtree(level, position - 1), made[level] as Digest));
  }
  return made;
}

/** A tree in memory. */
export class MemoryTree implements Tree {
  readonly #levels: Digest[][] = [[]];

  /** From the hashes of its leaves. */
  constructor(leaves: Iterable<Digest> = []) {
    for (const leaf of leaves) this.append(leaf);
  }

  get size(): number {
    return (this.#levels[0] as Digest[]).length;
  }

  append(leaf: Digest): void {
    appended(this, this.size, leaf).forEach((digest, level) => {
      this.#levels[level] ??= [];
      this.#levels[level].push(digest);
    });
  }

  subtree(level: number, index: number): Digest {
    const digest = this.#levels[level]?.[index];
    if (digest === undefined) throw new RangeError(`the tree has no subtree ${index} of level ${level}`);
    return digest;
  }
}

function rangeRoot(tree: Tree, start: number, size: number): Digest {
  const split = splitOf(size);
  if (split === size) return tree.subtree(Math.log2(size), start / size);
  return nodeHash(rangeRoot(tree, start, split), rangeRoot(tree, start + split, size - split));
}

function pathWithin(tree: Tree, index: number, start: number, size: number): Digest[] {
  if (size === 1) return [];
  const split = leftSize(size);
  if (index < split) {
    return [...pathWithin(tree, index, start, split), rangeRoot(tree, start + split, size - split)];
  }
  return [...pathWithin(tree, index - split, start + split, size - split), rangeRoot(tree, start, split)];
}

function subproof(tree: Tree, first: number, start: number, size: number, isWhole: boolean): Digest[] {
  if (first === size) return isWhole ? [] : [rangeRoot(tree, start, size)];
  const split = leftSize(size);
  if (first <= split) {
    return [...subproof(tree, first, start, split, isWhole), rangeRoot(tree, start + split, size - split)];
  }
  return [
    ...subproof(tree, first - split, start + split, size - split, false),
    rangeRoot(tree, start, split),
  ];
}

/** The largest power of two that is not above `size`. */
function splitOf(size: number): number {
  return 2 ** Math.floor(Math.log2(size));
}

/** The largest power of two below `size`: how many leaves the left branch has. */
function leftSize(size: number): number {
  const split = splitOf(size);
  return split === size ? size / 2 : split;
}
