/**
 * Zod schemas as plain closures, for the paths that thousands of commands a second take. Workers have no `eval`, so zod
 * interprets its schemas there; this walks a schema once and keeps only what an acceptance needs. The schema stays the
 * single source: whatever is not accepted here, and every complaint about it, is zod's to judge.
 */
import type { z } from 'zod';

/** What a parser answers where it did not accept: zod then decides, and finds the words for it. */
export const UNSURE: unique symbol = Symbol('unsure');

type Parser = (value: unknown) => unknown;
type Check = z.core.$ZodCheck<unknown>;

/** Zod's per-value state. One for all values: checks and transforms run to their end before the next one starts. */
interface Payload {
  value: unknown;
  issues: z.core.$ZodRawIssue[];
  addIssue(issue: unknown): void;
}

const payload: Payload = {
  value: undefined,
  issues: [],
  addIssue(issue) {
    this.issues.push(issue as z.core.$ZodRawIssue);
  },
};

const parsers = new WeakMap<z.core.$ZodType, Parser>();

/**
 * The value as `schema` has it, or {@link UNSURE}. For data as JSON.parse makes it, without getters or prototypes of its
 * own. Objects come out with their keys in canonical order (RFC 8785), so that nobody has to sort them again.
 */
export function fastParse<Schema extends z.core.$ZodType>(
  schema: Schema,
  value: unknown,
): z.core.output<Schema> | typeof UNSURE {
  let parser = parsers.get(schema);
  if (parser === undefined) {
    parser = parserOf(schema);
    parsers.set(schema, parser);
  }
  return parser(value) as z.core.output<Schema> | typeof UNSURE;
}

/** The parser of a schema, its own checks included. Kinds of schema that are not known here are left to zod. */
export function parserOf(schema: z.core.$ZodType): Parser {
  const parse = kindParser(schema as z.core.$ZodTypes);
  if (parse === undefined) return zodParser(schema);
  const own = schema._zod.traits.has('$ZodCheck') ? [schema as unknown as Check] : [];
  const checks = [...own, ...((schema._zod.def.checks ?? []) as Check[])];
  return checks.length === 0 ? parse : checked(parse, checks);
}

function kindParser(schema: z.core.$ZodTypes): Parser | undefined {
  const { def } = schema._zod;
  switch (def.type) {
    case 'string':
      return def.coerce ? undefined : (value) => (typeof value === 'string' ? value : UNSURE);
    case 'number':
      return def.coerce ? undefined : (value) => (Number.isFinite(value) ? value : UNSURE);
    case 'boolean':
      return def.coerce ? undefined : (value) => (typeof value === 'boolean' ? value : UNSURE);
    case 'unknown':
      return (value) => value;
    case 'literal':
      return memberParser(new Set<unknown>(def.values));
    case 'enum':
      return memberParser(new Set<unknown>(Object.values(def.entries)));
    case 'nullable':
      return nullableParser(parserOf(def.innerType));
    case 'optional':
      return optionalParser(parserOf(def.innerType));
    case 'transform':
      return transformParser(def.transform);
    case 'pipe':
      return pipeParser(def);
    case 'array':
      return arrayParser(parserOf(def.element));
    case 'object':
      return objectParser(def);
    default:
      return undefined;
  }
}

function zodParser(schema: z.core.$ZodType): Parser {
  const context = { async: false };
  return (value) => {
    const result = schema._zod.run({ value, issues: [] }, context) as z.core.ParsePayload;
    return result.issues.length === 0 ? result.value : UNSURE;
  };
}

function checked(parse: Parser, checks: readonly Check[]): Parser {
  const pattern = checks.length === 1 ? patternOf(checks[0] as Check) : undefined;
  if (pattern !== undefined && !pattern.global && !pattern.sticky) return patternParser(parse, pattern);
  return (value) => {
    const parsed = parse(value);
    if (parsed === UNSURE) return UNSURE;
    payload.value = parsed;
    for (const check of checks) {
      if (check._zod.def.when?.(payload) === false) continue;
      check._zod.check(payload);
      // Later checks may rely on what an earlier one has just refused.
      if (payload.issues.length > 0) break;
    }
    return settled(payload.value);
  };
}

function patternOf(check: Check): RegExp | undefined {
  return (check._zod.def as { pattern?: RegExp }).pattern;
}

/** Most ids and symbols: a string with one pattern, without zod's machinery around it. */
function patternParser(parse: Parser, pattern: RegExp): Parser {
  return (value) => {
    const parsed = parse(value);
    return parsed !== UNSURE && pattern.test(parsed as string) ? parsed : UNSURE;
  };
}

function memberParser(members: ReadonlySet<unknown>): Parser {
  return (value) => (members.has(value) ? value : UNSURE);
}

function nullableParser(inner: Parser): Parser {
  return (value) => (value === null ? null : inner(value));
}

function optionalParser(inner: Parser): Parser {
  return (value) => (value === undefined ? undefined : inner(value));
}

function arrayParser(element: Parser): Parser {
  return (value) => {
    if (!Array.isArray(value)) return UNSURE;
    const output: unknown[] = [];
    for (const each of value) {
      const parsed = element(each);
      if (parsed === UNSURE) return UNSURE;
      output.push(parsed);
    }
    return output;
  };
}

function transformParser(transform: z.core.$ZodTransformDef['transform']): Parser {
  return (value) => {
    payload.value = value;
    return settled(transform(value, payload as unknown as z.core.ParsePayload));
  };
}

function pipeParser(def: z.core.$ZodPipeDef): Parser | undefined {
  // A codec runs functions of its own between its two sides.
  if ('transform' in def || 'reverseTransform' in def) return undefined;
  const first = parserOf(def.in);
  const second = parserOf(def.out);
  return (value) => {
    const between = first(value);
    return between === UNSURE ? UNSURE : second(between);
  };
}

/** The result of what ran over the payload, which is left clean for the next one. */
function settled(value: unknown): unknown {
  if (payload.issues.length === 0) return value;
  payload.issues = [];
  return UNSURE;
}

interface Field {
  readonly name: string;
  readonly parse: Parser;
  readonly optional: boolean;
}

/** Strict objects alone: a known field each, and as many keys as known fields, so that none is left over. */
function objectParser(def: z.core.$ZodObjectDef): Parser | undefined {
  if (def.catchall?._zod.def.type !== 'never') return undefined;
  // `<` on strings compares UTF-16 code units, the order of canonical JSON.
  const names = Object.keys(def.shape).sort((a, b) => (a < b ? -1 : 1));
  if (names.some((name) => name in Object.prototype)) return undefined;
  const fields = names.map((name): Field => {
    const schema = def.shape[name] as z.core.$ZodType;
    return { name, parse: parserOf(schema), optional: schema._zod.def.type === 'optional' };
  });
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return UNSURE;
    const input = value as Record<string, unknown>;
    const output: Record<string, unknown> = {};
    let taken = 0;
    for (const { name, parse, optional } of fields) {
      const given = input[name];
      if (given === undefined) {
        // Absent, or undefined in an object that no JSON text made.
        if (optional) continue;
        return UNSURE;
      }
      const parsed = parse(given);
      if (parsed === UNSURE) return UNSURE;
      output[name] = parsed;
      taken++;
    }
    for (const _ in input) taken--;
    return taken === 0 ? output : UNSURE;
  };
}
