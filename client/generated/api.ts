// Made from the API by `npm run docs`.

export type OpenAccountCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "OpenAccount";
readonly data: {
/** An id that its client made. */
readonly customerId: string;
readonly accountType: "INDIVIDUAL" | "CORPORATE";
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly initialBalance?: string | number;
/** An id that its client made. */
readonly accountId?: string;
};
};

export type DepositFundsCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "DepositFunds";
/** Takes cash in from outside the platform. */
readonly data: {
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly amount: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reference?: string;
};
};

export type WithdrawFundsCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "WithdrawFunds";
/** Sends cash out of the platform. */
readonly data: {
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly amount: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reference?: string;
};
};

export type ExecuteTradeCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "ExecuteTrade";
/** Books a trade that was made on some venue. */
readonly data: {
/** An id that its client made. */
readonly tradeId: string;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly price: string | number;
readonly side: "BUY" | "SELL";
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly fee?: string | number;
/** RFC 3339, to the millisecond; another offset is converted to UTC. */
readonly executedAt?: string;
};
};

export type SetLimitsCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "SetLimits";
/** Replaces the limits that are sent; null lifts one. */
readonly data: {
readonly maxOrderNotional?: string | number | null;
readonly maxPositionQuantity?: string | number | null;
readonly maxPositionNotional?: string | number | null;
readonly allowShort?: boolean;
};
};

export type FreezeAccountCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "FreezeAccount";
/** Stops all that moves money until the account is unfrozen. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type UnfreezeAccountCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "UnfreezeAccount";
/** Lets a frozen account go on. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type CloseAccountCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "CloseAccount";
/** Ends the account for good; it must be empty. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type CorrectTradeCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "CorrectTrade";
/** Says what a trade really was: cash, average cost and profit become what they had been then. */
readonly data: {
/** An id that its client made. */
readonly tradeId: string;
readonly side?: "BUY" | "SELL";
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity?: string | number;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly price?: string | number;
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly fee?: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type CancelTradeCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "account";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "CancelTrade";
/** Says that a trade never was. It cannot be booked again. */
readonly data: {
/** An id that its client made. */
readonly tradeId: string;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type PutProductCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "product";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "PutProduct";
/** Creates the product, or replaces its name and price. */
readonly data: {
readonly name: string;
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly unitPrice: string | number;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
};
};

export type ReceiveStockCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "inventory";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "ReceiveStock";
/** Takes goods in. */
readonly data: {
/** Whole number greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reference?: string;
};
};

export type AdjustStockCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "inventory";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "AdjustStock";
/** Corrects the count, up or down, never below what is reserved. */
readonly data: {
/** Whole number other than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type ReserveStockCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "inventory";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "ReserveStock";
/** Promises units, until a time if one is given. */
readonly data: {
/** The id of an aggregate: of its client, or made from one. */
readonly reservationId: string;
/** Whole number greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** RFC 3339, to the millisecond; another offset is converted to UTC. */
readonly expiresAt?: string;
};
};

export type ReleaseReservationCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "inventory";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "ReleaseReservation";
/** Gives up what is left of a reservation. One that was never made is barred: whatever asks for it later is refused. */
readonly data: {
/** The id of an aggregate: of its client, or made from one. */
readonly reservationId: string;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason?: string;
};
};

export type CommitReservationCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "inventory";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "CommitReservation";
/** Reserved goods leave: so many, or all that is left of the reservation. Of one that has expired they come out of what is available. */
readonly data: {
/** The id of an aggregate: of its client, or made from one. */
readonly reservationId: string;
/** Whole number greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity?: string | number;
};
};

export type PlaceOrderCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "order";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "PlaceOrder";
readonly data: {
/** An id that its client made. */
readonly orderId?: string;
/** An id that its client made. */
readonly customerId: string;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly items: readonly ({
/** An id that its client made. */
readonly productId: string;
/** Whole number greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly unitPrice: string | number;
})[];
readonly payment: {
/** How the customer pays. */
readonly method: string;
/** What stands for the card at the provider; never a card number. */
readonly token: string;
};
/** An address in parts: `name`, `line1`, `city`, `postalCode`, `country` and whatever else it has. */
readonly shipTo: { readonly [name: string]: string } | string;
};
};

export type ShipOrderCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "order";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "ShipOrder";
/** Goods leave: all that is left, or the items that are given. */
readonly data: {
readonly carrier: string;
readonly trackingNumber: string;
/** What leaves now; where absent, all that is left. */
readonly items?: readonly ({
/** The place of the item in the order: 1, 2, 3, … */
readonly line: number;
/** Whole number greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
})[];
};
};

export type DeliverOrderCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "order";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "DeliverOrder";
/** The goods have arrived. */
readonly data: { readonly [name: string]: never };
};

export type CancelOrderCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "order";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "CancelOrder";
/** Ends the order before anything has left. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type AuthorizePaymentCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "payment";
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly type: "AuthorizePayment";
/** Asks the provider to hold the amount. */
readonly data: {
/** An id that its client made. */
readonly orderId: string;
/** An id that its client made. */
readonly customerId: string;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly amount: string | number;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** How the customer pays. */
readonly method: string;
/** What stands for the card at the provider; never a card number. */
readonly token: string;
};
};

export type CapturePaymentCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "payment";
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly type: "CapturePayment";
/** Takes some or all of what is held. */
readonly data: {
/** Everything that is left, where it is absent. */
readonly amount?: string | number;
/** Whether the rest is let go; true where it is absent. */
readonly final?: boolean;
};
};

export type VoidPaymentCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "payment";
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly type: "VoidPayment";
/** Lets go of what is held, also where the answer to the authorisation is still to come. A payment that does not exist yet is barred: whatever asks for it later is refused. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type RefundPaymentCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "payment";
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly type: "RefundPayment";
/** Gives back some or all of what was captured. */
readonly data: {
/** An id that its client made. */
readonly refundId: string;
/** Everything that is left, where it is absent. */
readonly amount?: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason?: string;
};
};

export type IssueServiceKeyCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "serviceKey";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "IssueServiceKey";
/** Issues a key to a service. */
readonly data: {
/** SHA-256 of the secret, in hexadecimal digits. The secret has 43 to 128 characters of A-Z, a-z, 0-9, _ and -. */
readonly secretHash: string;
/** What the service may do. */
readonly roles: readonly ("trader" | "operations" | "risk" | "auditor" | "admin")[];
/** The accounts that it is confined to, whatever its roles. */
readonly accounts?: readonly (string)[];
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly description: string;
/** RFC 3339, to the millisecond; another offset is converted to UTC. */
readonly expiresAt?: string;
};
};

export type RotateServiceKeyCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "serviceKey";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "RotateServiceKey";
/** Gives the key another secret. */
readonly data: {
/** SHA-256 of the secret, in hexadecimal digits. The secret has 43 to 128 characters of A-Z, a-z, 0-9, _ and -. */
readonly secretHash: string;
/** For how long the secret before still counts; 0 where it is left out. */
readonly graceSeconds?: number;
};
};

export type RevokeServiceKeyCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "serviceKey";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "RevokeServiceKey";
/** Ends the key for good. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type RetrySagaCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "saga";
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly type: "RetrySaga";
/** Lets a parked saga try again what it could neither do nor undo. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type CompensateSagaCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "saga";
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly type: "CompensateSaga";
/** Has everything undone that the saga did. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type SettleSagaCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "saga";
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly type: "SettleSaga";
/** Says that the money which a parked saga could not take, or give back, has come or gone by another way: the saga goes on. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type RotateSubjectKeyCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "subject";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "RotateSubjectKey";
/** Gives the subject another key for what comes; the ones before stay until erasure. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type PlaceLegalHoldCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "subject";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "PlaceLegalHold";
/** Keeps the subject from being erased; again, for another reason. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type LiftLegalHoldCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "subject";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "LiftLegalHold";
/** Lets the subject be erased again. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type EraseSubjectCommand = {
/** An idempotency key: 1 to 128 visible ASCII characters. */
readonly commandId: string;
readonly expectedVersion?: number;
readonly aggregateType: "subject";
/** An id that its client made. */
readonly aggregateId: string;
readonly type: "EraseSubject";
/** Destroys every key of the subject, and with them the subject's data. */
readonly data: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
};

export type GraphQlRequest = {
/** The document. Absent alone where `extensions` name a persisted one, as clients try first: that is answered `persisted_query_not_supported`, and they send the document. */
readonly query?: string;
/** Which operation of the document to run, where there are several. */
readonly operationName?: string | null;
/** Values of the variables. */
readonly variables?: { readonly [name: string]: unknown } | null;
/** Taken, as the specification has it, and not looked at beside a document. */
readonly extensions?: { readonly [name: string]: unknown } | null;
};

export type CommandReply = {
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly version: number;
readonly events: readonly (EventReference)[];
};

/** An event as answers name it. */
export type EventReference = {
readonly eventId: string;
readonly eventType: string;
readonly version: number;
};

export type Account = {
/** An id that its client made. */
readonly accountId: string;
/** An id that its client made. */
readonly customerId: string;
readonly accountType: "INDIVIDUAL" | "CORPORATE";
readonly status: "OPEN" | "FROZEN" | "CLOSED";
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly cash: {
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly total: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly reserved: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly available: string;
};
/** Every fee paid so far. */
readonly fees: string;
readonly positions: readonly (Position)[];
readonly limits: {
readonly maxOrderNotional: string | null;
readonly maxPositionQuantity: string | null;
readonly maxPositionNotional: string | null;
readonly allowShort: boolean;
};
readonly version: number;
};

export type Position = {
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly quantity: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly averageCost: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly realizedPnl: string;
};

export type TradeReply = {
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly version: number;
readonly events: readonly (EventReference)[];
/** An id that its client made. */
readonly tradeId: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly cash: string;
readonly position: Position;
};

export type Trade = {
/** An id that its client made. */
readonly tradeId: string;
readonly version: number;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
readonly side: "BUY" | "SELL";
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly quantity: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly price: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly notional: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly fee: string;
/** As it was known when the trade, or its correction, was booked. */
readonly realizedPnl: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly executedAt: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly recordedAt: string;
/** A cancelled trade shows its last terms, which count no more. */
readonly status: "EXECUTED" | "CORRECTED" | "CANCELLED";
/** The version of its last correction or cancellation. */
readonly amendedVersion: number | null;
};

