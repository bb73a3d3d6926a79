/** Schema versions as the auditor knows them: what today's events are written in, and what older ones say in other words. */
import { Breach } from '../model/world.ts';
import type { AuditedEvent } from './book.ts';

/** Types of events that have had more than one schema version, with the newest. */
const NEWEST: Readonly<Record<string, number>> = {
  AccountOpened: 2,
  OrderPlaced: 2,
  ShipmentCreated: 2,
  PaymentAuthorizationRequested: 2,
};

/** Whether an event was written by the release before all others. */
export function isOfBefore({ type, schemaVersion }: AuditedEvent): boolean {
  return schemaVersion < (NEWEST[type] ?? 1);
}

/** Nothing is written as of old once that release has been replaced. */
export function checkWritten({ aggregateId, version, type, schemaVersion }: AuditedEvent): void {
  if (schemaVersion !== (NEWEST[type] ?? 1))
    throw new Breach(
      'events are written as of today',
      `${aggregateId} version ${version} (${type}) has schema version ${schemaVersion}`,
    );
}

/** The country of an order; events of before have it in the address alone. */
export function countryOfOrder(event: AuditedEvent): string | null {
  const { country, shipTo } = event.data as {
    readonly country: string | null;
    readonly shipTo: { readonly country?: string };
  };
  return isOfBefore(event) ? (shipTo.country ?? null) : country;
}

/** Whose an account is; before, all were persons'. */
export function accountTypeOf(event: AuditedEvent): unknown {
  return isOfBefore(event) ? 'INDIVIDUAL' : event.data.accountType;
}
