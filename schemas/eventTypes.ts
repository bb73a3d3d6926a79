/** Every event type with its schema versions and its JSON Schema: what `GET /v1/event-types` answers. */
import { AGGREGATE_LIST } from './aggregates.ts';
import { eventJsonSchema } from './jsonSchema.ts';
import { paymentEvents } from './payment.ts';
import { newestSchemaVersion } from './upcasts.ts';

const EVENTS = [...AGGREGATE_LIST, { aggregateType: 'payment', events: paymentEvents }] as const;

/** Names of all event types. */
export const EVENT_TYPE_NAMES: readonly string[] = EVENTS.flatMap(({ events }) => Object.keys(events));

let eventTypesOnce: ReturnType<typeof describeEventTypes> | undefined;

/** The catalogue, made on first demand: JSON Schemas cost milliseconds that a starting isolate does not have. */
export function eventTypes(): ReturnType<typeof describeEventTypes> {
  eventTypesOnce ??= describeEventTypes();
  return eventTypesOnce;
}

function describeEventTypes() {
  return EVENTS.flatMap(({ aggregateType, events }) =>
    Object.entries(events).map(([eventType, schema]) => ({
      aggregateType,
      eventType,
      schemaVersion: newestSchemaVersion(eventType),
      schemaVersions: Array.from({ length: newestSchemaVersion(eventType) }, (_, index) => index + 1),
      jsonSchema: eventJsonSchema(schema),
    })),
  );
}