export type Event = {
/** A UUID of version 8, made from the hash. */
readonly eventId: string;
/** What kind of thing it happened to. */
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
/** 1, 2, 3, … within the aggregate. */
readonly version: number;
/** What happened. */
readonly eventType: string;
/** The shape of `data`. */
readonly schemaVersion: number;
/** RFC 3339 in UTC, to the millisecond. */
readonly recordedAt: string;
/** What there is to say of it, as it was stored. */
readonly data: { readonly [name: string]: unknown };
/** Who caused it, and why. */
readonly metadata: {
/** Who sent the command. */
readonly userId: string;
/** The id of the command; one of a timer or an effect has spaces. */
readonly commandId: string;
/** What the command, and all that follows from it, belongs to. */
readonly correlationId: string;
/** The event that led to the command; null where a client did. */
readonly causationId: string | null;
/** The saga that sent the command. */
readonly sagaId?: string;
};
/** The hash of the event before; 64 zeros for the first. */
readonly previousHash: string;
/** SHA-256 of the RFC 8785 JSON of this envelope without `eventId` and `hash`. */
readonly hash: string;
};

export type Portfolio = {
/** An id that its client made. */
readonly accountId: string;
/** An id that its client made. */
readonly customerId: string;
readonly accountType: "INDIVIDUAL" | "CORPORATE";
readonly status: "OPEN" | "FROZEN" | "CLOSED";
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly cash: {
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly total: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly reserved: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly available: string;
};
/** Every fee paid so far. */
readonly fees: string;
readonly positions: readonly (Position)[];
readonly limits: {
readonly maxOrderNotional: string | null;
readonly maxPositionQuantity: string | null;
readonly maxPositionNotional: string | null;
readonly allowShort: boolean;
};
readonly version: number;
/** Where a moment was asked for. */
readonly asOf?: {
/** The time that was asked for; null where it was a version. */
readonly at: string | null;
/** The newest one that had been recorded by then. */
readonly version: number;
/** When it was recorded. */
readonly recordedAt: string;
readonly knowledge: "recorded" | "known";
/** Corrections and cancellations of trades count up to this version. */
readonly knownVersion: number;
};
};

export type Amendment = {
readonly version: number;
readonly eventType: "TradeCorrected" | "TradeCancelled";
/** RFC 3339 in UTC, to the millisecond. */
readonly recordedAt: string;
/** An id that its client made. */
readonly tradeId: string;
/** The version of the trade that the event is about. */
readonly tradeVersion: number;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
/** What the event adds to balance, fees, holding and profit in the symbol. */
readonly changes: {
/** Decimal, at most 22 digits before the point and 8 after it. */
readonly cash: string;
/** Decimal, at most 22 digits before the point and 8 after it. */
readonly fees: string;
/** Decimal, at most 22 digits before the point and 8 after it. */
readonly quantity: string;
/** Decimal, at most 22 digits before the point and 8 after it. */
readonly realizedPnl: string;
};
};

export type BalancePeriod = {
/** `2026-01-31`, `2026-W05` (ISO 8601) or `2026-01`. */
readonly period: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly from: string;
/** The first moment after the period. */
readonly to: string;
/** 0 in the period in which the account was opened. */
readonly opening: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly closing: string;
/** The lowest balance at any moment of the period. */
readonly minimum: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly maximum: string;
};

export type Statement = {
/** The id of an aggregate: of its client, or made from one. */
readonly accountId: string;
/** An id that its client made. */
readonly customerId: string;
readonly accountType: "INDIVIDUAL" | "CORPORATE";
/** At the end of the period, as everything that is no movement. */
readonly status: "OPEN" | "FROZEN" | "CLOSED";
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** The period begins here; null: with the account. */
readonly from: string | null;
/** The period ends before this; null: with the newest event. */
readonly to: string | null;
/** When the newest event that is covered was recorded. */
readonly asOf: string;
/** The log that is covered, and up to which version. */
readonly heads: readonly (Head)[];
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly openingBalance: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly closingBalance: string;
/** What of the closing balance was set aside for transfers. */
readonly reserved: string;
readonly totals: {
/** Decimal, at most 37 digits before the point and 8 after it. */
readonly deposits: string;
/** Decimal, at most 37 digits before the point and 8 after it. */
readonly withdrawals: string;
/** Decimal, at most 37 digits before the point and 8 after it. */
readonly transfersIn: string;
/** Decimal, at most 37 digits before the point and 8 after it. */
readonly transfersOut: string;
/** Without fees, as sales. */
readonly purchases: string;
/** Decimal, at most 37 digits before the point and 8 after it. */
readonly sales: string;
/** Of trades that were corrected or cancelled, without fees. */
readonly corrections: string;
/** Decimal, at most 37 digits before the point and 8 after it. */
readonly fees: string;
};
readonly realizedPnl: {
/** Of the period. Fees are not in it. */
readonly total: string;
readonly bySymbol: readonly ({
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** Decimal, at most 37 digits before the point and 8 after it. */
readonly realizedPnl: string;
})[];
};
readonly movements: readonly (Movement)[];
readonly positions: readonly (StatementPosition)[];
/** Holdings are valued at the price of the trade in the symbol that this account executed last. */
readonly priceSource: "ACCOUNT_LAST_TRADE";
/** Of all positions with a price. */
readonly positionsValue: string;
/** Closing balance and the value of the positions. */
readonly totalValue: string;
};

export type Head = {
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly version: number;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly hash: string;
};

export type Movement = {
/** Of the account: its event. */
readonly version: number;
readonly eventId: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly recordedAt: string;
readonly kind: "INITIAL_DEPOSIT" | "DEPOSIT" | "WITHDRAWAL" | "BUY" | "SELL" | "TRANSFER_IN" | "TRANSFER_OUT" | "TRADE_CORRECTION" | "TRADE_CANCELLATION";
/** What was added to the balance, fees included; negative: taken. */
readonly amount: string;
/** The balance after it. */
readonly balance: string;
readonly reference: string | null;
readonly transfer: {
/** An id that its client made. */
readonly transferId: string;
/** The other account. */
readonly accountId: string;
} | null;
readonly trade: StatementTrade | null;
readonly amendment: StatementAmendment | null;
};

export type StatementTrade = {
/** An id that its client made. */
readonly tradeId: string;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
readonly side: "BUY" | "SELL";
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly quantity: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly price: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly notional: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly fee: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly realizedPnl: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly executedAt: string;
};

export type StatementAmendment = {
/** An id that its client made. */
readonly tradeId: string;
/** The version of the trade that the event is about. */
readonly tradeVersion: number;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** When that trade was recorded: what is known now holds from then on. */
readonly effectiveAt: string;
/** What the event adds to balance, fees, holding and profit in the symbol. */
readonly changes: {
/** Decimal, at most 22 digits before the point and 8 after it. */
readonly cash: string;
/** Decimal, at most 22 digits before the point and 8 after it. */
readonly fees: string;
/** Decimal, at most 22 digits before the point and 8 after it. */
readonly quantity: string;
/** Decimal, at most 22 digits before the point and 8 after it. */
readonly realizedPnl: string;
};
};

export type StatementPosition = {
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly quantity: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly averageCost: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly costBasis: string;
/** Null where no price is known, and so no value. */
readonly price: string | null;
/** The trade whose price it is. */
readonly priceTradeId: string | null;
/** When that trade was executed. */
readonly pricedAt: string | null;
/** Quantity × price; negative for a short position. */
readonly marketValue: string | null;
/** Market value less cost basis. */
readonly unrealizedPnl: string | null;
};

export type BlotterRow = {
/** The id of an aggregate: of its client, or made from one. */
readonly accountId: string;
/** An id that its client made. */
readonly customerId: string;
readonly version: number;
readonly eventId: string;
readonly eventType: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly recordedAt: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly executedAt: string;
/** An id that its client made. */
readonly tradeId: string;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** Null, as the other terms, where the trade was cancelled. */
readonly side: "BUY" | "SELL" | null;
readonly quantity: string | null;
readonly price: string | null;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly notional: string | null;
readonly fee: string | null;
readonly realizedPnl: string | null;
/** The trade that is corrected or cancelled. */
readonly amendedVersion: number | null;
readonly reason: string | null;
readonly userId: string;
};

export type TransactionRow = {
/** The id of an aggregate: of its client, or made from one. */
readonly accountId: string;
/** An id that its client made. */
readonly customerId: string;
readonly accountType: string;
/** What the account was. */
readonly accountSide: "BUYER" | "SELLER" | null;
/** An id that its client made. */
readonly tradeId: string;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
readonly userId: string;
readonly version: number;
/** RFC 3339 in UTC, to the millisecond. */
readonly recordedAt: string;
/** Field 1: Report status. */
readonly reportStatus: string | null;
/** Field 2: Transaction Reference Number. */
readonly transactionReferenceNumber: string | null;
/** Field 28: Trading date time. */
readonly tradingDateTime: string | null;
/** Field 30: Quantity. */
readonly quantity: string | null;
/** Field 33: Price. */
readonly price: string | null;
/** Field 34: Price Currency. */
readonly priceCurrency: string | null;
/** Field 41: Instrument identification code. */
readonly instrumentId: string | null;
/** Field 62: Short selling indicator. */
readonly shortSelling: string | null;
/** Field 65: Securities financing transaction indicator. */
readonly securitiesFinancingTransaction: string | null;
};

export type TrailRow = {
/** The id of an aggregate: of its client, or made from one. */
readonly accountId: string;
readonly commandId: string;
/** Who sent the command. */
readonly userId: string;
readonly correlationId: string;
readonly causationId: string | null;
readonly sagaId: string | null;
/** When the command was decided. */
readonly recordedAt: string;
readonly eventId: string;
readonly eventType: string;
readonly version: number;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly hash: string;
/** An id that its client made. */
readonly tradeId: string;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
readonly side: "BUY" | "SELL" | null;
readonly quantity: string | null;
readonly price: string | null;
/** RFC 3339 in UTC, to the millisecond. */
readonly executedAt: string;
readonly amendedVersion: number | null;
};

export type PositionRow = {
/** The id of an aggregate: of its client, or made from one. */
readonly accountId: string;
/** An id that its client made. */
readonly customerId: string;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** When the period began. */
readonly openingQuantity: string;
/** At its end; negative: short. */
readonly quantity: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly averageCost: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly costBasis: string;
/** Of the trade in the symbol that the account executed last; null where none is known. */
readonly price: string | null;
readonly priceTradeId: string | null;
readonly pricedAt: string | null;
readonly marketValue: string | null;
readonly unrealizedPnl: string | null;
/** Of the period. */
readonly realizedPnl: string;
};

