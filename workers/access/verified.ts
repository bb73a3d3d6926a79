/** Callers whose token was verified a moment ago: a signature costs more than the command that it comes with. */
import { hash } from 'node:crypto';
import type { KnownCaller } from './principal.ts';

/** Tokens remembered at a time, a few hundred bytes each. The oldest goes first; a dropped one is verified anew. */
export const VERIFIED_MAX = 10_000;

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

  get size(): number {
    return this.#callers.size;
  }

  find(tokenHash: string, now: number): KnownCaller | undefined {
    const found = this.#callers.get(tokenHash);
    if (found === undefined) return undefined;
    if (now < found.until) return found.caller;
    this.#callers.delete(tokenHash);
    return undefined;
  }

  /** Remembers a caller until `until` or until the token ends, and never for long. */
  add(tokenHash: string, caller: KnownCaller, now: number, until = Number.POSITIVE_INFINITY): void {
    if (this.#callers.size >= VERIFIED_MAX) {
      const [oldest] = this.#callers.keys();
      if (oldest !== undefined) this.#callers.delete(oldest);
    }
    this.#callers.set(tokenHash, { caller, until: Math.min(until, caller.endsAt, now + VERIFIED_MS) });
  }
}

const utf8 = new TextEncoder();

/** SHA-256 of a token or of a secret, in hexadecimal digits. */
export function secretHash(secret: string): string {
  return hash('sha256', utf8.encode(secret), 'hex');
}
