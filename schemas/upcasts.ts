/**
 * Upcasts: what an old stored event means today. They run whenever an event is read to be folded or projected; the stored
 * bytes stay as they are, since their hash covers them. This list only grows.
 */

type Data = Readonly<Record<string, unknown>>;

/** From `type@schemaVersion` to the data of the next schema version. */
const UPCASTS: Readonly<Record<string, (data: Data) => Data>> = {
  // Before corporate accounts existed every account was a person's.
  'AccountOpened@1': (data) => ({ ...data, accountType: 'INDIVIDUAL' }),
  // Before personal data was encrypted: what is stored in the clear stays so. The country was read from the address.
  'OrderPlaced@1': (data) => ({
    ...data,
    country: (data.shipTo as Readonly<Record<string, string>>).country ?? null,
  }),
  'ShipmentCreated@1': (data) => data,
  'PaymentAuthorizationRequested@1': (data) => data,
};

/** Newest schema version of the event types that have had more than one. */
const NEWEST: Readonly<Record<string, number>> = {
  AccountOpened: 2,
  OrderPlaced: 2,
  ShipmentCreated: 2,
  PaymentAuthorizationRequested: 2,
};

/** The schema version that new events of this type are stored with. */
export function newestSchemaVersion(eventType: string): number {
  return NEWEST[eventType] ?? 1;
}

/** The data as of the newest schema version. Throws where a step is missing: a newer writer than this reader. */
export function upcast(eventType: string, schemaVersion: number, data: Data): Data {
  const newest = newestSchemaVersion(eventType);
  let current = data;
  for (let version = schemaVersion; version !== newest; version++) {
    const step = UPCASTS[`${eventType}@${version}`];
    if (step === undefined) throw new Error(`no upcast from ${eventType}@${version} to version ${newest}`);
    current = step(current);
  }
  return current;
}
