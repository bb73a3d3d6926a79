/** Every event type with its newest schema version and its JSON Schema: what `GET /v1/event-types` answers. */
import { accountEvents } from './account.ts';
import { eventJsonSchema } from './jsonSchema.ts';
import { newestSchemaVersion } from './upcasts.ts';

/** Event schemas by aggregate type. */
export const EVENTS = { account: accountEvents } as const;

export const eventTypes = Object.entries(EVENTS).flatMap(([aggregateType, events]) =>
  Object.entries(events).map(([eventType, schema]) => ({
    aggregateType,
    eventType,
    schemaVersion: newestSchemaVersion(eventType),
    schemaVersions: Array.from({ length: newestSchemaVersion(eventType) }, (_, index) => index + 1),
    jsonSchema: eventJsonSchema(schema),
  })),
);
