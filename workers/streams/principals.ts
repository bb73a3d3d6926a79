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

/** A caller that sockets share. */
interface Held {
  readonly principal: Principal;
  sockets: number;
}

export class Principals {
  readonly #storage: PrincipalStorage;
  /** Those who are connected. */
  readonly #held = new Map<string, Held>();

  constructor(storage: PrincipalStorage) {
    this.#storage = storage;
  }

  /** Keeps a caller; answers the key under which it is found. */
  keep(text: string): string {
    const key = secretHash(text);
    if (this.#storage.get(key) === undefined) this.#storage.put(key, text);
    return key;
  }

  /** The caller of one more socket: one in memory for all its sockets, since its grants may take more than they do. */
  hold(key: string): Principal | undefined {
    let held = this.#held.get(key);
    if (held === undefined) {
      const text = this.#storage.get(key);
      if (text === undefined) return undefined;
      held = { principal: principalOf(text), sockets: 0 };
      this.#held.set(key, held);
    }
    held.sockets++;
    return held.principal;
  }

  /** One of its sockets is gone: with the last one it leaves memory. */
  release(key: string): void {
    const held = this.#held.get(key);
    if (held !== undefined && --held.sockets === 0) this.#held.delete(key);
  }

  /** Lets go of all that no socket carries. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of [...this.#storage.keys()]) if (!keys.has(key)) this.#storage.delete(key);
  }
}
