/** What accounts hold at one moment, gathered for reports about those who own them. Quantities and prices are decimal strings. */

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
