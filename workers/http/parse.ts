/** From checked text to typed values: the schema decides, and its complaints become faults with paths. */
import type { z } from 'zod';
import { fastParse, UNSURE } from '../../schemas/fastParse.ts';
import { issueText } from './issueText.ts';
import { invalidRequest, type RequestFault } from './problem.ts';
import { formatPath, MAX_ERRORS } from './strictJsonWalker.ts';

/** What became of a value: as the schema has it, or every reason found why it is refused. */
export type Parsed<Schema extends z.ZodType> =
  | { readonly ok: true; readonly value: z.output<Schema> }
  | { readonly ok: false; readonly faults: RequestFault[] };

/** The value or its faults, for callers that go on with other values. */
export function tryParse<Schema extends z.ZodType>(schema: Schema, value: unknown): Parsed<Schema> {
  const fast = fastParse(schema, value);
  if (fast !== UNSURE) return { ok: true, value: fast };
  const result = schema.safeParse(value, { error: issueText });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, faults: zodFaults(result.error, value) };
}

/** The value, or 400 with every fault. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = tryParse(schema, value);
  if (parsed.ok) return parsed.value;
  throw invalidRequest(parsed.faults);
}

/** Query parameters as `schema` has them. Unknown and repeated ones are faults: a typo must not widen a search. */
export function parseQuery<Schema extends z.ZodType>(url: string, schema: Schema): z.output<Schema> {
  if (!url.includes('?')) return parseWith(schema, {});
  const values = new Map<string, string>();
  const repeated = new Set<string>();
  for (const [name, value] of new URL(url).searchParams) {
    if (values.has(name)) repeated.add(name);
    values.set(name, value);
  }
  if (repeated.size > 0) {
    const faults = [...repeated].map((name) => ({ path: formatPath([name]), message: 'must be given once' }));
    throw invalidRequest(faults.slice(0, MAX_ERRORS));
  }
  return parseWith(schema, Object.fromEntries(values));
}

/** A schema's complaints with paths as they stand in the value, one for each unknown field. */
function zodFaults(error: z.core.$ZodError, value: unknown): RequestFault[] {
  const faults: RequestFault[] = [];
  /** Where another type was wanted: whatever else is said of such a value is about a type that it does not have. */
  const mistyped = new Set<string>();
  for (const issue of error.issues) {
    const path = formatPath(issue.path);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        faults.push({ path: formatPath([...issue.path, key]), message: 'is not a known field' });
      }
    } else if (!mistyped.has(path)) {
      if (issue.code === 'invalid_type') mistyped.add(path);
      faults.push({ path, message: isMissing(issue, value) ? 'is required' : issue.message });
    }
    if (faults.length >= MAX_ERRORS) return faults.slice(0, MAX_ERRORS);
  }
  return faults;
}

/** Whether all that is wrong is that there is nothing. A rule over several fields has its own words, as "or version" for two. */
function isMissing({ code, path }: z.core.$ZodIssue, value: unknown): boolean {
  return code !== 'custom' && path.length > 0 && valueAt(value, path) === undefined;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[step];
  }
  return current;
}
