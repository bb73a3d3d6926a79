/** Opaque cursors: a JSON value in base64url, of no meaning to clients. */
import { z } from 'zod';
import { shownAs } from '../../schemas/jsonSchema.ts';

/** Characters of a cursor: one of the feed has a number of up to 16 digits for each view database. */
const CURSOR_LENGTH_MAX = 2_048;

export function encodeCursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Where a list goes on, for its reply; null on the last page. */
export function nextCursor(next: unknown): string | null {
  return next === null ? null : encodeCursor(next);
}

/** A query parameter that holds a cursor of this shape, exactly as {@link encodeCursor} wrote it. */
export function cursorOf<Schema extends z.ZodType>(schema: Schema, description: string) {
  return z
    .string()
    .transform((text, context): z.output<Schema> => {
      const decoded = schema.safeParse(decode(text));
      if (decoded.success && encodeCursor(decoded.data) === text) return decoded.data;
      context.issues.push({
        code: 'custom',
        message: 'is not a cursor that an earlier answer gave',
        input: text,
      });
      return z.NEVER;
    })
    .meta(
      shownAs({ type: 'string', pattern: '^[A-Za-z0-9_-]+$', maxLength: CURSOR_LENGTH_MAX, description }),
    );
}

function decode(text: string): unknown {
  if (text.length > CURSOR_LENGTH_MAX) return undefined;
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
