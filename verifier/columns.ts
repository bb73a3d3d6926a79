/**
 * Whether a segment's typed columns say what its events say. Hashes cover the events' texts, and analysts ask the columns: a value that no
 * template names, one that stands under another field's name, and one that was left out of its column would deceive them under the
 * best of hashes.
 */
import type { Kind } from './kind.ts';

type Values = ArrayLike<unknown>;

/** Columns that stand in the text of every event, or are of no event (`fingerprint`): no template names them. */
const UNNAMED = new Set([
  'aggregate_type',
  'aggregate_id',
  'version',
  'event_type',
  'schema_version',
  'recorded_at',
  'hash',
  'fingerprint',
  'metadata',
  'data',
]);

/** Columns of the metadata. A field of the data that would have one of these names, or of the ones above, is stored as `data_<name>`. */
const METADATA = new Set(['user_id', 'command_id', 'correlation_id', 'causation_id', 'saga_id']);

/** Decimals as columns hold them: no zero that says nothing, at most 38 digits. */
const DECIMAL = /^(?:0|-?(?:[1-9]\d{0,29}(?:\.\d{0,7}[1-9])?|0\.\d{0,7}[1-9]))$/;

/** What a template says about columns. */
interface Reading {
  readonly named: ReadonlySet<string>;
  /** Why its columns do not say what it says; undefined where they do. */
  readonly fault: string | undefined;
}

/** The part of a segment's table that is looked at. */
export interface Columns {
  readonly count: number;
  readonly values: ReadonlyMap<string, Values>;
  readonly kinds: ReadonlyMap<string, Kind>;
}

/** Rows whose columns say something else than their events do, and what. */
export function misleadingRows(columns: Columns): Map<number, string> {
  const { count, values } = columns;
  const found = new Map<number, string>();
  const readings = (['metadata', 'data'] as const).map((part) => readingsOf(columns, part));
  for (const readingOf of readings)
    readingOf.forEach(({ fault }, row) => {
      if (fault !== undefined) found.set(row, fault);
    });
  const [metadata, data] = readings as [Reading[], Reading[]];
  for (const [name, column] of values) {
    if (UNNAMED.has(name)) continue;
    for (let row = 0; row < count; row++) {
      const value = column[row];
      if (value === null || value === undefined) continue;
      if (data[row]?.named.has(name) || metadata[row]?.named.has(name)) continue;
      found.set(row, `column ${name} has a value that the event does not have`);
    }
  }
  return found;
}

/** What the template of every row says. Templates are as many as kinds of events. */
function readingsOf({ count, values, kinds }: Columns, part: 'data' | 'metadata'): Reading[] {
  const known = new Map<string, Reading>();
  return Array.from({ length: count }, (_, row) => {
    const template = values.get(part)?.[row];
    if (typeof template !== 'string') return { named: new Set(), fault: `${part} is no text` };
    let reading = known.get(template);
    if (reading === undefined) {
      reading = read(template, part, kinds);
      known.set(template, reading);
    }
    return reading;
  });
}

function read(template: string, part: 'data' | 'metadata', kinds: ReadonlyMap<string, Kind>): Reading {
  const parts = takenApart(template);
  const named = new Set(parts.filter(isName).map((name) => name.slice(1)));
  if (parts.join('') !== template) return { named, fault: `the template of its ${part} is none` };
  try {
    const text = parts
      .map((each) => (isName(each) ? JSON.stringify({ [MARK]: each.slice(1) }) : each))
      .join('');
    return { named, fault: new Walk(part, kinds).faultIn(JSON.parse(text), '') };
  } catch {
    return { named, fault: `the template of its ${part} is no JSON` };
  }
}

/** A template's literal texts and, each with its `$`, its columns: a `$` outside of JSON strings begins a name. */
export function takenApart(template: string): string[] {
  return template.match(/\$\w+|(?:"(?:[^"\\]|\\.)*"|[^"$])+/g) ?? [];
}

function isName(part: string): boolean {
  return part.startsWith('$');
}

/** Stands for a column in a template that is read as JSON. */
const MARK = '$column';

/** Goes through a template, field by field. */
class Walk {
  readonly #part: 'data' | 'metadata';
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(part: 'data' | 'metadata', kinds: ReadonlyMap<string, Kind>) {
    this.#part = part;
    this.#kinds = kinds;
  }

  /** Why the columns do not say what an object says; undefined where they do. */
  faultIn(value: object, prefix: string): string | undefined {
    for (const [key, field] of Object.entries(value)) {
      const fault = this.#faultOf(field, prefix === '' ? key : `${prefix}.${key}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #faultOf(field: unknown, path: string): string | undefined {
    const name = columnName(path);
    const own = this.#part === 'data' && (UNNAMED.has(name) || METADATA.has(name)) ? `data_${name}` : name;
    if (!isObject(field)) return this.#faultOfLiteral(field, path, own);
    const { [MARK]: column } = field;
    if (column === undefined) {
      // A key with a dot in it would pass for a path: such an object is stored as it is.
      const isPlain = Object.keys(field).every((key) => !key.includes('.'));
      return this.#faultOfLiteral(field, path, own) ?? (isPlain ? this.faultIn(field, path) : undefined);
    }
    if (column === own || column === `data_${name}`) return undefined;
    return `${this.#part}.${path} stands in column ${column}`;
  }

  #faultOfLiteral(value: unknown, path: string, column: string): string | undefined {
    if (UNNAMED.has(column) || (this.#part === 'metadata' && !METADATA.has(column))) return undefined;
    const kind = this.#kinds.get(column);
    if (kind === undefined || !holds(kind, value)) return undefined;
    return `${this.#part}.${path} does not stand in column ${column}`;
  }
}

/** Whether a column of a kind can hold a value so that its text can be told from it again: then it does. */
function holds(kind: Kind, value: unknown): boolean {
  if (value === null) return false;
  switch (kind) {
    case 'json':
      return true;
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
      return Number.isSafeInteger(value);
    case 'text':
      return typeof value === 'string';
    case 'decimal':
      return typeof value === 'string' && DECIMAL.test(value);
    case 'time':
      return typeof value === 'string' && isTime(value);
    case 'bytes':
      return false;
  }
}

function isTime(text: string): boolean {
  const milliseconds = Date.parse(text);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === text;
}

/** `position.averageCost` → `position_average_cost`. */
function columnName(path: string): string {
  return path.replaceAll('.', '_').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
