/**
 * Rate limits as one isolate keeps them. Most callers ask for little: a part of every quota is given out without asking
 * anybody. For whoever asks for more, units are borrowed from its rate limiter in lots and ahead of need, so that no request
 * ever waits for a limiter.
 *
 * One isolate never gives out more than the quota. Several together give out at most the quota and, each, what it gives out
 * unasked or while a loan is under way.
 */
import type { TakeLease } from '../../actors/ambient/rateLimiters.ts';
import { type Quota, WINDOW_SECONDS } from './quotas.ts';

/** Part of a quota that is given out unasked. */
const UNASKED_SHARE = 0.1;

/** Part of a quota that is borrowed at a time. */
const LOT_SHARE = 0.1;

/**
 * Keys of a policy accounted for at a time; with one more the window begins anew for the one that has been known longest, rather than
 * to grow without bounds. Accounts are named by whoever sends commands, and must not make room for their sender's own window.
 */
export const KEYS_MAX = 50_000;

const WINDOW_MS = WINDOW_SECONDS * 1_000;

/** What allowances need of their world. */
export interface AllowanceDeps {
  readonly now: () => number;
  readonly takeLease: TakeLease;
  /** A limiter did not answer; its units are given out on trust. */
  readonly onFailure: (error: unknown) => void;
}

/** What became of a demand. */
export interface Allowed {
  /** Units granted: all, or the first few where no more were left. */
  readonly granted: number;
  /** Units still to be had in this window, as far as is known here. */
  readonly left: number;
  /** Seconds until the next window. */
  readonly resetSeconds: number;
  /** Goes on after the request was answered, and never rejects. */
  readonly loan: Promise<void> | undefined;
}

/** One key's share of one window. */
interface Account {
  readonly window: number;
  /** Units given out here. */
  spent: number;
  /** Units that the limiter has counted for us, given out or not. */
  covered: number;
  /** Units that nobody has taken, as the limiter last said. */
  left: number;
  isBorrowing: boolean;
  /** Nothing is left to borrow in this window. */
  isExhausted: boolean;
}

/** The allowances of one isolate, of every key seen in the current window. */
export class Allowances {
  readonly #deps: AllowanceDeps;
  #window = Number.NEGATIVE_INFINITY;
  readonly #accounts = { client: new Map<string, Account>(), account: new Map<string, Account>() };

  constructor(deps: AllowanceDeps) {
    this.#deps = deps;
  }

  /** Keys that are accounted for. */
  get size(): number {
    return this.#accounts.client.size + this.#accounts.account.size;
  }

  /** Takes up to `wanted` units of a key's quota, at once. */
  take(key: string, wanted: number, quota: Quota): Allowed {
    const { policy, units } = quota;
    const now = this.#deps.now();
    const account = this.#account(key, Math.floor(now / WINDOW_MS), quota);
    const here = units - account.spent;
    const available = account.isExhausted ? Math.min(here, account.covered - account.spent) : here;
    const granted = Math.max(0, Math.min(wanted, available));
    account.spent += granted;
    const loan = this.#needsLoan(account, units)
      ? this.#borrow(`${policy}:${key}`, account, units)
      : undefined;
    const credit = Math.max(0, account.covered - account.spent);
    return {
      granted,
      left: Math.max(0, Math.min(units - account.spent, account.left + credit)),
      resetSeconds: Math.ceil(((account.window + 1) * WINDOW_MS - now) / 1_000),
      loan,
    };
  }

  #account(key: string, window: number, { policy, units }: Quota): Account {
    if (window > this.#window) {
      this.#window = window;
      for (const accounts of Object.values(this.#accounts)) accounts.clear();
    }
    const accounts = this.#accounts[policy];
    let account = accounts.get(key);
    if (account === undefined) {
      if (accounts.size >= KEYS_MAX) accounts.delete(accounts.keys().next().value as string);
      account = {
        window: this.#window,
        spent: 0,
        covered: 0,
        left: units,
        isBorrowing: false,
        isExhausted: false,
      };
      accounts.set(key, account);
    }
    return account;
  }

  #needsLoan({ spent, covered, isBorrowing, isExhausted }: Account, units: number): boolean {
    if (isBorrowing || isExhausted || spent <= units * UNASKED_SHARE) return false;
    return covered - spent < lotOf(units) / 2;
  }

  async #borrow(name: string, account: Account, units: number): Promise<void> {
    account.isBorrowing = true;
    const lot = lotOf(units);
    const used = Math.max(0, account.spent - account.covered);
    try {
      const { granted, left } = await this.#deps.takeLease(name, lot, used, units, account.window);
      account.covered += used + granted;
      account.left = left;
      account.isExhausted = granted < lot;
    } catch (error) {
      // Without its limiter a client is held to the quota by each isolate alone: better than to refuse everybody.
      account.covered += used + lot;
      this.#deps.onFailure(error);
    } finally {
      account.isBorrowing = false;
    }
  }
}

function lotOf(units: number): number {
  return Math.max(1, Math.floor(units * LOT_SHARE));
}
