/** What the books of a shop's aggregates ask of one another: each is held against the others, and each has a file of its own. */
import type { AuditedEvent, Book } from './book.ts';

/** What an order's book tells. */
export interface OrderTold extends Book {
  readonly status: string;
  /** The event that placed it, and the one that cancelled it. */
  readonly placed: AuditedEvent | undefined;
  readonly cancelled: AuditedEvent | undefined;
  /** The events of its shipments, by their ids. */
  readonly shipments: ReadonlyMap<string, AuditedEvent>;
  /** What stands for the customer's card. */
  readonly token: string;
}

/** What a shipment's book tells. */
export interface ShipmentTold extends Book {
  readonly status: string;
}

/** What a payment's book tells. */
export interface PaymentTold extends Book {
  readonly held: bigint;
  readonly captured: bigint;
  /** What was captured and neither went back nor is about to. */
  readonly kept: bigint;
  /** Whether nothing is held nor will be, or somebody has asked for it to be let go. */
  readonly isLetGo: boolean;
}

/** What the book of a product's stock tells. */
export interface InventoryTold extends Book {
  /** Reservations that hold something, by their ids. */
  readonly live: ReadonlyMap<string, unknown>;
}
