/** Every event type with its schema versions and its JSON Schema: what `GET /v1/event-types` answers. */
import { AGGREGATE_LIST, type AGGREGATES, type AggregateType } from './aggregates.ts';
import { eventJsonSchema } from './jsonSchema.ts';
import { newestSchemaVersion } from './upcasts.ts';

type AggregateEvents = { readonly [Type in AggregateType]: (typeof AGGREGATES)[Type]['events'] };

/** Event schemas by aggregate type. */
export const EVENTS = Object.fromEntries(
  AGGREGATE_LIST.map(({ aggregateType, events }) => [aggregateType, events]),
) as unknown as AggregateEvents;

/** Names of all event types. */
export const EVENT_TYPE_NAMES: readonly string[] = Object.values(EVENTS).flatMap(Object.keys);

/** What tells one kind of event from another, of whichever release. */
export interface EventKind {
  readonly aggregateType: string;
  readonly eventType: string;
  readonly schemaVersion: number;
}

/** Whether aggregates of a type have such events, of this schema version, in this release. */
export function isKnownEvent({ aggregateType, eventType, schemaVersion }: EventKind): boolean {
  return (
    Object.hasOwn(EVENTS, aggregateType) &&
    Object.hasOwn(EVENTS[aggregateType as keyof typeof EVENTS], eventType) &&
    schemaVersion <= newestSchemaVersion(eventType)
  );
}

let eventTypesOnce: ReturnType<typeof describeEventTypes> | undefined;

/** The catalogue, made on first demand: JSON Schemas cost milliseconds that a starting isolate does not have. */
export function eventTypes(): ReturnType<typeof describeEventTypes> {
  eventTypesOnce ??= describeEventTypes();
  return eventTypesOnce;
}

function describeEventTypes() {
  return Object.entries(EVENTS).flatMap(([aggregateType, events]) =>
    Object.entries(events).map(([eventType, schema]) => ({
      aggregateType,
      eventType,
      schemaVersion: newestSchemaVersion(eventType),
      schemaVersions: Array.from({ length: newestSchemaVersion(eventType) }, (_, index) => index + 1),
      jsonSchema: eventJsonSchema(schema),
    })),
  );
}
