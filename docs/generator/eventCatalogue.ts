/** The catalogue of commands, events and refusals as Markdown, from the schemas and the operations of the API. */
import type { z } from 'zod';
import { AGGREGATE_LIST } from '../../schemas/aggregates.ts';
import { Currency } from '../../schemas/currency.ts';
import { CommandId, EventEnvelope, HashText, KERNEL_REFUSALS } from '../../schemas/envelope.ts';
import { eventTypes } from '../../schemas/eventTypes.ts';
import { eventJsonSchema } from '../../schemas/jsonSchema.ts';
import {
  AggregateId,
  DecimalText,
  Id,
  NonNegativeDecimal,
  PositiveDecimal,
  Remark,
  SymbolName,
  UtcTime,
  WholeChange,
  WholeQuantity,
} from '../../schemas/scalars.ts';
import type { Operation } from '../../workers/http/operation.ts';
import { PROBLEMS, type ProblemCode } from '../../workers/http/problem.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The whole document; `operations` say which commands have a path of their own and what they refuse. */
export function eventCatalogue(operations: readonly Operation[]): string {
  const sections = [
    '# Event catalogue',
    'Made by `npm run docs` from `schemas/`; a test fails when it is stale. `GET /v1/event-types` answers the same events\n' +
      'as JSON Schema.',
    '## Envelope',
    'Every event, in the log, on a queue and in the API. `data` has the shape of its `schemaVersion`: stored bytes stay as\n' +
      'they are, readers upcast.',
    fieldTable(eventJsonSchema(EventEnvelope)),
    ...AGGREGATE_LIST.flatMap(({ aggregateType: name, commands, refusals }) => [
      `## Aggregate \`${name}\``,
      '### Events',
      ...eventSections(name),
      '### Commands',
      Object.keys(commands).length === 0
        ? 'None: the platform alone tells it what to do.'
        : 'Each can be sent in a batch (`POST /v1/commands`) under its type.',
      ...Object.entries(commands).flatMap(([type, schema]) =>
        commandSection(type, schema, refusals, operations),
      ),
      '### Refusals',
      'In the order in which they are checked.',
      refusalTable(refusals),
    ]),
    '## Refusals of every aggregate',
    'Before any rule of the aggregate is asked.',
    refusalTable(KERNEL_REFUSALS),
    '## Types',
    'Commands may also send decimals as JSON numbers of at most 15 significant digits, and times with another offset.',
    typeTable(),
  ];
  return `${sections.join('\n\n')}\n`;
}

function eventSections(aggregateType: string): string[] {
  return eventTypes()
    .filter((event) => event.aggregateType === aggregateType)
    .flatMap(({ eventType, schemaVersion, schemaVersions, jsonSchema }) => {
      const older = schemaVersions.filter((version) => version !== schemaVersion);
      const note = older.length === 0 ? '' : ` Stored events may have version ${older.join(', ')}.`;
      return [
        `#### \`${eventType}\``,
        `${jsonSchema.description ?? ''}\n\nSchema version ${schemaVersion}.${note}`,
        fieldTable(jsonSchema),
      ];
    });
}

function commandSection(
  type: string,
  schema: z.ZodType,
  refusals: readonly ProblemCode[],
  operations: readonly Operation[],
): string[] {
  const operation = operations.find(({ command }) => command === type);
  const path =
    operation === undefined ? 'Batch only.' : `\`${operation.method.toUpperCase()} ${operation.path}\``;
  const refused = refusals.filter((code) => operation?.problems?.includes(code)).map((code) => `\`${code}\``);
  const fields = eventJsonSchema(schema);
  return [
    `#### \`${type}\``,
    `${fields.description ?? ''} ${path}`,
    fieldTable(fields),
    ...(refused.length === 0 ? [] : [`Refused as ${refused.join(', ')}.`]),
  ];
}

function refusalTable(codes: readonly ProblemCode[]): string {
  const rows = codes.map((code) => [`\`${code}\``, String(PROBLEMS[code].status), PROBLEMS[code].meaning]);
  return table(['refusal', 'status', 'meaning'], rows);
}

/** The scalar types that tables name. */
const TYPES = [
  Id,
  AggregateId,
  CommandId,
  HashText,
  SymbolName,
  Currency,
  UtcTime,
  DecimalText,
  NonNegativeDecimal,
  PositiveDecimal,
  WholeQuantity,
  WholeChange,
  Remark,
].map(eventJsonSchema);

function typeTable(): string {
  const rows = TYPES.map(({ title, description, pattern, format }) => {
    const form = pattern === undefined ? (format ?? '') : `\`${pattern.replaceAll('|', '\\|')}\``;
    return [String(title), description ?? '', form];
  });
  return table(['type', 'meaning', 'form'], rows);
}

function fieldTable(schema: JsonSchema): string {
  return table(['field', 'type', 'meaning'], fieldRows(schema, ''));
}

function fieldRows(schema: JsonSchema, prefix: string): string[][] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const row = [
      `\`${path}\`${required.includes(name) ? '' : ' (optional)'}`,
      typeText(field),
      meaning(field),
    ];
    const item = field.items as JsonSchema | undefined;
    return [
      row,
      ...fieldRows(field, `${path}.`),
      ...(item === undefined ? [] : fieldRows(item, `${path}[].`)),
    ];
  });
}

/** What the field says beyond its type. */
function meaning({ title, description = '' }: JsonSchema): string {
  const type = TYPES.find((candidate) => title !== undefined && candidate.title === title);
  return description === type?.description ? '' : description;
}

function typeText({ title, type, format, enum: values, anyOf }: JsonSchema): string {
  if (title !== undefined) return title;
  if (anyOf !== undefined) return anyOf.map((option) => typeText(option as JsonSchema)).join(' or ');
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
  const name = Array.isArray(type) ? type.join(' or ') : String(type ?? 'any');
  return format === undefined ? name : `${name}, ${format}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return lines.join('\n');
}
