/**
 * What the JSON Schema of a type says where zod cannot know: types that transform their input. They carry it in their
 * metadata as `override`, which zod-openapi obeys for the API's description and {@link eventJsonSchema} for the
 * catalogue of events.
 */
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Direction = 'input' | 'output';

/** Says of a field that it is about a person (schemas/personal.ts); whoever reads the JSON Schema sees it too. */
export const PERSONAL_MARK = 'x-personal';

/** Metadata that replaces the type's JSON Schema: `output` in replies and events, `input` where requests may say more. */
export function shownAs(output: JsonSchema, input: JsonSchema = output) {
  return {
    // zod-openapi tells the direction, though its types do not say so; the catalogue of events knows outputs alone.
    override: ({ jsonSchema, io }: { jsonSchema: JsonSchema; io?: Direction }): void => {
      const { description, [PERSONAL_MARK]: personal } = jsonSchema as Record<string, unknown>;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      Object.assign(jsonSchema, io === 'input' ? input : output);
      // What a field says of itself is more than what its type says.
      if (description !== undefined) jsonSchema.description = description as string;
      if (personal !== undefined) Object.assign(jsonSchema, { [PERSONAL_MARK]: personal });
    },
  };
}

/** The JSON Schema of what is stored under `schema`, overrides included. */
export function eventJsonSchema(schema: z.core.$ZodType): JsonSchema {
  return jsonSchemaOf(schema, 'output');
}

/** The JSON Schema of what a schema takes (`input`) or gives (`output`), overrides included. */
export function jsonSchemaOf(schema: z.core.$ZodType, io: Direction): JsonSchema {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const override = z.globalRegistry.get(zodSchema)?.override;
      if (typeof override === 'function')
        (override as ReturnType<typeof shownAs>['override'])({ jsonSchema, io });
      delete (jsonSchema as Record<string, unknown>).override;
    },
  });
}