export type LargePositionRow = {
/** The id of an aggregate: of its client, or made from one. */
readonly accountId: string;
/** An id that its client made. */
readonly customerId: string;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** When the period began. */
readonly openingQuantity: string;
/** At its end; negative: short. */
readonly quantity: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly averageCost: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly costBasis: string;
/** Of the trade in the symbol that the account executed last; null where none is known. */
readonly price: string | null;
readonly priceTradeId: string | null;
readonly pricedAt: string | null;
readonly marketValue: string | null;
readonly unrealizedPnl: string | null;
/** Of the period. */
readonly realizedPnl: string;
/** The thresholds that it reaches, long or short. */
readonly reached: "QUANTITY" | "VALUE" | "QUANTITY_AND_VALUE";
};

export type LargeHolderRow = {
/** A customer's total, or one of the accounts that it is made of: these follow their total. */
readonly level: "CUSTOMER" | "ACCOUNT";
/** An id that its client made. */
readonly customerId: string;
/** Null in a total. */
readonly accountId: string | null;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** How many a total is made of. */
readonly accounts: number | null;
/** Net; negative: short. */
readonly quantity: string;
/** Of the accounts that are long. */
readonly longQuantity: string;
/** Of those that are short, as a positive number. */
readonly shortQuantity: string;
/** Net, over all accounts of the customer whatever their currency: what `minQuantity` is compared with. */
readonly quantityInAllCurrencies: string | null;
/** Of the trade in the symbol that any of these accounts executed last; null where none is known. */
readonly price: string | null;
readonly priceTradeId: string | null;
readonly priceAccountId: string | null;
readonly pricedAt: string | null;
/** Net, at that price: in a total what `minValue` is compared with. */
readonly marketValue: string | null;
/** Long and short added up. */
readonly grossValue: string | null;
/** The thresholds that a total reaches, long or short. */
readonly reached: "QUANTITY" | "VALUE" | "QUANTITY_AND_VALUE" | null;
};

export type Product = {
/** An id that its client made. */
readonly productId: string;
readonly name: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly unitPrice: string;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly version: number;
};

export type Inventory = {
/** An id that its client made. */
readonly productId: string;
/** Units that are there. */
readonly onHand: string;
/** Units of them that are promised. */
readonly reserved: string;
/** Units that may still be promised: onHand − reserved. */
readonly available: string;
readonly version: number;
};

export type SagaCommandReply = {
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly version: number;
readonly events: readonly (EventReference)[];
/** The saga that goes on from here: `GET /v1/sagas/{id}`. */
readonly sagaId: string;
};

export type OrderSummary = {
/** An id that its client made. */
readonly orderId: string;
/** An id that its client made. */
readonly customerId: string;
readonly status: "PENDING" | "CONFIRMED" | "SHIPPED" | "DELIVERED" | "CANCELLED";
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly total: string;
readonly lines: number;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly units: string;
/** Where it goes; null where the address has none. */
readonly country: string | null;
/** Why it was cancelled; null where it was not. */
readonly reason: string | null;
/** RFC 3339 in UTC, to the millisecond. */
readonly placedAt: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly updatedAt: string;
readonly version: number;
/** Where the view cannot take an event of this one and waits for an operator: the version of that event. */
readonly staleSince?: number;
};

export type Order = {
/** An id that its client made. */
readonly orderId: string;
/** An id that its client made. */
readonly customerId: string;
readonly status: "PENDING" | "CONFIRMED" | "SHIPPED" | "DELIVERED" | "CANCELLED";
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly items: readonly ({
/** The place of the item in the order: 1, 2, 3, … */
readonly line: number;
/** An id that its client made. */
readonly productId: string;
/** Whole number greater than 0, at most 15 digits before the point and 8 after it. */
readonly quantity: string;
/** Decimal, not negative, at most 15 digits before the point and 8 after it. */
readonly unitPrice: string;
/** Quantity × unit price, exact. */
readonly amount: string;
/** Units that have left. */
readonly shipped: string;
})[];
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly total: string;
readonly payment: {
/** How the customer pays. */
readonly method: string;
};
readonly shipTo: { readonly [name: string]: string } | {
readonly $masked: true;
} | {
readonly $erased: true;
} | {
readonly $unreadable: true;
};
/** Of the address; anybody who sees the order sees it. */
readonly country: string | null;
readonly shipments: readonly ({
/** The id of an aggregate: of its client, or made from one. */
readonly shipmentId: string;
readonly carrier: string;
readonly trackingNumber: string;
})[];
/** Why it was cancelled. */
readonly reason?: string;
readonly version: number;
};

export type Shipment = {
/** The id of an aggregate: of its client, or made from one. */
readonly shipmentId: string;
/** An id that its client made. */
readonly orderId: string;
readonly status: "CREATED" | "DISPATCHED" | "DELIVERED";
readonly carrier: string;
readonly trackingNumber: string;
readonly shipTo: { readonly [name: string]: string } | {
readonly $masked: true;
} | {
readonly $erased: true;
} | {
readonly $unreadable: true;
};
/** What has left with this shipment. */
readonly items: readonly ({
/** The place of the item in the order: 1, 2, 3, … */
readonly line: number;
/** An id that its client made. */
readonly productId: string;
/** Whole number greater than 0, at most 15 digits before the point and 8 after it. */
readonly quantity: string;
})[];
readonly dispatchedAt: string | null;
readonly deliveredAt: string | null;
readonly version: number;
};

export type InventoryLevel = {
/** An id that its client made. */
readonly productId: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly onHand: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly reserved: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly available: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly updatedAt: string;
readonly version: number;
/** Where the view cannot take an event of this one and waits for an operator: the version of that event. */
readonly staleSince?: number;
};

export type PaymentSummary = {
/** The id of an aggregate: of its client, or made from one. */
readonly paymentId: string;
/** An id that its client made. */
readonly orderId: string;
/** An id that its client made. */
readonly customerId: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly amount: string;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly method: string;
readonly provider: "sandbox" | "stripe";
readonly status: "PENDING" | "AUTHORIZED" | "DECLINED" | "FAILED" | "VOIDING" | "VOIDED" | "CAPTURED" | "REFUNDED";
/** What the provider has held, ever. */
readonly authorized: string;
/** What was taken of it. */
readonly captured: string;
/** What was let go of it. */
readonly released: string;
/** What went back of the captured. */
readonly refunded: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly requestedAt: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly updatedAt: string;
readonly version: number;
/** Where the view cannot take an event of this one and waits for an operator: the version of that event. */
readonly staleSince?: number;
};

export type SagaSummary = {
/** The id of an aggregate: of its client, or made from one. */
readonly sagaId: string;
readonly definition: string;
readonly definitionVersion: number;
readonly status: "RUNNING" | "COMPLETED" | "COMPENSATING" | "COMPENSATED" | "PARKED";
/** Why it turned back or waits for an operator; null where all is well. */
readonly reason: string | null;
/** RFC 3339 in UTC, to the millisecond. */
readonly startedAt: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly updatedAt: string;
readonly endedAt: string | null;
readonly version: number;
/** Where the view cannot take an event of this one and waits for an operator: the version of that event. */
readonly staleSince?: number;
};

export type Saga = {
/** The id of an aggregate: of its client, or made from one. */
readonly sagaId: string;
readonly definition: string;
readonly definitionVersion: number;
readonly status: "RUNNING" | "COMPLETED" | "COMPENSATING" | "COMPENSATED" | "PARKED";
/** Why it is undone or waits, where it does. */
readonly reason: string | null;
/** RFC 3339 in UTC, to the millisecond. */
readonly startedAt: string;
readonly endedAt: string | null;
readonly steps: readonly (SagaStep)[];
};

export type SagaStep = {
/** With a key behind a colon where there are several. */
readonly name: string;
readonly status: "PENDING" | "RUNNING" | "WAITING" | "COMPLETED" | "REFUSED" | "FAILED" | "TIMED_OUT" | "COMPENSATING" | "COMPENSATED" | "UNDO_FAILED" | "SETTLED" | "SKIPPED";
readonly attempts: number;
readonly compensationAttempts?: number;
readonly startedAt: string | null;
readonly endedAt: string | null;
readonly error?: {
readonly code: string;
readonly detail: string;
};
};

export type BatchReply = {
readonly accepted: number;
readonly refused: number;
readonly replayed: number;
/** One for each command, in the order given. */
readonly results: readonly (BatchResult)[];
};

export type BatchResult = {
/** Null where the command named none that can be told back. */
readonly commandId: string | null;
readonly status: "accepted" | "refused" | "replayed";
readonly version?: number;
/** With `refused`: the name of the problem. */
readonly code?: string;
readonly detail?: string;
/** With `invalid_request`: the faults of this command. */
readonly errors?: readonly ({
/** A field, a query parameter or a header; empty for the whole body. */
readonly path: string;
readonly message: string;
})[];
};

export type Payment = {
/** The id of an aggregate: of its client, or made from one. */
readonly paymentId: string;
/** Null where the payment was barred before it was asked for. */
readonly orderId: string | null;
readonly customerId: string | null;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly amount: string;
readonly currency: string | null;
readonly method: string | null;
readonly provider: "sandbox" | "stripe";
/** The provider's own id of the payment. */
readonly reference: string | null;
readonly status: "PENDING" | "AUTHORIZED" | "DECLINED" | "FAILED" | "VOIDING" | "VOIDED" | "CAPTURED" | "REFUNDED";
/** What the provider has held, ever. */
readonly authorized: string;
/** What was taken of it. */
readonly captured: string;
/** What was let go of it. */
readonly released: string;
/** What went back of the captured. */
readonly refunded: string;
readonly refunds: readonly ({
/** An id that its client made. */
readonly refundId: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly amount: string;
readonly status: "REQUESTED" | "REFUNDED" | "FAILED";
})[];
/** What the provider has not answered for good. */
readonly calls: readonly ({
readonly operation: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly amount: string;
/** Calls without an answer, in a row. */
readonly failures: number;
/** When the next call is made; null at once. */
readonly nextAt: string | null;
})[];
readonly version: number;
};

export type Checkpoint = {
readonly checkpoint: {
readonly format: number;
readonly sequence: number;
/** SHA-256 of the canonical JSON of the `checkpoint` before; 64 zeros for the first. */
readonly previousCheckpoint: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly issuedAt: string;
/** From the SHA-256 of the public key. */
readonly keyId: string;
/** Manifests covered: numbers 1 to this. */
readonly manifests: number;
readonly events: number;
/** Root of the Merkle tree (RFC 9162, 2.1) over their hashes. */
readonly root: string;
};
/** Ed25519 over `folio checkpoint 1`, a line feed and the canonical JSON of `checkpoint`. */
readonly signature: string;
};

