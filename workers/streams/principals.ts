/**
 * Who is behind the sockets of a hub. An attachment has room for 16 KB, the grants of one caller may take 64: so a caller is
 * stored once under its hash, however many sockets it has, and sockets carry the hash.
 */
import { ROLES, type Role } from '../../schemas/role.ts';
import type { Principal } from '../access/principal.ts';
import { secretHash } from '../access/verified.ts';

/** Storage of a hub: the platform's synchronous key-value store. */
export interface PrincipalStorage {
  get(key: string): string | undefined;
  put(key: string, value: string): void;
  delete(key: string): void;
  keys(): Iterable<string>;
}

/** A caller as a text, for a header or a store. */
export function principalText({ userId, roles, accounts }: Principal): string {
  return JSON.stringify({ userId, roles, ...(accounts === undefined ? {} : { accounts: [...accounts] }) });
}

/** The caller of a text that {@link principalText} made. */
export function principalOf(text: string): Principal {
  const { userId, roles, accounts } = JSON.parse(text) as {
    userId: string;
    roles: string[];
    accounts?: string[];
  };
  return {
    userId,
    roles: roles.filter((role): role is Role => (ROLES as readonly string[]).includes(role)),
    accounts: accounts === undefined ? undefined : new Set(accounts),
  };
}

export class Principals {
  readonly #storage: PrincipalStorage;
  readonly #known = new Map<string, Principal>();

  constructor(storage: PrincipalStorage) {
    this.#storage = storage;
  }

  /** Keeps a caller; answers the key under which it is found. */
  keep(text: string): string {
    const key = secretHash(text);
    if (this.#storage.get(key) === undefined) this.#storage.put(key, text);
    return key;
  }

  find(key: string): Principal | undefined {
    let principal = this.#known.get(key);
    if (principal === undefined) {
      const text = this.#storage.get(key);
      if (text === undefined) return undefined;
      principal = principalOf(text);
      this.#known.set(key, principal);
    }
    return principal;
  }

  /** One of its sockets is gone, maybe its last: it is not held in memory for others, who have it or read it anew. */
  forget(key: string): void {
    this.#known.delete(key);
  }

  /** Lets go of all that no socket carries. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of [...this.#storage.keys()]) if (!keys.has(key)) this.#storage.delete(key);
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
  }
}
