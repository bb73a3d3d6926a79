/**
 * The keys of one subject in its actor's storage: wrapped by a master key, beside the log and not in it, so that they can be
 * destroyed. No Cloudflare import.
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { ActorStorage } from '../actors/kernel/storage.ts';
import type { WrappedKey } from '../schemas/keyBackup.ts';
import type { Encrypted, PersonalKind } from '../schemas/personal.ts';
import { KEY_BYTES, open, seal } from './cipher.ts';
import { KeysApart } from './keysApart.ts';
import { isWrapped, type MasterKey, unwrap, wrap } from './masterKeys.ts';

/** What became of a ciphertext: its text, or why there is none. */
export type Opened =
  | { readonly status: 'open'; readonly text: string }
  /** There is no such key here, or none that a master key opens. */
  | { readonly status: 'missing' }
  /** It is not what that key encrypted as data of this kind. */
  | { readonly status: 'forged' };

interface StoredKey extends Record<string, ArrayBuffer | string | number> {
  readonly version: number;
  readonly master: string;
  readonly wrapped: ArrayBuffer;
}

export class KeyRing {
  readonly #storage: ActorStorage;
  readonly #subject: string;
  readonly #masters: () => readonly MasterKey[];
  /** Unwrapped keys, by version: a copy of what is stored. */
  #keys = new Map<number, Uint8Array>();

  /** `masters` gives the master keys, and throws where there are none. */
  constructor(storage: ActorStorage, subject: string, masters: () => readonly MasterKey[]) {
    this.#storage = storage;
    this.#subject = subject;
    this.#masters = masters;
  }

