/**
 * Which fields of an event get a column of their own in the archive, and of what kind: read off the schemas, so that a new
 * event needs nothing here. What no schema knows, and what is not in canonical form, stays in the event's template.
 */
import type { z } from 'zod';
import { EVENTS } from '../../schemas/eventTypes.ts';
import { eventJsonSchema } from '../../schemas/jsonSchema.ts';
import { DECIMAL_TITLES } from '../../schemas/scalars.ts';

/**
 * What a column holds: exact decimals, instants to the millisecond, texts, whole numbers, truth values, and JSON texts of
 * whatever has no fixed shape.
 */
export type Kind = 'decimal' | 'time' | 'text' | 'integer' | 'boolean' | 'json';

/** A column of the archive. */
export interface Column {
  readonly name: string;
  readonly kind: Kind;
}

/** Columns by the path of their field in the data: `position.averageCost`. */
export type Columns = ReadonlyMap<string, Column>;

/** Columns that every segment has, whatever its events are; a field of that name is stored as `data_<name>`. */
export const ENVELOPE_COLUMNS = [
  'aggregate_type',
  'aggregate_id',
  'version',
  'event_type',
  'schema_version',
  'recorded_at',
  'user_id',
  'command_id',
  'correlation_id',
  'causation_id',
  'saga_id',
  'hash',
  'fingerprint',
  'metadata',
  'data',
] as const;

/** Fields of the metadata and their columns. */
export const METADATA_COLUMNS: Columns = new Map(
  [
    ['userId', 'user_id'],
    ['commandId', 'command_id'],
    ['correlationId', 'correlation_id'],
    ['causationId', 'causation_id'],
    ['sagaId', 'saga_id'],
  ].map(([field, name]) => [field as string, { name: name as string, kind: 'text' as const }]),
);

interface Shape {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly anyOf?: readonly Shape[];
}

const known = new Map<string, Columns>();

/** The columns of an aggregate type: the fields of all its events; none where the type is unknown here. */
export function columnsOf(aggregateType: string): Columns {
  let columns = known.get(aggregateType);
  if (columns === undefined) {
    columns = new Map(describe(aggregateType).columns);
    known.set(aggregateType, columns);
  }
  return columns;
}

/** Fields that get no column because another has its name, or that two events have in two kinds: the first one's holds. */
export function disagreements(aggregateType: string): readonly string[] {
  return describe(aggregateType).disagreements;
}

function describe(aggregateType: string): { columns: [string, Column][]; disagreements: string[] } {
  const events: Readonly<Record<string, z.core.$ZodType>> = Object.hasOwn(EVENTS, aggregateType)
    ? EVENTS[aggregateType as keyof typeof EVENTS]
    : {};
  const columns = new Map<string, Column>();
  const names = new Set<string>();
  const disagreeing: string[] = [];
  for (const schema of Object.values(events)) {
    for (const [path, kind] of fieldsOf(eventJsonSchema(schema) as Shape, '')) {
      const existing = columns.get(path);
      const name = columnName(path);
      if (existing?.kind === kind) continue;
      if (existing === undefined && !names.has(name)) columns.set(path, { name, kind });
      else disagreeing.push(path);
      names.add(name);
    }
  }
  const ordered = [...columns].sort(([, a], [, b]) => (a.name < b.name ? -1 : 1));
  return { columns: ordered, disagreements: disagreeing };
}

function fieldsOf(shape: Shape, prefix: string): [string, Kind][] {
  return Object.entries(shape.properties ?? {}).flatMap(([name, field]): [string, Kind][] => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const present = field.anyOf?.filter((choice) => choice.type !== 'null') ?? [field];
    const [only] = present;
    if (only === undefined || present.length > 1) return [[path, 'json']];
    return only.properties === undefined ? [[path, kindOf(only)]] : fieldsOf(only, path);
  });
}

function kindOf({ type, title }: Shape): Kind {
  if (type === 'string') {
    if (title !== undefined && DECIMAL_TITLES.includes(title)) return 'decimal';
    return title === 'Time' ? 'time' : 'text';
  }
  if (type === 'integer') return 'integer';
  return type === 'boolean' ? 'boolean' : 'json';
}

/** `position.averageCost` → `position_average_cost`. */
function columnName(path: string): string {
  const name = path.replaceAll('.', '_').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return (ENVELOPE_COLUMNS as readonly string[]).includes(name) ? `data_${name}` : name;
}
