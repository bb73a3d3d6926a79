/** The archive that is verified: the objects of a bucket, which may lie in a folder. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** The objects of an archive. */
export interface Archive {
  /** Keys that begin with `prefix`, in order. */
  keys(prefix?: string): string[];
  /** An object's bytes; undefined where there is none of this key. Throws where it is there and cannot be had. */
  read(key: string): Promise<Uint8Array | undefined>;
}

/** An archive in a folder: the objects of the bucket as files of the same names. */
export class ArchiveFolder implements Archive {
  readonly #root: string;
  readonly #keys: Set<string>;

  constructor(root: string) {
    this.#root = root;
    this.#keys = new Set(listFiles(root, ''));
  }

  keys(prefix = ''): string[] {
    return keysIn(this.#keys, prefix);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.#keys.has(key) ? readFileSync(path.join(this.#root, key)) : undefined;
  }
}

/** Those of some keys that begin with `prefix`, in order. */
export function keysIn(keys: Iterable<string>, prefix: string): string[] {
  return [...keys].filter((key) => key.startsWith(prefix)).sort();
}

/** Whether there is a folder of this name. */
export function isFolder(name: string): boolean {
  return existsSync(name) && statSync(name).isDirectory();
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? listFiles(root, key) : [key];
  });
}
