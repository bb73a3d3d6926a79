/** What the platform answers, as far as the demonstration looks at it. Written from the contract. */

/** An account: `GET /v1/accounts/{id}` and its portfolio. */
export interface AccountResource {
  readonly accountId: string;
  readonly status: string;
  readonly currency: string;
  readonly cash: { readonly total: string; readonly reserved: string; readonly available: string };
  readonly fees: string;
  readonly positions: readonly ShownPosition[];
  readonly limits: Readonly<Record<string, unknown>>;
  readonly version: number;
}

/** A holding of an account. */
export interface ShownPosition {
  readonly symbol: string;
  readonly quantity: string;
  readonly averageCost: string;
  readonly realizedPnl: string;
}

/** `GET /v1/audit/account/{id}`. */
export interface AuditReport {
  readonly ok: boolean;
  readonly version: number;
  readonly headHash: string;
  readonly eventsChecked: number;
}

/** A row of `GET /v1/accounts/{id}/trades`. */
export interface TradeRow {
  readonly version: number;
  readonly tradeId: string;
  readonly symbol: string;
  readonly side: string;
  readonly quantity: string;
  readonly price: string;
  readonly notional: string;
  readonly fee: string;
  readonly realizedPnl: string;
  readonly executedAt: string;
}

/** An event: `GET /v1/accounts/{id}/events` and `GET /v1/events`. */
export interface Envelope {
  readonly eventId: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: number;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly recordedAt: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly previousHash: string;
  readonly hash: string;
}

/** Items in a page: the most that the contract gives. */
export const PAGE = 1_000;
