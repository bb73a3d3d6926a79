/** Events and commands of an inventory, with what a test does not care about filled in. */
import { inventoryDecider } from '../../actors/inventory/decider.ts';
import type { InventoryCommand, InventoryEvent } from '../../schemas/inventory.ts';
import { specify } from './given.ts';

/** The rules of a product's stock under specification. */
export const { given, state: stateAfter } = specify(inventoryDecider);

const level = (onHand: string, reserved: string) => ({
  onHand,
  reserved,
  available: String(BigInt(onHand) - BigInt(reserved)),
});

export const received = (quantity: string, onHand = quantity, reserved = '0'): InventoryEvent => ({
  type: 'StockReceived',
  data: { quantity, reference: null, ...level(onHand, reserved) },
});
export const reserved = (
  reservationId: string,
  quantity: string,
  onHand: string,
  all = quantity,
  expiresAt: string | null = null,
): InventoryEvent => ({
  type: 'StockReserved',
  data: { reservationId, quantity, expiresAt, ...level(onHand, all) },
});
export const released = (
  reservationId: string,
  quantity: string,
  onHand: string,
  all = '0',
): InventoryEvent => ({
  type: 'ReservationReleased',
  data: { reservationId, quantity, reason: null, ...level(onHand, all) },
});
export const barred = (reservationId: string, onHand: string, all = '0'): InventoryEvent => ({
  type: 'ReservationBarred',
  data: { reservationId, reason: null, ...level(onHand, all) },
});
export const expired = (
  reservationId: string,
  quantity: string,
  onHand: string,
  all = '0',
): InventoryEvent => ({
  type: 'ReservationExpired',
  data: { reservationId, quantity, ...level(onHand, all) },
});
export const committed = (
  reservationId: string,
  quantity: string,
  remaining: string,
  onHand: string,
  all = remaining,
): InventoryEvent => ({
  type: 'ReservationCommitted',
  data: { reservationId, quantity, remaining, ...level(onHand, all) },
});

export const receive = (quantity: string, reference?: string): InventoryCommand => ({
  type: 'ReceiveStock',
  data: { quantity, ...(reference === undefined ? {} : { reference }) },
});
export const adjust = (quantity: string, reason = 'counted'): InventoryCommand => ({
  type: 'AdjustStock',
  data: { quantity, reason },
});
export const reserve = (reservationId: string, quantity: string, expiresAt?: string): InventoryCommand => ({
  type: 'ReserveStock',
  data: { reservationId, quantity, ...(expiresAt === undefined ? {} : { expiresAt }) },
});
export const release = (reservationId: string, reason?: string): InventoryCommand => ({
  type: 'ReleaseReservation',
  data: { reservationId, ...(reason === undefined ? {} : { reason }) },
});
export const issue = (reservationId: string, quantity: string): InventoryCommand => ({
  type: 'IssueStock',
  data: { reservationId, quantity },
});
export const commit = (reservationId: string, quantity?: string): InventoryCommand => ({
  type: 'CommitReservation',
  data: { reservationId, ...(quantity === undefined ? {} : { quantity }) },
});
export const expire = (reservationId: string): InventoryCommand => ({
  type: 'ExpireReservation',
  data: { reservationId },
});
