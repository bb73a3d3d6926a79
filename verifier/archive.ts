/** The archive that is verified: the objects of a bucket, which may lie in a folder. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Findings } from './findings.ts';

/** Bytes of the largest object that is read: no segment has a third of it, and no manifest a tenth. */
export const OBJECT_BYTES_MAX = 64_000_000;

/** An object has more bytes than any of an archive: it is not read. */
export class ObjectTooLarge extends Error {
  override readonly name = 'ObjectTooLarge';

  constructor() {
    super(`it has more than ${OBJECT_BYTES_MAX} bytes, and no object of an archive has`);
  }
}

/** The objects of an archive. */
export interface Archive {
  /** Keys that begin with `prefix`, in order. */
  keys(prefix?: string): string[];
  /**
   * An object's bytes; undefined where there is none of this key. Throws where it is there and cannot be had, {@link ObjectTooLarge}
   * where it has more than {@link OBJECT_BYTES_MAX} bytes.
   */
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
    if (!this.#keys.has(key)) return undefined;
    const file = path.join(this.#root, key);
    if (statSync(file).size > OBJECT_BYTES_MAX) throw new ObjectTooLarge();
    return readFileSync(file);
  }
}

/** An archive of which nothing is read that is too large for one: for whoever reads it, that is found and not there. */
export class BoundedArchive implements Archive {
  readonly #archive: Archive;
  readonly #findings: Findings;
  readonly #tooLarge = new Set<string>();

  constructor(archive: Archive, findings: Findings) {
    this.#archive = archive;
    this.#findings = findings;
  }

  keys(prefix?: string): string[] {
    return this.#archive.keys(prefix);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    if (this.#tooLarge.has(key)) return undefined;
    try {
      return await this.#archive.read(key);
    } catch (error) {
      if (!(error instanceof ObjectTooLarge)) throw error;
      this.#tooLarge.add(key);
      this.#findings.add({ kind: 'unreadable_object', object: key, detail: error.message });
      return undefined;
    }
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