export type ManifestHeader = {
readonly format: number;
readonly sequence: number;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly previousManifest: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly closedAt: string;
readonly jurisdiction: string;
/** How long the segment is kept, and which class of events asks for it; absent in format 1. */
readonly retention?: {
readonly class: string | null;
readonly years: number;
};
readonly aggregateType: string;
readonly events: number;
readonly segment: {
readonly key: string;
readonly bytes: number;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly sha256: string;
};
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly eventsRoot: string;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly headsRoot: string;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly columnsHash: string;
};

export type Rebuild = {
readonly status: "BUILDING" | "SWITCHED" | "FAILED";
/** `revert` goes back to what was live before. */
readonly kind: "rebuild" | "revert";
readonly phase: "CLEARING" | "APPLYING" | "VERIFYING" | "SWITCHING" | "SWITCHED" | "FAILED";
readonly views: readonly ("accounts" | "positions" | "trades" | "journal" | "orders" | "order_history" | "inventory" | "payments" | "sales" | "sagas")[];
readonly aggregatesTotal: number;
readonly aggregatesDone: number;
readonly aggregatesVerified: number;
readonly eventsApplied: number;
readonly differencesFound: number;
/** The first of them, between the live views, the rebuilt ones and the actors. */
readonly differences: readonly (ViewDifference)[];
/** Why it failed. */
readonly reason: string | null;
/** RFC 3339 in UTC, to the millisecond. */
readonly startedAt: string;
readonly endedAt: string | null;
};

export type ViewDifference = {
readonly view: "accounts" | "positions" | "trades" | "journal" | "orders" | "order_history" | "inventory" | "payments" | "sales" | "sagas";
readonly kind: "only_live" | "only_rebuilt" | "contradicts_owner" | "parked" | "ahead_of_log";
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly version?: number;
readonly detail?: string;
};

export type ServiceKey = {
/** An id that its client made. */
readonly keyId: string;
readonly status: "ACTIVE" | "REVOKED";
readonly roles: readonly ("trader" | "operations" | "risk" | "auditor" | "admin")[];
/** Null where it is confined to none. */
readonly accounts: readonly (string)[] | null;
readonly description: string;
readonly expiresAt: string | null;
/** Until when the secret before the last rotation counts; null where there is none. */
readonly previousValidUntil: string | null;
readonly version: number;
};

export type Subject = {
/** An id that its client made. */
readonly subjectId: string;
readonly status: "ACTIVE" | "ERASED";
/** The key that encrypts what comes; 0 where nothing of the subject was ever stored. */
readonly keyVersion: number;
/** Why the subject cannot be erased; null where it can. */
readonly hold: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly placedAt: string;
} | null;
readonly erasedAt: string | null;
/** Whether the backup has the keys; of an erased subject, whether it has them no more. */
readonly isBackedUp: boolean;
readonly version: number;
};

export type HoldReply = {
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly version: number;
readonly events: readonly (EventReference)[];
/** `AFTER_TERM`: archived events of the subject are removed with their segments at the end of the term, whatever is held, until removal is suspended (docs/privacy.md, "Legal hold and the archive"). */
readonly archiveRemoval: "AFTER_TERM" | "SUSPENDED";
};

export type ParkedThing = {
/** Names what is parked: its kind, where it is parked, and the aggregate. */
readonly id: string;
readonly kind: "message" | "saga" | "view";
readonly where: string;
readonly aggregateType: string | null;
readonly aggregateId: string | null;
/** The first version that waits. */
readonly fromVersion: number | null;
/** The last one; null where everything after the first one waits. */
readonly toVersion: number | null;
/** What the last attempt failed with. */
readonly reason: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly parkedAt: string;
};

export type CurrencySums = {
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** When an account was last read on. */
readonly asOf: string;
readonly accounts: number;
/** Events that these sums are made of: of each account up to a version of its own. */
readonly events: number;
/** Events that were there when their accounts were last looked at, and are still to be read. */
readonly eventsBehind: number;
/** What came from outside. */
readonly deposited: string;
/** What went there. */
readonly withdrawn: string;
/** What trades and their amendments brought, fees taken off. */
readonly traded: string;
/** What the accounts hold. */
readonly held: string;
/** What has left accounts and not reached others, as far as both are read; below zero where those that it reached are read further. */
readonly inTransit: string;
/** `held` + `inTransit` − (`deposited` − `withdrawn` + `traded`): 0 where all is right. */
readonly difference: string;
};

export type Finding = {
/** Names what is wrong: the check, where, and the aggregate. */
readonly findingId: string;
/** `view`: a read model does not say what the log of its owner says. `outbox`: a consumer group was not told of an event. `archive`: it lacks events, or has others. `segment`: the bucket lacks one, or has another. `transfer`: money left an account and reached no other, or came from none. `balance`: what moved does not add up to what is there. `sum`: all accounts of a currency together do not. `directory`: it does not know a log. */
readonly check: "view" | "outbox" | "archive" | "segment" | "transfer" | "balance" | "sum" | "directory";
/** The view; the consumer group; `log`; `bucket`; which way the money went; `cash`; `directory`. */
readonly where: "accounts" | "positions" | "trades" | "journal" | "orders" | "order_history" | "inventory" | "payments" | "sales" | "sagas" | "views" | "archive" | "log" | "bucket" | "out" | "in" | "cash" | "directory";
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
/** What differs. */
readonly reason: string;
/** The event that it is about, where it is about one. */
readonly version?: number;
/** When it was found. */
readonly openedAt: string;
};

export type RepairResult = {
/** Names what is wrong: the check, where, and the aggregate. */
readonly findingId: string;
/** `UNFINISHED`: there is more to do; the same call goes on. */
readonly status: "CLOSED" | "OPEN" | "UNFINISHED";
/** What is wrong still, or why it was not mended. */
readonly detail: string | null;
};

export type Problem = {
/** A URN made from the code. */
readonly type: string;
readonly title: string;
readonly status: number;
/** Stable name of the problem, in snake_case. */
readonly code: string;
readonly detail: string;
readonly correlationId: string;
/** With `invalid_request`: every fault found. */
readonly errors?: readonly ({
/** A field, a query parameter or a header; empty for the whole body. */
readonly path: string;
readonly message: string;
})[];
/** With `version_conflict`. */
readonly currentVersion?: number;
};

