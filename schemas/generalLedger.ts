/**
 * The general ledger: what the reconciler has read of every account, each up to a version of its own, and the sums over all
 * of them. Amounts are decimal strings.
 */

/** What an account's events come to up to a version. */
export interface AccountBook {
  readonly accountId: string;
  readonly currency: string;
  /** The last event that was read. */
  readonly version: number;
  /** The newest event of the account when it was read. */
  readonly head: number;
  /** What the account itself says that it holds as of `version`. */
  readonly held: string;
  /** What came from outside and what went there, by the amounts that the events name. */
  readonly deposited: string;
  readonly withdrawn: string;
  /** What trades and their amendments brought; below zero where they cost more. Fees are in it. */
  readonly traded: string;
  /** What came from other accounts and what left for them. */
  readonly transferredIn: string;
  readonly transferredOut: string;
}

/** One side of a transfer as the log of an account has it. */
export interface TransferSide {
  readonly transferId: string;
  readonly way: 'out' | 'in';
  readonly accountId: string;
  readonly version: number;
  readonly otherId: string;
  readonly amount: string;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
}

/** The next events of an account, read: its book after them, and the transfers among them. */
export interface Reading {
  /** The version after which they follow. */
  readonly fromVersion: number;
  readonly book: AccountBook;
  readonly transfers: readonly TransferSide[];
}

/** The sums over all accounts of a currency, each at the version at which its book stands. */
export interface CurrencySums {
  readonly currency: string;
  readonly accounts: number;
  /** Events that were read: the sum of those versions. */
  readonly events: number;
  /** Events that were there and are still to be read. */
  readonly eventsBehind: number;
  readonly held: string;
  readonly deposited: string;
  readonly withdrawn: string;
  readonly traded: string;
  /**
   * What has left an account and not reached another, as far as both are read; what has arrived is taken off where the one
   * that it left is read less far.
   */
  readonly inTransit: string;
  /** When a book last changed, milliseconds since 1970. */
  readonly asOf: number;
}
