/** Opaque cursors: a JSON value in base64url, of no meaning to clients. */
import { z } from 'zod';

export function encodeCursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A query parameter that holds a cursor of this shape. */
export function cursorOf<Schema extends z.ZodType>(schema: Schema) {
  return z.string().transform((text, context): z.output<Schema> => {
    const decoded = schema.safeParse(decode(text));
    if (decoded.success) return decoded.data;
    context.addIssue({ code: 'custom', message: 'is not a cursor that an earlier answer gave' });
    return z.NEVER;
  });
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