/** Every operation that answers a document, by its id. */
export interface Operations {
/** Open an account */
readonly openAccount: {
readonly body: {
/** An id that its client made. */
readonly customerId: string;
readonly accountType: "INDIVIDUAL" | "CORPORATE";
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly initialBalance?: string | number | undefined;
/** An id that its client made. */
readonly accountId: string;
};
readonly reply: CommandReply;
};
/** Accounts with what they hold */
readonly getAccounts: {
readonly query?: {
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly accounts: readonly (Account)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Pay cash in */
readonly depositFunds: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly amount: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reference?: string | undefined;
};
readonly reply: CommandReply;
};
/** Pay cash out */
readonly withdrawFunds: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly amount: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reference?: string | undefined;
};
readonly reply: CommandReply;
};
/** Book a trade */
readonly executeTrade: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** An id that its client made. */
readonly tradeId: string;
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly price: string | number;
readonly side: "BUY" | "SELL";
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly fee?: string | number | undefined;
/** RFC 3339, to the millisecond; another offset is converted to UTC. */
readonly executedAt?: string | undefined;
};
readonly reply: TradeReply;
};
/** Trades, newest first */
readonly getTrades: {
readonly params: {
/** The id that its client gave it. */
readonly id: string;
};
readonly query?: {
/** A ticker or pair as the venue writes it. */
readonly symbol?: string | undefined;
readonly side?: "BUY" | "SELL" | undefined;
/** Executed at this time or later. */
readonly from?: string | undefined;
/** Executed before this time. */
readonly to?: string | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly trades: readonly (Trade)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Set limits */
readonly setLimits: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
readonly maxOrderNotional?: string | number | null | undefined;
readonly maxPositionQuantity?: string | number | null | undefined;
readonly maxPositionNotional?: string | number | null | undefined;
readonly allowShort?: boolean | undefined;
};
readonly reply: CommandReply;
};
/** Freeze the account */
readonly freezeAccount: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Unfreeze the account */
readonly unfreezeAccount: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Close the account for good */
readonly closeAccount: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** The account as it is, or as it was */
readonly getAccount: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: Account;
};
/** The log of the account */
readonly getAccountEvents: {
readonly params: {
/** The id that its client gave it. */
readonly id: string;
};
readonly query?: {
/** The first version wanted. */
readonly fromVersion?: number | undefined;
readonly limit?: number | undefined;
} | undefined;
readonly reply: {
readonly events: readonly (Event)[];
/** Null at the end of what is recorded. */
readonly nextFromVersion: number | null;
};
};
/** Correct a trade that was booked wrongly */
readonly correctTrade: {
readonly params: {
/** The account. */
readonly id: string;
/** The trade, as its client named it. */
readonly tradeId: string;
};
readonly body: {
readonly side?: "BUY" | "SELL" | undefined;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity?: string | number | undefined;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly price?: string | number | undefined;
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly fee?: string | number | undefined;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: TradeReply;
};
/** Cancel a trade that never was */
readonly cancelTrade: {
readonly params: {
/** The account. */
readonly id: string;
/** The trade, as its client named it. */
readonly tradeId: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: TradeReply;
};
/** The account as it is, or as it was */
readonly getPortfolio: {
readonly params: {
/** The id that its client gave it. */
readonly id: string;
};
readonly query?: {
/** Read your own write: below this version of the view the actor answers. */
readonly minVersion?: number | undefined;
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
/** `recorded`, as the account showed it then (the default), or `known`, with trades as they were corrected or cancelled since. */
readonly knowledge?: "recorded" | "known" | undefined;
/** With `knowledge=known`: amendments count up to this version, so that an answer can be had again. */
readonly knownVersion?: number | undefined;
} | undefined;
readonly reply: Portfolio;
};
/** A moment of the account as it was known then, and as it is known now */
readonly getPortfolioDifference: {
readonly params: {
/** The id that its client gave it. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
/** With `knowledge=known`: amendments count up to this version, so that an answer can be had again. */
readonly knownVersion?: number | undefined;
} | undefined;
readonly reply: {
/** An id that its client made. */
readonly accountId: string;
readonly asOf: {
/** The time that was asked for; null where it was a version. */
readonly at: string | null;
/** The newest one that had been recorded by then. */
readonly version: number;
/** When it was recorded. */
readonly recordedAt: string;
/** Corrections and cancellations of trades count up to this version. */
readonly knownVersion: number;
};
/** As it was recorded then. */
readonly recorded: Account;
/** As it is known by `knownVersion`. */
readonly known: Account;
/** What is known, less what was recorded; positions that differ. */
readonly difference: {
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly cash: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly fees: string;
readonly positions: readonly ({
/** A ticker or pair as the venue writes it. */
readonly symbol: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly quantity: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly averageCost: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly realizedPnl: string;
})[];
};
/** Why it differs: the last of them, oldest first. */
readonly amendments: readonly (Amendment)[];
readonly amendmentsTotal: number;
};
};
/** The balance by day, week or month */
readonly getBalanceHistory: {
readonly params: {
/** The id that its client gave it. */
readonly id: string;
};
readonly query?: {
/** The history begins here; absent or earlier: with the period in which the account was opened. */
readonly from?: string | undefined;
/** It ends before this, which must have passed; absent: now. */
readonly to?: string | undefined;
/** Days, weeks (ISO 8601) and months of UTC. */
readonly interval?: "day" | "week" | "month" | undefined;
/** `recorded`, as the account showed it then (the default), or `known`, with trades as they were corrected or cancelled since. */
readonly knowledge?: "recorded" | "known" | undefined;
/** With `knowledge=known`: amendments count up to this version, so that an answer can be had again. */
readonly knownVersion?: number | undefined;
} | undefined;
readonly reply: {
/** An id that its client made. */
readonly accountId: string;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly interval: "day" | "week" | "month";
readonly asOf: {
/** The newest one that had been recorded by then. */
readonly version: number;
readonly knowledge: "recorded" | "known";
/** Corrections and cancellations of trades count up to this version. */
readonly knownVersion: number;
};
readonly periods: readonly (BalancePeriod)[];
};
};
/** A statement of the account */
readonly getStatement: {
readonly params: {
/** The id that its client gave it. */
readonly id: string;
};
readonly query?: {
/** The period begins here, which must have passed; absent: with the account. */
readonly from?: string | undefined;
/** The period ends before this; absent: with the newest event. */
readonly to?: string | undefined;
readonly format?: "json" | undefined;
/** Covers nothing after this version: with the one that a statement names, the same statement again. */
readonly version?: number | undefined;
} | undefined;
readonly reply: Statement;
};
/** Trades of a period */
readonly getTradeBlotter: {
readonly query?: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format?: "json" | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly report: "trade-blotter";
/** The period begins here; null: with the first event. */
readonly from: string | null;
/** The period ends before this; null: with `asOf`. */
readonly to: string | null;
/** Events recorded before this time are covered: with it, the same page again. */
readonly asOf: string;
/** Fields for which there is no data here. */
readonly emptyFields: readonly (string)[];
readonly rows: readonly (BlotterRow)[];
/** The logs that the page covers, and up to which version. */
readonly heads: readonly (Head)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Transactions as authorities want them reported */
readonly getTransactionReport: {
readonly query?: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format?: "json" | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly report: "transaction-report";
/** The period begins here; null: with the first event. */
readonly from: string | null;
/** The period ends before this; null: with `asOf`. */
readonly to: string | null;
/** Events recorded before this time are covered: with it, the same page again. */
readonly asOf: string;
/** Fields for which there is no data here. */
readonly emptyFields: readonly (string)[];
readonly rows: readonly (TransactionRow)[];
/** The logs that the page covers, and up to which version. */
readonly heads: readonly (Head)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** From commands over events to trades */
readonly getOrderToTrade: {
readonly query?: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format?: "json" | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly report: "order-to-trade";
/** The period begins here; null: with the first event. */
readonly from: string | null;
/** The period ends before this; null: with `asOf`. */
readonly to: string | null;
/** Events recorded before this time are covered: with it, the same page again. */
readonly asOf: string;
/** Fields for which there is no data here. */
readonly emptyFields: readonly (string)[];
readonly rows: readonly (TrailRow)[];
/** The logs that the page covers, and up to which version. */
readonly heads: readonly (Head)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Holdings at the end of a period */
readonly getPositionReport: {
readonly query?: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format?: "json" | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly report: "positions";
/** The period begins here; null: with the first event. */
readonly from: string | null;
/** The period ends before this; null: with `asOf`. */
readonly to: string | null;
/** Events recorded before this time are covered: with it, the same page again. */
readonly asOf: string;
/** Fields for which there is no data here. */
readonly emptyFields: readonly (string)[];
readonly rows: readonly (PositionRow)[];
/** The logs that the page covers, and up to which version. */
readonly heads: readonly (Head)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Holdings that reach a threshold */
readonly getLargePositions: {
readonly query?: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format?: "json" | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
/** Of units, long or short. */
readonly minQuantity?: string | number | undefined;
/** In the account's own currency, long or short. */
readonly minValue?: string | number | undefined;
} | undefined;
readonly reply: {
readonly report: "large-positions";
/** The period begins here; null: with the first event. */
readonly from: string | null;
/** The period ends before this; null: with `asOf`. */
readonly to: string | null;
/** Events recorded before this time are covered: with it, the same page again. */
readonly asOf: string;
/** Fields for which there is no data here. */
readonly emptyFields: readonly (string)[];
readonly rows: readonly (LargePositionRow)[];
/** The logs that the page covers, and up to which version. */
readonly heads: readonly (Head)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Customers whose holdings reach a threshold */
readonly getLargeHolders: {
readonly query?: {
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
readonly format?: "json" | undefined;
readonly limit?: number | undefined;
/** This customer alone. */
readonly customerId?: string | undefined;
/** Of units, long or short. */
readonly minQuantity?: string | number | undefined;
/** In the account's own currency, long or short. */
readonly minValue?: string | number | undefined;
/** The `nextCursor` of the page before. It serves for 1 hour, and for a day where few such reports are read; after that, begin again with the `asOf`. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly report: "large-holders";
/** The period begins here; null: with the first event. */
readonly from: string | null;
/** The period ends before this; null: with `asOf`. */
readonly to: string | null;
/** Events recorded before this time are covered: with it, the same page again. */
readonly asOf: string;
/** Fields for which there is no data here. */
readonly emptyFields: readonly (string)[];
readonly rows: readonly (LargeHolderRow)[];
/** The logs that the page covers, and up to which version. */
readonly heads: readonly (Head)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Create a product or replace it */
readonly putProduct: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
readonly name: string;
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly unitPrice: string | number;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
};
readonly reply: CommandReply;
};
/** The product as it is, or as it was */
readonly getProduct: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: Product;
};
/** Take goods in */
readonly receiveStock: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** Whole number greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reference?: string | undefined;
};
readonly reply: CommandReply;
};
/** Correct the count, up or down */
readonly adjustStock: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** Whole number other than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** The stock of product as it is, or as it was */
readonly getInventory: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: Inventory;
};
/** Place an order */
readonly placeOrder: {
readonly body: {
/** An id that its client made. */
readonly orderId: string;
/** An id that its client made. */
readonly customerId: string;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
readonly items: readonly ({
/** An id that its client made. */
readonly productId: string;
/** Whole number greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
/** Decimal, not negative, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly unitPrice: string | number;
})[];
readonly payment: {
/** How the customer pays. */
readonly method: string;
/** What stands for the card at the provider; never a card number. */
readonly token: string;
};
/** An address in parts: `name`, `line1`, `city`, `postalCode`, `country` and whatever else it has. */
readonly shipTo: { readonly [name: string]: string } | string;
};
readonly reply: SagaCommandReply;
};
/** Orders, newest first */
readonly getOrders: {
readonly query?: {
/** An id that its client made. */
readonly customerId?: string | undefined;
readonly status?: "PENDING" | "CONFIRMED" | "SHIPPED" | "DELIVERED" | "CANCELLED" | undefined;
/** Placed at this time or later. */
readonly from?: string | undefined;
/** Placed before this time. */
readonly to?: string | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly orders: readonly (OrderSummary)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Cancel the order, before anything has left */
readonly cancelOrder: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: SagaCommandReply;
};
/** Ship the order, or some of it */
readonly shipOrder: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
readonly carrier: string;
readonly trackingNumber: string;
/** What leaves now; where absent, all that is left. */
readonly items?: readonly ({
/** The place of the item in the order: 1, 2, 3, … */
readonly line: number;
/** Whole number greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly quantity: string | number;
})[] | undefined;
};
readonly reply: CommandReply;
};
/** Say that everything has arrived */
readonly deliverOrder: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body?: { readonly [name: string]: never } | undefined;
readonly reply: CommandReply;
};
/** The order as it is, or as it was */
readonly getOrder: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: Order;
};
/** The shipment as it is, or as it was */
readonly getShipment: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: Shipment;
};
/** What happened to an order, in words */
readonly getOrderHistory: {
readonly params: {
/** The id that its client gave it. */
readonly id: string;
};
readonly query?: {
/** Read your own write: below this version of the order its own log answers for it. */
readonly minVersion?: number | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
/** An id that its client made. */
readonly orderId: string;
readonly events: readonly ({
/** RFC 3339 in UTC, to the millisecond. */
readonly at: string;
readonly aggregateType: "order" | "payment" | "shipment";
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly version: number;
readonly eventType: string;
/** What happened, for people: not for programs to take apart. */
readonly words: string;
})[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** What is there of every product */
readonly getInventoryLevels: {
readonly query?: {
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly inventory: readonly (InventoryLevel)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Payments, newest first */
readonly getPayments: {
readonly query?: {
/** An id that its client made. */
readonly orderId?: string | undefined;
readonly status?: "PENDING" | "AUTHORIZED" | "DECLINED" | "FAILED" | "VOIDING" | "VOIDED" | "CAPTURED" | "REFUNDED" | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly payments: readonly (PaymentSummary)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Orders, units and revenue by day, product or country */
readonly getSales: {
readonly query?: {
readonly by?: "day" | "product" | "country" | undefined;
/** Orders placed on this day (UTC) or later. */
readonly from?: string | undefined;
/** Orders placed before this day (UTC). */
readonly to?: string | undefined;
/** An id that its client made. */
readonly productId?: string | undefined;
readonly country?: string | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly by: "day" | "product" | "country";
/** In the order of their keys; amounts in different currencies are groups of their own. */
readonly sales: readonly ({
/** The day, the product or the country; null for addresses without a country, and by product for refunds. */
readonly key: string | null;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** Orders that have any of it. */
readonly orders: number;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly units: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly revenue: string;
})[];
/** Of all pages, by currency. */
readonly totals: readonly ({
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** Orders that have any of it. */
readonly orders: number;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly units: string;
/** Decimal, at most 21 digits before the point and 8 after it. */
readonly revenue: string;
})[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Move cash from one account to another */
readonly transferFunds: {
readonly body: {
/** The transfer, as its client named it. */
readonly transferId: string;
/** An id that its client made. */
readonly fromAccountId: string;
/** An id that its client made. */
readonly toAccountId: string;
/** Decimal greater than 0, at most 15 digits before the point and 8 after it; a number has at most 15 significant digits. */
readonly amount: string | number;
/** An active currency code of ISO 4217; no fund codes, metals or units of account. */
readonly currency: string;
/** How long both accounts have to agree; then everything is as it was. */
readonly expiresInSeconds?: number | undefined;
};
readonly reply: SagaCommandReply;
};
/** Sagas, newest first */
readonly getSagas: {
readonly query?: {
/** `PARKED` for those that wait for an operator. */
readonly status?: "RUNNING" | "COMPLETED" | "COMPENSATING" | "COMPENSATED" | "PARKED" | undefined;
readonly definition?: string | undefined;
/** Started at this time or later. */
readonly from?: string | undefined;
/** Started before this time. */
readonly to?: string | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly sagas: readonly (SagaSummary)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** The saga as it is, or as it was */
readonly getSaga: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: Saga;
};
/** Let a parked saga try again */
readonly retrySaga: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Have a saga undone */
readonly compensateSaga: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Say that what a parked saga could not do was taken care of otherwise */
readonly settleSaga: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Run many commands */
readonly runCommands: {
readonly body: {
readonly commands: readonly (OpenAccountCommand | DepositFundsCommand | WithdrawFundsCommand | ExecuteTradeCommand | SetLimitsCommand | FreezeAccountCommand | UnfreezeAccountCommand | CloseAccountCommand | CorrectTradeCommand | CancelTradeCommand | PutProductCommand | ReceiveStockCommand | AdjustStockCommand | ReserveStockCommand | ReleaseReservationCommand | CommitReservationCommand | PlaceOrderCommand | ShipOrderCommand | DeliverOrderCommand | CancelOrderCommand | AuthorizePaymentCommand | CapturePaymentCommand | VoidPaymentCommand | RefundPaymentCommand | IssueServiceKeyCommand | RotateServiceKeyCommand | RevokeServiceKeyCommand | RetrySagaCommand | CompensateSagaCommand | SettleSagaCommand | RotateSubjectKeyCommand | PlaceLegalHoldCommand | LiftLegalHoldCommand | EraseSubjectCommand)[];
};
readonly reply: BatchReply;
};
/** The description of the stream */
readonly getAsyncApi: {
readonly reply: { readonly [name: string]: unknown };
};
/** Events across aggregates */
readonly getEvents: {
readonly query?: {
/** The `next` of an earlier reply; absent for the beginning. */
readonly after?: string | undefined;
readonly type?: "AccountOpened" | "FundsDeposited" | "FundsWithdrawn" | "TradeExecuted" | "TradeCorrected" | "TradeCancelled" | "LimitsSet" | "AccountFrozen" | "AccountUnfrozen" | "AccountClosed" | "FundsReserved" | "FundsReleased" | "FundsReservationExpired" | "FundsTransferredOut" | "TransferAccepted" | "TransferCancelled" | "FundsTransferredIn" | "ProductPut" | "StockReceived" | "StockAdjusted" | "StockReserved" | "ReservationReleased" | "ReservationBarred" | "ReservationExpired" | "ReservationCommitted" | "OrderPlaced" | "OrderConfirmed" | "OrderShipped" | "ShipmentRecorded" | "OrderDelivered" | "OrderCancelled" | "PaymentAuthorizationRequested" | "PaymentAuthorized" | "PaymentDeclined" | "PaymentFailed" | "CaptureRequested" | "PaymentCaptured" | "CaptureFailed" | "VoidRequested" | "PaymentVoided" | "VoidFailed" | "RefundRequested" | "PaymentRefunded" | "RefundFailed" | "ProviderAnswerPending" | "ProviderCallFailed" | "ShipmentCreated" | "ShipmentDispatched" | "ShipmentDelivered" | "ServiceKeyIssued" | "ServiceKeyRotated" | "ServiceKeyRevoked" | "AccessDenied" | "FindingOpened" | "FindingClosed" | "SagaStarted" | "StepsStarted" | "StepsAdded" | "StepAccepted" | "StepCompleted" | "StepPutOff" | "StepRefused" | "StepFailed" | "StepTimedOut" | "EventObserved" | "CompensationStarted" | "StepCompensated" | "CompensationAccepted" | "CompensationCalledOff" | "CompensationPutOff" | "CompensationFailed" | "StepSucceededLate" | "SagaParked" | "SagaRetried" | "SagaSettled" | "SagaCompleted" | "SagaCompensated" | "SubjectKeyCreated" | "SubjectKeyRotated" | "LegalHoldPlaced" | "LegalHoldLifted" | "SubjectErased" | "SubjectKeysBackedUp" | "SubjectKeysRecovered" | "SubjectBackupErased" | undefined;
readonly aggregateType?: "account" | "product" | "inventory" | "order" | "payment" | "shipment" | "serviceKey" | "accessLog" | "reconciliation" | "saga" | "subject" | undefined;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId?: string | undefined;
/** Recorded at this time or later. */
readonly from?: string | undefined;
/** Recorded before this time. */
readonly to?: string | undefined;
readonly limit?: number | undefined;
} | undefined;
readonly reply: {
readonly events: readonly (Event)[];
/** Send it as `after` for what comes next; it stays usable. */
readonly next: string;
/** Whether there may be more already; also of an empty page. */
readonly more: boolean;
};
};
/** Every type of event, with its versions and JSON Schema */
readonly getEventTypes: {
readonly reply: {
readonly eventTypes: readonly ({
readonly aggregateType: string;
readonly eventType: string;
/** Of events stored today. */
readonly schemaVersion: number;
readonly schemaVersions: readonly (number)[];
/** JSON Schema of `data`, newest version. */
readonly jsonSchema: { readonly [name: string]: unknown };
})[];
};
};
/** Take some or all of what is held */
readonly capturePayment: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body?: {
/** Everything that is left, where it is absent. */
readonly amount?: string | number | undefined;
/** Whether the rest is let go; true where it is absent. */
readonly final?: boolean | undefined;
} | undefined;
readonly reply: CommandReply;
};
/** Let go of what is held and not captured */
readonly voidPayment: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Give back some or all of what was captured */
readonly refundPayment: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body: {
/** An id that its client made. */
readonly refundId: string;
/** Everything that is left, where it is absent. */
readonly amount?: string | number | undefined;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason?: string | undefined;
};
readonly reply: CommandReply;
};
/** The payment as it is, or as it was */
readonly getPayment: {
readonly params: {
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: Payment;
};
/** Take a webhook of a payment provider */
readonly takePaymentWebhook: {
readonly params: {
readonly provider: "sandbox" | "stripe";
};
readonly body: unknown;
readonly reply: {
/** `recorded` where it said something new, `known` where it did not, `unknown_payment` where no such payment exists here, `ignored` where it is about nothing that Folio follows. */
readonly outcome: "recorded" | "known" | "unknown_payment" | "ignored";
};
};
/** Signed roots over the archive, oldest first */
readonly getCheckpoints: {
readonly query?: {
/** Number of the checkpoint before the first wanted. */
readonly after?: number | undefined;
readonly limit?: number | undefined;
} | undefined;
readonly reply: {
readonly checkpoints: readonly (Checkpoint)[];
/** The next `after`; null at the end. */
readonly next: number | null;
};
};
/** Archive what waits and sign a checkpoint now */
readonly signCheckpoint: {
readonly reply: {
readonly segments: number;
readonly events: number;
readonly signed: Checkpoint | null;
/** Why what has come since `signed` is not signed; null where nothing has. */
readonly unsigned: "no_notary_key" | "replaced_notary_key" | "broken_archive" | "manifests_unread" | null;
};
};
/** The newest signed root */
readonly getLatestCheckpoint: {
readonly reply: Checkpoint;
};
/** Prove that one checkpoint's archive is the beginning of another's */
readonly getConsistency: {
readonly query: {
readonly from: number;
readonly to: number;
};
readonly reply: {
readonly from: Checkpoint;
readonly to: Checkpoint;
/** Consistency proof (RFC 9162, 2.1.4). */
readonly path: readonly (string)[];
/** The records of all keys that have signed, oldest first: whoever trusts one of them follows them to the last. */
readonly keys: readonly ({
readonly key: {
readonly format: number;
readonly algorithm: "Ed25519";
/** From the SHA-256 of the public key. */
readonly keyId: string;
/** The 32 bytes of RFC 8032. */
readonly publicKey: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly publishedAt: string;
readonly previousKey: string | null;
};
/** By the key itself, and by the one that was used before it. */
readonly signatures: readonly ({
/** From the SHA-256 of the public key. */
readonly keyId: string;
readonly signature: string;
})[];
})[];
};
};
/** The public keys that checkpoints are signed with */
readonly getKeys: {
readonly reply: {
readonly keys: readonly ({
readonly key: {
readonly format: number;
readonly algorithm: "Ed25519";
/** From the SHA-256 of the public key. */
readonly keyId: string;
/** The 32 bytes of RFC 8032. */
readonly publicKey: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly publishedAt: string;
readonly previousKey: string | null;
};
/** By the key itself, and by the one that was used before it. */
readonly signatures: readonly ({
/** From the SHA-256 of the public key. */
readonly keyId: string;
readonly signature: string;
})[];
})[];
};
};
/** Prove that an event is under a signed checkpoint */
readonly getProof: {
readonly params: {
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
readonly version: number;
};
readonly reply: {
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
readonly version: number;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly eventHash: string;
/** The event is a leaf of the tree whose root is `manifest.eventsRoot`. */
readonly segment: {
readonly leafIndex: number;
readonly treeSize: number;
/** Siblings from the leaf up (RFC 9162, 2.1.3). */
readonly path: readonly (string)[];
};
/** Its hash is the SHA-256 of its canonical JSON. */
readonly manifest: ManifestHeader;
/** The manifest is a leaf of the tree whose root is `checkpoint.root`. */
readonly log: {
readonly leafIndex: number;
readonly treeSize: number;
/** Siblings from the leaf up (RFC 9162, 2.1.3). */
readonly path: readonly (string)[];
};
readonly signed: Checkpoint;
/** The records of all keys that have signed, oldest first: whoever trusts one of them follows them to the last. */
readonly keys: readonly ({
readonly key: {
readonly format: number;
readonly algorithm: "Ed25519";
/** From the SHA-256 of the public key. */
readonly keyId: string;
/** The 32 bytes of RFC 8032. */
readonly publicKey: string;
/** RFC 3339 in UTC, to the millisecond. */
readonly publishedAt: string;
readonly previousKey: string | null;
};
/** By the key itself, and by the one that was used before it. */
readonly signatures: readonly ({
/** From the SHA-256 of the public key. */
readonly keyId: string;
readonly signature: string;
})[];
})[];
};
};
/** Recompute an aggregate's hash chain */
readonly auditAggregate: {
readonly params: {
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly reply: {
readonly ok: boolean;
readonly version: number;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly headHash: string;
readonly eventsChecked: number;
readonly firstBadVersion?: number;
};
};
/** How the archive stands */
readonly getArchive: {
readonly reply: {
readonly manifests: number;
readonly events: number;
/** Events that came along with messages and are in no segment yet. */
readonly waitingEvents: number;
readonly oldestWaitingAt: string | null;
};
};
/** The objects of the archive, by key */
readonly listArchive: {
readonly query?: {
/** The `next` of an earlier reply. */
readonly after?: string | undefined;
readonly limit?: number | undefined;
} | undefined;
readonly reply: {
readonly objects: readonly ({
readonly key: string;
readonly bytes: number;
})[];
/** The next `after`; null at the end. */
readonly next: string | null;
};
};
/** Hold the logs against the archive */
readonly getCompleteness: {
readonly query?: {
/** The `next` of an earlier reply; absent for the beginning. */
readonly after?: string | undefined;
} | undefined;
readonly reply: {
readonly logs: readonly ({
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
/** The archive has all of it; lacks its newest events; is not the same as the log as far as it goes; or the owner does not answer. */
readonly state: "COMPLETE" | "BEHIND" | "DIFFERENT" | "UNREACHABLE";
/** Its newest event; null where it does not answer. */
readonly head: number | null;
/** The newest event in the archive; 0 where there is none. */
readonly archived: number;
/** Hash of that event; 64 zeros where there is none. */
readonly archivedHash: string;
})[];
/** The next `after`; null when all have been looked at. */
readonly next: string | null;
};
};
/** How a log stands */
readonly getRestoration: {
readonly params: {
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly query?: {
readonly version?: number | undefined;
} | undefined;
readonly reply: {
/** Its newest event; 0 where there is none. */
readonly head: number;
/** The version asked for; the newest where none was. */
readonly version: number;
/** Hash of its event; null where the log does not go so far. */
readonly hash: string | null;
/** Whether it is held for events that are still to come. */
readonly restoring: boolean;
};
};
/** Fill a log with events that it had before */
readonly restoreEvents: {
readonly params: {
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body: {
/** Hash of the event before the first one; 64 zeros before version 1. */
readonly previousHash: string;
readonly events: readonly ({
readonly version: number;
readonly eventType: string;
readonly schemaVersion: number;
/** RFC 3339 in UTC, to the millisecond. */
readonly recordedAt: string;
readonly data: { readonly [name: string]: unknown };
readonly metadata: {
/** Who sent the command. */
readonly userId: string;
/** The id of the command; one of a timer or an effect has spaces. */
readonly commandId: string;
/** What the command, and all that follows from it, belongs to. */
readonly correlationId: string;
/** The event that led to the command; null where a client did. */
readonly causationId: string | null;
/** The saga that sent the command. */
readonly sagaId?: string | undefined;
};
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly hash: string;
/** On the first event of a command: what a repeat must have in common with it, up to 2^53 in digits. */
readonly fingerprint?: string | undefined;
})[];
};
readonly reply: {
/** Its newest event; 0 where there is none. */
readonly head: number;
/** The version asked for; the newest where none was. */
readonly version: number;
/** Hash of its event; null where the log does not go so far. */
readonly hash: string | null;
/** Whether it is held for events that are still to come. */
readonly restoring: boolean;
};
};
/** Hold a log that has lost its end */
readonly holdForRestoring: {
readonly params: {
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body: {
readonly version: number;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly hash: string;
/** A number of whoever holds it, drawn at random, by which it can be given up though another holds it as well. */
readonly holder?: number | undefined;
};
readonly reply: {
/** Its newest event; 0 where there is none. */
readonly head: number;
/** The version asked for; the newest where none was. */
readonly version: number;
/** Hash of its event; null where the log does not go so far. */
readonly hash: string | null;
/** Whether it is held for events that are still to come. */
readonly restoring: boolean;
};
};
/** Let a log go that was filled */
readonly releaseRestored: {
readonly params: {
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly id: string;
};
readonly body: {
readonly version: number;
/** SHA-256 in 64 hexadecimal digits, lower case. */
readonly hash: string;
/** This one gives it up: it stays held, as it is, while another holds it. Absent: all do. */
readonly holder?: number | undefined;
};
readonly reply: {
/** Its newest event; 0 where there is none. */
readonly head: number;
/** The version asked for; the newest where none was. */
readonly version: number;
/** Hash of its event; null where the log does not go so far. */
readonly hash: string | null;
/** Whether it is held for events that are still to come. */
readonly restoring: boolean;
};
};
/** How the read models stand */
readonly getViews: {
readonly query?: {
/** Whether to ask every log how far it goes, which tells `eventsBehind`. It wakes every actor. */
readonly heads?: "true" | "false" | undefined;
} | undefined;
readonly reply: {
readonly views: readonly ({
readonly view: "accounts" | "positions" | "trades" | "journal" | "orders" | "order_history" | "inventory" | "payments" | "sales" | "sagas";
readonly aggregates: number;
readonly parked: number;
/** Events in the logs that the view lacks; null where it was not asked for or takes too long. */
readonly eventsBehind: number | null;
readonly databases: readonly ({
readonly live: "blue" | "green";
readonly building: boolean;
/** Whether what was live before can be gone back to. */
readonly kept: boolean;
readonly aggregates: number;
readonly parked: number;
})[];
})[];
/** The newest one. */
readonly rebuild: Rebuild | null;
};
};
/** Rebuild read models from the logs */
readonly rebuildViews: {
readonly body?: {
readonly views?: readonly ("accounts" | "positions" | "trades" | "journal" | "orders" | "order_history" | "inventory" | "payments" | "sales" | "sagas")[] | undefined;
} | undefined;
readonly reply: Rebuild;
};
/** Give up a rebuild that is going on */
readonly cancelRebuild: {
readonly reply: Rebuild | null;
};
/** Go back to what was live before the last switch */
readonly rollBackView: {
readonly params: {
readonly view: "accounts" | "positions" | "trades" | "journal" | "orders" | "order_history" | "inventory" | "payments" | "sales" | "sagas";
};
readonly reply: Rebuild;
};
/** Issue a key to a service */
readonly issueServiceKey: {
readonly body: {
/** SHA-256 of the secret, in hexadecimal digits. The secret has 43 to 128 characters of A-Z, a-z, 0-9, _ and -. */
readonly secretHash: string;
/** What the service may do. */
readonly roles: readonly ("trader" | "operations" | "risk" | "auditor" | "admin")[];
/** The accounts that it is confined to, whatever its roles. */
readonly accounts?: readonly (string)[] | undefined;
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly description: string;
/** RFC 3339, to the millisecond; another offset is converted to UTC. */
readonly expiresAt?: string | undefined;
/** An id that its client made. */
readonly keyId: string;
};
readonly reply: CommandReply;
};
/** Every key, by its id */
readonly getServiceKeys: {
readonly query?: {
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly serviceKeys: readonly (ServiceKey)[];
readonly nextCursor: string | null;
};
};
/** The service key as it is, or as it was */
readonly getServiceKey: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: ServiceKey;
};
/** Give the key another secret */
readonly rotateServiceKey: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** SHA-256 of the secret, in hexadecimal digits. The secret has 43 to 128 characters of A-Z, a-z, 0-9, _ and -. */
readonly secretHash: string;
/** For how long the secret before still counts; 0 where it is left out. */
readonly graceSeconds?: number | undefined;
};
readonly reply: CommandReply;
};
/** End the key for good */
readonly revokeServiceKey: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** The subject as it is, or as it was */
readonly getSubject: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly query?: {
/** As of this version. */
readonly version?: number | undefined;
/** As of this time, which must have passed. */
readonly at?: string | undefined;
} | undefined;
readonly reply: Subject;
};
/** Erase a subject, for good */
readonly eraseSubject: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Keep a subject from being erased */
readonly placeLegalHold: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: HoldReply;
};
/** Let a subject be erased again */
readonly liftLegalHold: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly query: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Give a subject another key */
readonly rotateSubjectKey: {
readonly params: {
/** An id that its client made. */
readonly id: string;
};
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
};
readonly reply: CommandReply;
};
/** Wrap subjects' keys with the first master key, and bring them and their backup together */
readonly rewrapSubjectKeys: {
readonly query?: {
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
/** Subjects that were looked at. */
readonly subjects: number;
/** Keys that are now wrapped with the first master key. */
readonly rewrapped: number;
/** Keys that were not here and came back from the backup. */
readonly recovered: number;
/** Subjects with a key that is neither here nor in the backup. */
readonly lacking: readonly (string)[];
/** Subjects whose keys and backup could not be brought together; the log says why. */
readonly failed: readonly (string)[];
readonly nextCursor: string | null;
};
};
/** The backup of subjects' keys */
readonly getKeyBackups: {
readonly query?: {
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly backups: readonly ({
/** An id that its client made. */
readonly subjectId: string;
/** By version. */
readonly keys: readonly ({
/** 1, 2, 3, …: the key that encrypts from now on. */
readonly version: number;
/** Name of the master key that wrapped it. */
readonly master: string;
/** AES-256-GCM: nonce, ciphertext and tag, in base64. */
readonly wrapped: string;
})[];
/** When the subject was erased, after which there are no keys; null where it was not. */
readonly erasedAt: string | null;
})[];
/** Objects of this page that are no backup: somebody has to look at each (docs/privacy.md, "What goes wrong"). */
readonly failed: readonly ({
/** Its name in the bucket. */
readonly object: string;
/** What is wrong with it. */
readonly reason: string;
})[];
readonly nextCursor: string | null;
};
};
/** Put a copy of the keys' backup back */
readonly restoreKeyBackups: {
readonly body: {
readonly backups: readonly ({
/** An id that its client made. */
readonly subjectId: string;
/** By version. */
readonly keys: readonly ({
/** 1, 2, 3, …: the key that encrypts from now on. */
readonly version: number;
/** Name of the master key that wrapped it. */
readonly master: string;
/** AES-256-GCM: nonce, ciphertext and tag, in base64. */
readonly wrapped: string;
})[];
/** When the subject was erased, after which there are no keys; null where it was not. */
readonly erasedAt: string | null;
})[];
};
readonly reply: {
/** Subjects that were looked at. */
readonly subjects: number;
/** Keys that are now wrapped with the first master key. */
readonly rewrapped: number;
/** Keys that were not here and came back from the backup. */
readonly recovered: number;
/** Subjects with a key that is neither here nor in the backup. */
readonly lacking: readonly (string)[];
/** Subjects whose keys and backup could not be brought together; the log says why. */
readonly failed: readonly (string)[];
/** Subjects of whom the copy said nothing that was not known here. */
readonly kept: readonly (string)[];
};
};
/** Everything that waits for an operator */
readonly listParked: {
readonly query?: {
/** `message`: dead letters. `saga`: sagas that can be neither finished nor undone. `view`: aggregates with an event that a view cannot take. */
readonly kind?: "message" | "saga" | "view" | undefined;
/** The consumer group, the definition of the saga or the view. */
readonly where?: string | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
readonly parked: readonly (ParkedThing)[];
readonly nextCursor: string | null;
/** Kinds that could not be asked now, and are missing here. */
readonly unanswered: readonly ("message" | "saga" | "view")[];
};
};
/** One parked thing, with the events around it */
readonly getParked: {
readonly params: {
/** Names what is parked: its kind, where it is parked, and the aggregate. */
readonly id: string;
};
readonly reply: {
readonly parked: ParkedThing;
/** How far the log goes. */
readonly head: number | null;
/** The first event that waits, with up to 3 before it and after it. */
readonly events: readonly ({
/** A UUID of version 8, made from the hash. */
readonly eventId: string;
/** What kind of thing it happened to. */
readonly aggregateType: string;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId: string;
/** 1, 2, 3, … within the aggregate. */
readonly version: number;
/** What happened. */
readonly eventType: string;
/** The shape of `data`. */
readonly schemaVersion: number;
/** RFC 3339 in UTC, to the millisecond. */
readonly recordedAt: string;
/** What there is to say of it, as it was stored. */
readonly data: { readonly [name: string]: unknown };
/** Who caused it, and why. */
readonly metadata: {
/** Who sent the command. */
readonly userId: string;
/** The id of the command; one of a timer or an effect has spaces. */
readonly commandId: string;
/** What the command, and all that follows from it, belongs to. */
readonly correlationId: string;
/** The event that led to the command; null where a client did. */
readonly causationId: string | null;
/** The saga that sent the command. */
readonly sagaId?: string;
};
/** The hash of the event before; 64 zeros for the first. */
readonly previousHash: string;
/** SHA-256 of the RFC 8785 JSON of this envelope without `eventId` and `hash`. */
readonly hash: string;
})[];
/** What was sent, where it names no aggregate. */
readonly text: string | null;
};
};
/** Try everything parked again */
readonly retryAllParked: {
readonly body: {
readonly kind?: "message" | "saga" | "view" | undefined;
readonly where?: string | undefined;
/** The `nextCursor` of the call before, to go on where it ended. */
readonly cursor?: string | undefined;
};
readonly reply: {
readonly resumed: number;
readonly stillParked: number;
/** Kinds that could not be asked now, and are missing here. */
readonly unanswered: readonly ("message" | "saga" | "view")[];
/** Where the next call goes on; null at the end. */
readonly nextCursor: string | null;
};
};
/** Try a parked thing again, and replay what waits behind it */
readonly retryParked: {
readonly params: {
/** Names what is parked: its kind, where it is parked, and the aggregate. */
readonly id: string;
};
readonly reply: {
/** Names what is parked: its kind, where it is parked, and the aggregate. */
readonly id: string;
readonly status: "RESUMED" | "RESUMING" | "PARKED";
/** How far it has come. */
readonly version: number | null;
/** What it failed with this time. */
readonly reason: string | null;
};
};
/** What differs between the logs and what follows them */
readonly getReconciliation: {
readonly query?: {
readonly check?: "view" | "outbox" | "archive" | "segment" | "transfer" | "balance" | "sum" | "directory" | undefined;
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
} | undefined;
readonly reply: {
/** All that are open. */
readonly open: number;
/** Whether there are as many as are kept (1000): then there may be more. */
readonly isFull: boolean;
/** Every aggregate that there was has been looked at by then; null: not yet. */
readonly roundEndedAt: string | null;
/** The sums that must be zero, by currency. */
readonly sums: readonly (CurrencySums)[];
readonly findings: readonly (Finding)[];
/** Null on the last page. */
readonly nextCursor: string | null;
};
};
/** Look now, at one aggregate or at all */
readonly runReconciliation: {
readonly body: {
readonly aggregateType?: "account" | "product" | "inventory" | "order" | "payment" | "shipment" | "serviceKey" | "accessLog" | "reconciliation" | "saga" | "subject" | undefined;
/** The id of an aggregate: of its client, or made from one. */
readonly aggregateId?: string | undefined;
/** The `nextCursor` of the call before, to go on where it ended. */
readonly cursor?: string | undefined;
};
readonly reply: {
/** Aggregates that were looked at. */
readonly checked: number;
readonly opened: number;
readonly closed: number;
/** Of how many something could not be told now, since an owner or a database does not answer or a view is being switched; the log says why. Look again. */
readonly unanswered: number;
/** Where the next call goes on; null at the end. */
readonly nextCursor: string | null;
};
};
/** Mend what was found, and look again */
readonly repairFindings: {
readonly body: {
/** One line. It is kept for good and in the clear: nothing about a person belongs in it. */
readonly reason: string;
/** These alone; all that are open where it is left out. */
readonly findingIds?: readonly (string)[] | undefined;
/** The `next` of the call before, to go on where it ended. */
readonly after?: string | undefined;
};
readonly reply: {
readonly results: readonly (RepairResult)[];
/** Where the next call goes on; null where it has to begin again, and at the end. */
readonly next: string | null;
};
};
/** Run a query, or open a socket */
readonly queryGraphQl: {
readonly query?: {
/** The document. Absent alone where `extensions` name a persisted one, as clients try first: that is answered `persisted_query_not_supported`, and they send the document. */
readonly query?: string | undefined;
/** Which operation of the document to run. */
readonly operationName?: string | undefined;
readonly variables?: string | undefined;
readonly extensions?: string | undefined;
} | undefined;
readonly reply: {
readonly data?: { readonly [name: string]: unknown } | null;
readonly errors?: readonly ({
readonly message: string;
readonly locations?: readonly ({
readonly line: number;
readonly column: number;
})[];
readonly path?: readonly (string | number)[];
/** What problem details say beyond the message. */
readonly extensions: {
readonly code: string;
readonly status: number;
readonly type: string;
readonly correlationId: string;
};
})[];
};
};
/** Run a query or a mutation */
readonly runGraphQl: {
readonly body: GraphQlRequest;
readonly reply: {
readonly data?: { readonly [name: string]: unknown } | null;
readonly errors?: readonly ({
readonly message: string;
readonly locations?: readonly ({
readonly line: number;
readonly column: number;
})[];
readonly path?: readonly (string | number)[];
/** What problem details say beyond the message. */
readonly extensions: {
readonly code: string;
readonly status: number;
readonly type: string;
readonly correlationId: string;
};
})[];
};
};
/** Call a method of the service */
readonly callMethod: {
readonly params: {
/** The operation as its method is called: `DepositFunds`. */
readonly method: string;
};
readonly body: { readonly [name: string]: unknown };
readonly reply: unknown;
};
/** Call a method that only reads */
readonly queryMethod: {
readonly params: {
/** The operation as its method is called: `DepositFunds`. */
readonly method: string;
};
readonly query: {
readonly connect?: "v1" | undefined;
/** How the message is written. */
readonly encoding: "json" | "proto";
/** The message. */
readonly message: string;
/** The message is in base64, as binary ones have to be. */
readonly base64?: "1" | undefined;
readonly compression?: "identity" | undefined;
};
readonly reply: unknown;
};
/** Whether the service is alive */
readonly getHealth: {
readonly reply: {
readonly status: "ok";
};
};
/** Whether every binding answers */
readonly getReadiness: {
readonly reply: {
readonly status: "ready";
};
};
/** This description */
readonly getOpenApi: {
readonly reply: { readonly [name: string]: unknown };
};
}

/** Every operation that answers a file, by its id. */
export interface Files {
/** A statement of the account */
readonly getStatement: {
readonly params: {
/** The id that its client gave it. */
readonly id: string;
};
readonly query: {
/** The period begins here, which must have passed; absent: with the account. */
readonly from?: string | undefined;
/** The period ends before this; absent: with the newest event. */
readonly to?: string | undefined;
readonly format: "csv" | "html" | "pdf";
/** Covers nothing after this version: with the one that a statement names, the same statement again. */
readonly version?: number | undefined;
};
};
/** Trades of a period */
readonly getTradeBlotter: {
readonly query: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format: "csv";
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
};
};
/** Transactions as authorities want them reported */
readonly getTransactionReport: {
readonly query: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format: "csv";
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
};
};
/** From commands over events to trades */
readonly getOrderToTrade: {
readonly query: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format: "csv";
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
};
};
/** Holdings at the end of a period */
readonly getPositionReport: {
readonly query: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format: "csv";
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
};
};
/** Holdings that reach a threshold */
readonly getLargePositions: {
readonly query: {
/** The period begins here, which must have passed; absent: with the first event. */
readonly from?: string | undefined;
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
/** This account alone. */
readonly accountId?: string | undefined;
readonly format: "csv";
readonly limit?: number | undefined;
/** The `nextCursor` of the page before. */
readonly cursor?: string | undefined;
/** Of units, long or short. */
readonly minQuantity?: string | number | undefined;
/** In the account's own currency, long or short. */
readonly minValue?: string | number | undefined;
};
};
/** Customers whose holdings reach a threshold */
readonly getLargeHolders: {
readonly query: {
/** The period ends before this; absent: with `asOf`. */
readonly to?: string | undefined;
/** Covers what was recorded before this: with the `asOf` of an earlier reply, the same report again. */
readonly asOf?: string | undefined;
readonly format: "csv";
readonly limit?: number | undefined;
/** This customer alone. */
readonly customerId?: string | undefined;
/** Of units, long or short. */
readonly minQuantity?: string | number | undefined;
/** In the account's own currency, long or short. */
readonly minValue?: string | number | undefined;
/** The `nextCursor` of the page before. It serves for 1 hour, and for a day where few such reports are read; after that, begin again with the `asOf`. */
readonly cursor?: string | undefined;
};
};
/** The bytes of one object */
readonly getArchiveObject: {
readonly query: {
readonly key: string;
};
};
}
