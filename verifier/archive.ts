/** An archive in a folder: the objects of the bucket as files of the same names. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

export class ArchiveFolder {
  readonly #root: string;
  readonly #keys: Set<string>;

  constructor(root: string) {
    this.#root = root;
    this.#keys = new Set(listFiles(root, ''));
  }

  /** Keys that begin with `prefix`, in order. */
  keys(prefix = ''): string[] {
    return [...this.#keys].filter((key) => key.startsWith(prefix)).sort();
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** An object's bytes. Throws where there is none of this key. */
  read(key: string): Uint8Array {
    if (!this.#keys.has(key)) throw new Error(`there is no object ${key}`);
    return readFileSync(path.join(this.#root, key));
  }
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
