/** Arguments held against the schemas of REST, which judge them and have the words for what is wrong. */
import type { z } from 'zod';
import { parseWith, tryParse } from '../http/parse.ts';
import { invalidRequest } from '../http/problem.ts';

/**
 * Arguments as the query of an operation has them, for which parameters are texts and absent ones are not there. `names` says
 * what parameters are called here. Ends with 400 and every fault where they do not fit.
 */
export function queryOf<Query extends z.ZodType>(
  query: Query,
  args: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, string>> = {},
): z.output<Query> {
  const given = Object.entries(args).filter(([, value]) => value !== undefined && value !== null);
  const texts = given.map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]);
  const parsed = tryParse(query, Object.fromEntries(texts));
  if (parsed.ok) return parsed.value;
  throw invalidRequest(parsed.faults.map(({ path, message }) => ({ path: names[path] ?? path, message })));
}

/** Arguments as a schema takes them; one that is null is not there. Inside of them null is a value: it lifts a limit, say. Ends with 400 and every fault. */
export function inputOf<Schema extends z.ZodObject>(
  schema: Schema,
  args: Readonly<Record<string, unknown>>,
): z.output<Schema> {
  const given = Object.entries(args).filter(([, value]) => value !== undefined && value !== null);
  return parseWith(schema, Object.fromEntries(given));
}

/** An id as a schema takes it. Ends with 400 where it does not: whatever names an object is checked before it does. */
export function idOf(schema: z.ZodType<string>, id: unknown): string {
  const parsed = tryParse(schema, id);
  if (parsed.ok) return parsed.value;
  throw invalidRequest(parsed.faults.map(({ message }) => ({ path: 'id', message })));
}
