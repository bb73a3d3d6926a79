/**
 * The fields of stored events. Logs have them for good, so what a schema version once had it has for good: they are kept in
 * schemas/eventShapes.json, to which this only adds.
 */
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import { eventJsonSchema } from '../../schemas/jsonSchema.ts';
import { DECIMAL_TITLES } from '../../schemas/scalars.ts';
import { newestSchemaVersion } from '../../schemas/upcasts.ts';

/** By field (`position.quantity`, `items[].line`), what it holds; with `?` where it may be absent. */
export type EventShape = Readonly<Record<string, string>>;

/** By event type and schema version: `TradeExecuted@1`. */
export type EventShapes = Readonly<Record<string, EventShape>>;

interface Shape {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
}

/** The fields of every event in its newest schema version. */
export function currentShapes(): EventShapes {
  const events = AGGREGATE_LIST.flatMap((aggregate) => Object.entries(aggregate.events));
  return Object.fromEntries(
    events.map(([type, schema]) => [
      `${type}@${newestSchemaVersion(type)}`,
      Object.fromEntries(fieldsOf(eventJsonSchema(schema) as Shape, '')),
    ]),
  );
}

/** What is known, and what is new: nothing that is known changes. A field that may be absent may be new, since older events lack it. */
export function withShapes(known: EventShapes, current: EventShapes): EventShapes {
  const added = Object.entries(current).map(([name, shape]): [string, EventShape] => {
    const before = known[name];
    if (before === undefined) return [name, shape];
    const optional = Object.entries(shape).filter(([field, kind]) => !(field in before) && isOptional(kind));
    return [name, { ...before, ...Object.fromEntries(optional) }];
  });
  return { ...known, ...Object.fromEntries(added) };
}

/** What of the events is not as logs have it, in words for whoever changed it. */
export function shapeFaults(known: EventShapes, current: EventShapes): string[] {
  const types = new Set(Object.keys(current).map(typeOf));
  return Object.entries(known).flatMap(([name, before]) => {
    if (!types.has(typeOf(name))) return [`${name} is gone from the schemas, and logs may have it`];
    const now = current[name];
    if (now === undefined) return [];
    const fields = [...new Set([...Object.keys(before), ...Object.keys(now)])];
    return fields
      .filter((field) => before[field] !== now[field] && (field in before || !isOptional(now[field])))
      .map((field) => `${name}: ${field} was ${before[field] ?? 'absent'} and is ${now[field] ?? 'absent'}`);
  });
}

function isOptional(kind = ''): boolean {
  return kind.endsWith('?');
}

function typeOf(name: string): string {
  return name.slice(0, name.indexOf('@'));
}

function fieldsOf(shape: Shape, path: string): [string, string][] {
  const own = Object.entries(shape.properties ?? {}).flatMap(([name, field]): [string, string][] => {
    const at = path === '' ? name : `${path}.${name}`;
    const mark = shape.required?.includes(name) === true ? '' : '?';
    return [[at, `${kindOf(field)}${mark}`], ...fieldsOf(field, at)];
  });
  const items = shape.items === undefined ? [] : itemsOf(shape.items, `${path}[]`);
  return [...own, ...items, ...choicesOf(shape).flatMap((choice) => fieldsOf(choice, path))];
}

function itemsOf(items: Shape, path: string): [string, string][] {
  return [[path, kindOf(items)], ...fieldsOf(items, path)];
}

function choicesOf({ anyOf = [], oneOf = [] }: Shape): readonly Shape[] {
  return [...anyOf, ...oneOf];
}

/** Values that an enumeration has are not told: one more of them changes no stored event. */
function kindOf(shape: Shape): string {
  const choices = choicesOf(shape);
  if (choices.length > 0) return [...new Set(choices.map(kindOf))].join(' or ');
  const { title = '', type = typeof (shape.const ?? shape.enum?.[0] ?? {}) } = shape;
  if (DECIMAL_TITLES.includes(title)) return 'decimal';
  return title === 'Time' ? 'time' : [type].flat().join(' or ');
}
