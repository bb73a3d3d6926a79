/** Callers whose token was verified a moment ago: a signature costs more than the command that it comes with. */
import { hash } from 'node:crypto';
import type { KnownCaller } from './principal.ts';

/** Tokens remembered at a time, a few hundred bytes each beside the accounts. The oldest goes first; a dropped one is verified anew. */
export const VERIFIED_MAX = 10_000;

/** Accounts that all of them grant together: a token may grant a thousand, of some sixty bytes each, and an isolate has 128 MB for everything. */
export const VERIFIED_ACCOUNTS_MAX = 100_000;

/** A verified token is looked at again after so long: what was revoked ends by then. */
export const VERIFIED_MS = 30_000;

interface Verified {
  readonly caller: KnownCaller;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** By the hash of the token: memory holds none, and looking one up takes a time that tells nothing about the others. */
export class VerifiedCallers {
  readonly #callers = new Map<string, Verified>();
  #accounts = 0;

  get size(): number {
    return this.#callers.size;
  }

  find(tokenHash: string, now: number): KnownCaller | undefined {
    const found = this.#callers.get(tokenHash);
    return found !== undefined && now < found.until ? found.caller : undefined;
  }

  /** Whether the token was taken before, and not refused since: it is looked at again, and nobody's guess. */
  has(tokenHash: string): boolean {
    return this.#callers.has(tokenHash);
  }

  /** The token was refused. */
  forget(tokenHash: string): void {
    const found = this.#callers.get(tokenHash);
    if (found !== undefined) this.#drop(tokenHash, found);
  }

  /** Remembers a caller until `until` or until the token ends, and never for long. */
  add(tokenHash: string, caller: KnownCaller, now: number, until = Number.POSITIVE_INFINITY): void {
    const before = this.#callers.get(tokenHash);
    if (before !== undefined) this.#drop(tokenHash, before);
    this.#callers.set(tokenHash, { caller, until: Math.min(until, caller.endsAt, now + VERIFIED_MS) });
    this.#accounts += accountsOf(caller);
    for (const [oldest, verified] of this.#callers) {
      if (this.#callers.size <= VERIFIED_MAX && this.#accounts <= VERIFIED_ACCOUNTS_MAX) break;
      this.#drop(oldest, verified);
    }
  }

  #drop(tokenHash: string, { caller }: Verified): void {
    this.#callers.delete(tokenHash);
    this.#accounts -= accountsOf(caller);
  }
}

function accountsOf({ principal }: KnownCaller): number {
  return principal.accounts?.size ?? 0;
}

const utf8 = new TextEncoder();

/** SHA-256 of a token or of a secret, in hexadecimal digits. */
export function secretHash(secret: string): string {
  return hash('sha256', utf8.encode(secret), 'hex');
}
