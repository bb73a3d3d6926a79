/**
 * Splits the canonical JSON text of an event into values, which go to columns of their own, and a template: the same text
 * with `$column` in the place of each value. The template says how the exact bytes are put together again, so nothing is
 * stored twice; and since all events of one kind share a template, it costs next to nothing.
 *
 *   {"amount":"10.5","reference":null}  →  {"amount":$amount,"reference":null}  and  amount = 10.5
 *
 * A `$` that is not within a JSON string is always a column. Its text is, by the column's type: a decimal without trailing
 * zeros in quotes, an instant as RFC 3339 to the millisecond in quotes, a text as a JSON string, a whole number or truth
 * value as it is, and a JSON text as it is.
 */
import { canonicalJson } from '../../schemas/canonical.ts';
import { parseDecimal } from '../../schemas/decimal.ts';
import type { Column, Columns } from './columns.ts';

/** A value of a column: scaled integers for decimals, milliseconds since 1970 for times, both as bigint. */
export type Value = bigint | string | boolean;

/** Takes the values of an event, by column. */
export type Take = (column: string, value: Value) => void;

/** DECIMAL(38,8) holds 38 digits. */
const SCALED_MAX = 10n ** 38n;

/** What `formatDecimal` gives: no zero that says nothing, and no negative zero. */
const CANONICAL_DECIMAL = /^(?:0|-?(?:[1-9]\d*(?:\.\d{0,7}[1-9])?|0\.\d{0,7}[1-9]))$/;

/** The template of an object whose canonical text is that of {@link canonicalJson}. */
export function templateOf(data: Readonly<Record<string, unknown>>, columns: Columns, take: Take): string {
  return objectTemplate(data, '', columns, take);
}

function objectTemplate(
  data: Readonly<Record<string, unknown>>,
  prefix: string,
  columns: Columns,
  take: Take,
): string {
  let text = '{';
  for (const key of Object.keys(data).sort()) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:${part(data[key], path, columns, take)}`;
  }
  return `${text}}`;
}

function part(value: unknown, path: string, columns: Columns, take: Take): string {
  const column = columns.get(path);
  if (column !== undefined && value !== null) {
    const stored = storable(value, column);
    if (stored !== undefined) {
      take(column.name, stored);
      return `$${column.name}`;
    }
  }
  // A key with a dot of its own would pass for a path: its object is kept as it is.
  return isObject(value) && !Object.keys(value).some((key) => key.includes('.'))
    ? objectTemplate(value, path, columns, take)
    : canonicalJson(value);
}

/** What the column holds of a value, if its text can be told from that again, to the letter. */
function storable(value: unknown, { kind }: Column): Value | undefined {
  if (kind === 'json') return canonicalJson(value);
  if (kind === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (kind === 'integer') return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
  if (typeof value !== 'string') return undefined;
  if (kind === 'text') return value;
  return kind === 'time' ? timeOf(value) : decimalOf(value);
}

function timeOf(text: string): bigint | undefined {
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== text) return undefined;
  return BigInt(milliseconds);
}

function decimalOf(text: string): bigint | undefined {
  if (!CANONICAL_DECIMAL.test(text)) return undefined;
  const scaled = parseDecimal(text);
  return scaled < SCALED_MAX && scaled > -SCALED_MAX ? scaled : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
