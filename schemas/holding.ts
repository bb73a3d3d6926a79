/** What accounts hold at one moment, gathered for reports about those who own them. Quantities and prices are decimal strings. */

/** Name of the object that knows which moments are kept; the others have the name of their moment, in digits. */
export const KEPT_MOMENTS = 'kept moments';

/** Milliseconds that holdings are kept after they were begun: whoever comes later gathers them again. */
export const KEPT_MS = 86_400_000;

/** Milliseconds that holdings are kept whatever else begins: time enough for every page of a report over many accounts. */
export const KEPT_AT_LEAST_MS = 3_600_000;

/** Moments at once, a report in a quarter of an hour for a day: those of a million holdings have some 200 MB each, 20 GB in all. */
export const MOMENTS_MAX = 100;

/**
 * Moments that one caller may name and have kept before the first of them has had {@link KEPT_AT_LEAST_MS}: a fifth, so that it leaves
 * room for others, whatever it asks for.
 */
export const MOMENTS_OF_ONE_MAX = 20;

/**
 * Milliseconds from one moment to the next of those that are kept for reports which name none: they share them. Some 60 begin in the
 * time that moments are kept at least, so that whoever asks again and again leaves room for reports that name theirs.
 */
export const SHARED_MOMENT_MS = 60_000;

/** What one account holds of a symbol. */
export interface Holding {
  readonly customerId: string;
  readonly symbol: string;
  /** Of the account, and so of the price. */
  readonly currency: string;
  readonly accountId: string;
  /** Not zero; negative: short. */
  readonly quantity: string;
  /** Of the trade in the symbol that the account executed last; null where none is known. */
  readonly price: string | null;
  readonly priceTradeId: string | null;
  /** RFC 3339. */
  readonly pricedAt: string | null;
}

/** A holder and what it holds: the order of a report about holders. */
export interface HolderKey {
  readonly customerId: string;
  readonly symbol: string;
}

/** Some accounts, all that there are after one of them up to another, and what they hold. */
export interface GatheredAccounts {
  /** The account that these follow; empty at the beginning. */
  readonly afterAccountId: string;
  readonly lastAccountId: string;
  /** Whether there are no others behind them. */
  readonly isLast: boolean;
  readonly holdings: readonly Holding[];
}

/**
 * What became of accounts that were handed over: taken; missing others that they follow, or of a moment that is kept no more; or not
 * taken since too many moments are kept, in all or for this caller, of which one makes room after some milliseconds.
 */
export type Taken =
  | { readonly status: 'taken' | 'missing' }
  | { readonly status: 'full'; readonly waitMs: number };
