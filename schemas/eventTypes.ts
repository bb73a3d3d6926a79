/** Every event type with its newest schema version and its JSON Schema: what `GET /v1/event-types` answers. */
import { z } from 'zod';
import { accountEvents } from './account.ts';
import { newestSchemaVersion } from './upcasts.ts';

/** Event schemas by aggregate type. */
export const EVENTS = { account: accountEvents } as const;

export const eventTypes = Object.entries(EVENTS).flatMap(([aggregateType, events]) =>
  Object.entries(events).map(([eventType, schema]) => ({
    aggregateType,
    eventType,
    schemaVersion: newestSchemaVersion(eventType),
    schemaVersions: Array.from({ length: newestSchemaVersion(eventType) }, (_, index) => index + 1),
    jsonSchema: z.toJSONSchema(schema, {
      io: 'output',
      unrepresentable: 'any',
      override: jsonSchemaOverride,
    }),
  })),
);

/** Types that transform their input say in their metadata what they look like in JSON. */
export function jsonSchemaOverride(context: {
  zodSchema: z.core.$ZodType;
  jsonSchema: Record<string, unknown>;
}): void {
  const override = (
    z.globalRegistry.get(context.zodSchema) as { override?: Record<string, unknown> } | undefined
  )?.override;
  if (override === undefined) return;
  for (const key of Object.keys(context.jsonSchema)) delete context.jsonSchema[key];
  Object.assign(context.jsonSchema, override);
}