  /**
   * Makes a key of a version, part of the caller's transaction; one that came back from the backup before the log says that there
   * is one stays. Throws where there is no master key to wrap it.
   */
  create(version: number): void {
    if (this.has(version)) return;
    const [master] = this.#masters();
    if (master === undefined) throw new Error('no master key wraps');
    const wrapped = wrap(master, randomBytes(KEY_BYTES), this.#wrapContext(version));
    this.#insert(version, master.id, wrapped);
  }

  /** Every key as it is stored, by version: what the backup has. */
  wrapped(): WrappedKey[] {
    if (!this.#hasTable()) return [];
    return this.#storage.sql
      .exec<StoredKey>('SELECT version, master, wrapped FROM subject_keys ORDER BY version')
      .toArray()
      .map(({ version, master, wrapped }) => ({
        version,
        master,
        wrapped: Buffer.from(wrapped).toString('base64'),
      }));
  }

  /**
   * Those of a backup's keys that are not here. Throws where one of them cannot be unwrapped, or where one that is here is
   * another key in the backup: then nothing may be put in the place of either.
   */
  missing(copies: readonly WrappedKey[]): WrappedKey[] {
    return copies.filter((copy) => {
      const { version } = copy;
      if (!this.has(version)) return this.#unwrap(storedOf(copy)) !== undefined;
      // A copy that no master key opens is of no use to anybody: what is here takes its place.
      const isOpenable = this.#masters().some(({ id }) => id === copy.master);
      if (isOpenable && Buffer.compare(this.#unwrap(storedOf(copy)), this.#key(version)) !== 0)
        throw new KeysApart(`key ${version} of subject ${this.#subject} is another one in the backup`);
      return false;
    });
  }

  /** Whether a copy is a key of this subject that can be used: its master key is here, and wrapped it. */
  opens({ version, master: id, wrapped }: WrappedKey): boolean {
    const master = this.#masters().find((candidate) => candidate.id === id);
    return (
      master !== undefined && isWrapped(master, Buffer.from(wrapped, 'base64'), this.#wrapContext(version))
    );
  }

  /** Takes over keys that are {@link missing} here, part of the caller's transaction. */
  adopt(copies: readonly WrappedKey[]): void {
    for (const { version, master, wrapped } of copies)
      if (!this.has(version)) this.#insert(version, master, Buffer.from(wrapped, 'base64'));
  }

  #insert(version: number, master: string, wrapped: Uint8Array): void {
    this.#storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS subject_keys (
         version INTEGER PRIMARY KEY, master TEXT NOT NULL, wrapped BLOB NOT NULL
       ) STRICT`,
    );
    this.#storage.sql.exec('INSERT INTO subject_keys VALUES (?, ?, ?)', version, master, bufferOf(wrapped));
  }

  /**
   * Destroys every key. A deleted row leaves its bytes in a free part of its page: so each is overwritten first, in its place,
   * since the new value is as long.
   */
  destroy(): void {
    this.#keys = new Map();
    if (!this.#hasTable()) return;
    this.#storage.sql.exec('UPDATE subject_keys SET wrapped = zeroblob(length(wrapped))');
    this.#storage.sql.exec('DELETE FROM subject_keys');
  }

  /** Whether there is a key of this version. */
  has(version: number): boolean {
    return this.#stored(version) !== undefined;
  }

  /** Encrypts the canonical JSON of a value of this kind. Throws where the key is not there. */
  seal(version: number, kind: PersonalKind, text: string): Encrypted {
    const { nonce, ciphertext } = seal(this.#key(version), Buffer.from(text), this.#context(version, kind));
    return {
      $enc: {
        ciphertext: Buffer.from(ciphertext).toString('base64url'),
        keyVersion: version,
        nonce: Buffer.from(nonce).toString('base64url'),
        subject: this.#subject,
      },
    };
  }

  /** Decrypts a value as one of this kind. */
  open({ $enc }: Encrypted, kind: PersonalKind): Opened {
    const { keyVersion: version, subject } = $enc;
    if (subject !== this.#subject) return { status: 'forged' };
    const key = this.#usable(version);
    if (key === undefined) return { status: 'missing' };
    const sealed = {
      nonce: Buffer.from($enc.nonce, 'base64url'),
      ciphertext: Buffer.from($enc.ciphertext, 'base64url'),
    };
    const plaintext = open(key, sealed, this.#context(version, kind));
    if (plaintext === undefined) return { status: 'forged' };
    return { status: 'open', text: Buffer.from(plaintext).toString() };
  }

  /**
   * What a repeat of a value is told by (HMAC-SHA-256, hexadecimal): the same for the same value, and after the keys are
   * destroyed it says nothing about it. Under a key of its own, derived from the oldest one that can be used here (RFC 5869): from the
   * first, whatever others there are by then, unless that was lost, or the master key that wraps it.
   */
  mac(kind: PersonalKind, text: string): string {
    const oldest = this.#oldest();
    const key = Buffer.from(hkdfSync('sha256', oldest, '', 'folio repeats', KEY_BYTES));
    return createHmac('sha256', key).update(`${kind} ${text}`).digest('hex');
  }

  /** Wraps with the first master key whatever another wrapped; answers how many keys that were. */
  rewrap(): number {
    const [first] = this.#masters();
    if (first === undefined || !this.#hasTable()) return 0;
    const older = this.#storage.sql
      .exec<StoredKey>('SELECT version, master, wrapped FROM subject_keys WHERE master <> ?', first.id)
      .toArray();
    for (const stored of older) {
      const wrapped = wrap(first, this.#unwrap(stored), this.#wrapContext(stored.version));
      this.#storage.sql.exec(
        'UPDATE subject_keys SET master = ?, wrapped = ? WHERE version = ?',
        first.id,
        bufferOf(wrapped),
        stored.version,
      );
    }
    return older.length;
  }

  #key(version: number): Uint8Array {
    const known = this.#keys.get(version);
    if (known !== undefined) return known;
    const stored = this.#stored(version);
    if (stored === undefined) throw new KeysApart(`key ${version} of subject ${this.#subject} is not here`);
    const key = this.#unwrap(stored);
    this.#keys.set(version, key);
    return key;
  }

  #unwrap({ version, master: id, wrapped }: StoredKey): Uint8Array {
    const master = this.#masters().find((candidate) => candidate.id === id);
    if (master === undefined) {
      const whose = `key ${version} of subject ${this.#subject}`;
      throw new KeysApart(`${whose} is wrapped by master key ${id}, which PERSONAL_DATA_KEYS does not have`);
    }
    return unwrap(master, new Uint8Array(wrapped), this.#wrapContext(version));
  }

  /** A key that is here and that a master key opens. */
  #usable(version: number): Uint8Array | undefined {
    if (!this.has(version)) return undefined;
    try {
      return this.#key(version);
    } catch (error) {
      if (error instanceof KeysApart) return undefined;
      throw error;
    }
  }

  #oldest(): Uint8Array {
    for (const { version } of this.wrapped()) {
      const key = this.#usable(version);
      if (key !== undefined) return key;
    }
    throw new KeysApart(`subject ${this.#subject} has no key here that can be used`);
  }

  #stored(version: number): StoredKey | undefined {
    if (!this.#hasTable()) return undefined;
    return this.#storage.sql
      .exec<StoredKey>('SELECT version, master, wrapped FROM subject_keys WHERE version = ?', version)
      .toArray()[0];
  }

  #hasTable(): boolean {
    const made = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'subject_keys'";
    return this.#storage.sql.exec(made).toArray().length > 0;
  }

  /** A wrapped key is good for its own subject and version alone. */
  #wrapContext(version: number): string {
    return `folio key ${this.#subject} ${version}`;
  }

  #context(version: number, kind: PersonalKind): string {
    return `folio data ${this.#subject} ${version} ${kind}`;
  }
}

/** The platform binds ArrayBuffers alone, and a Buffer may be a part of a larger one. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** A key of the backup as a row. */
function storedOf({ version, master, wrapped }: WrappedKey): StoredKey {
  return { version, master, wrapped: bufferOf(Buffer.from(wrapped, 'base64')) };
}
