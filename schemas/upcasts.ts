/**
 * Upcasts: what an old stored event means today. They run whenever an event is read to be folded or projected; the stored
 * bytes stay as they are, since their hash covers them. This list only grows.
 */

import type { AGGREGATES, AggregateType } from './aggregates.ts';

type Data = Readonly<Record<string, unknown>>;

/** From the data of a schema version to that of the next one. */
type Upcast = (data: Data) => Data;

type EventType = { [Type in AggregateType]: keyof (typeof AGGREGATES)[Type]['events'] }[AggregateType];

/** By event type, from version 1 on: a type has one version more than it has upcasts. */
const UPCASTS: { readonly [Type in EventType]?: readonly [Upcast, ...Upcast[]] } = {
  // Before corporate accounts existed every account was a person's.
  AccountOpened: [(data) => ({ ...data, accountType: 'INDIVIDUAL' })],
  // Before personal data was encrypted: what is stored in the clear stays so. The country was read from the address.
  OrderPlaced: [
    (data) => ({
      ...data,
      country: (data.shipTo as Readonly<Record<string, string>>).country ?? null,
    }),
  ],
  ShipmentCreated: [(data) => data],
  PaymentAuthorizationRequested: [(data) => data],
};

function upcastsOf(eventType: string): readonly Upcast[] {
  return Object.hasOwn(UPCASTS, eventType) ? (UPCASTS[eventType as EventType] ?? []) : [];
}

/** The schema version that new events of this type are stored with. */
export function newestSchemaVersion(eventType: string): number {
  return upcastsOf(eventType).length + 1;
}

/** The data as of the newest schema version. Throws where a step is missing: a newer writer than this reader. */
export function upcast(eventType: string, schemaVersion: number, data: Data): Data {
  const steps = upcastsOf(eventType);
  const newest = steps.length + 1;
  if (!(schemaVersion >= 1 && schemaVersion <= newest))
    throw new Error(`no upcast from ${eventType}@${schemaVersion} to version ${newest}`);
  let current = data;
  for (let version = schemaVersion; version < newest; version++)
    current = (steps[version - 1] as Upcast)(current);
  return current;
}
