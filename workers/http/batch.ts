/** Batches: from bytes to commands by aggregate, and from the actors' verdicts to results in the order given. */
import { z } from 'zod';
import type { BriefOutcome } from '../../actors/kernel/actorCore.ts';
import { OpenAccount } from '../../schemas/account.ts';
import { AGGREGATE_LIST, AGGREGATE_TYPES, AGGREGATES, type AggregateType } from '../../schemas/aggregates.ts';
import { type CommandEnvelope, CommandId } from '../../schemas/envelope.ts';
import { PlaceOrder } from '../../schemas/order.ts';
import { AggregateId, Id, Version } from '../../schemas/scalars.ts';
import { tryParse } from './parse.ts';
import { faultText, type RequestFault } from './problem.ts';
import type { BatchResult } from './replies.ts';
import { parseCleanLines, parseStrictJson } from './strictJson.ts';

/** Commands in one batch (contract, "Batch"). */
export const BATCH_COMMANDS_MAX = 10_000;

/** Faults told of one command: ten thousand bad ones must not make an answer of many times their own size. */
const COMMAND_FAULTS_MAX = 5;

/** Every command has these, whatever its type. */
const envelope = { commandId: CommandId, expectedVersion: Version.optional() };

function batchCommand<Data extends z.ZodType>(aggregateType: AggregateType, type: string, data: Data) {
  return z.strictObject({
    ...envelope,
    aggregateType: z.literal(aggregateType),
    aggregateId: AGGREGATES[aggregateType].id,
    type: z.literal(type),
    data,
  });
}

/** The body of `POST /v1/accounts` may be sent as it is, with its `accountId`: it says what `aggregateId` says already. */
const OpenAccountCommand = batchCommand(
  'account',
  'OpenAccount',
  OpenAccount.extend({ accountId: Id.optional() }),
)
  .refine(({ aggregateId, data: { accountId } }) => accountId === undefined || accountId === aggregateId, {
    path: ['data', 'accountId'],
    message: 'must be the same as aggregateId',
  })
  .transform(({ data: { accountId: _, ...data }, ...command }) => ({ ...command, data }));

/** So may the body of `POST /v1/orders`, or without its `orderId`. */
const PlaceOrderCommand = batchCommand('order', 'PlaceOrder', PlaceOrder.extend({ orderId: Id.optional() }))
  .refine(({ aggregateId, data: { orderId } }) => orderId === undefined || orderId === aggregateId, {
    path: ['data', 'orderId'],
    message: 'must be the same as aggregateId',
  })
  .transform((command) => ({ ...command, data: { ...command.data, orderId: command.aggregateId } }));

/** Commands that may be sent with other data than the aggregate takes. */
const SENT_OTHERWISE: Readonly<Record<string, z.ZodType<AnyCommand>>> = {
  OpenAccount: OpenAccountCommand,
  PlaceOrder: PlaceOrderCommand,
};

/** Every command that a batch takes, by its type: types are unique across aggregates. */
export const BATCH_COMMANDS: ReadonlyMap<string, z.ZodType<AnyCommand>> = new Map(
  AGGREGATE_LIST.flatMap(({ aggregateType, commands }) =>
    Object.entries(commands).map(([type, data]) => {
      const schema: z.ZodType<AnyCommand> = SENT_OTHERWISE[type] ?? batchCommand(aggregateType, type, data);
      // The name in the API's description.
      return [type, schema.meta({ id: `${type}Command` })] as const;
    }),
  ),
);

/** What is wrong with a command whose type is not known. */
const UnknownCommand = z.strictObject({
  ...envelope,
  aggregateType: z.enum(AGGREGATE_TYPES),
  aggregateId: AggregateId,
  type: z.enum([...BATCH_COMMANDS.keys()]),
  data: z.unknown(),
});

interface AnyCommand {
  readonly commandId: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly type: string;
  readonly data: unknown;
  readonly expectedVersion?: number | undefined;
}

/** One place of the batch: the command to run there, or the result that it has already. */
export type Slot = { readonly commandId: string } | { readonly result: BatchResult };

export interface Batch {
  readonly slots: readonly Slot[];
  /** Commands by aggregate, in the order given, with their places. */
  readonly groups: ReadonlyMap<string, AggregateGroup>;
}

/** One aggregate's share of a batch. */
export interface AggregateGroup {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly commands: CommandEnvelope[];
  readonly places: number[];
}

/** A line of NDJSON, or why it is none. */
export type Line = { readonly value: unknown } | { readonly faults: readonly RequestFault[] };

const LINE_FEED = 0x0a;
const JSON_SPACE: ReadonlySet<number> = new Set([LINE_FEED, 0x0d, 0x20, 0x09]);

/** Lines of the bytes, a line feed at the end not counted; where they are more than `limit`, one more than that. */
export function countLines(bytes: Uint8Array, limit: number): number {
  let lines = 1;
  let feed = bytes.indexOf(LINE_FEED);
  while (feed >= 0 && feed < bytes.length - 1 && lines <= limit) {
    lines++;
    feed = bytes.indexOf(LINE_FEED, feed + 1);
  }
  return lines;
}

/** NDJSON: empty lines at the end are none, a line that does not parse is refused in its place. */
export function parseLines(bytes: Uint8Array): Line[] {
  const text = bytes.subarray(0, endOfText(bytes));
  if (text.length === 0) return [];
  const clean = parseCleanLines(text);
  if (clean !== undefined) return clean.map((value) => ({ value }));
  return splitLines(text).map((line) => {
    const parsed = parseStrictJson(line);
    return parsed.ok ? { value: parsed.value } : { faults: parsed.errors };
  });
}

/** Where the bytes end without the white space of JSON (RFC 8259, 2) at their end. */
function endOfText(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && JSON_SPACE.has(bytes[end - 1] as number)) end--;
  return end;
}

/** The byte of a line feed is part of no other character, so that each line can be decoded by itself. */
function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** Commands by their aggregate; what is no command has its result at once. */
export function groupCommands(lines: readonly Line[]): Batch {
  const groups = new Map<string, AggregateGroup>();
  let group: AggregateGroup | undefined;
  const slots = lines.map((line, place): Slot => {
    if ('faults' in line) return { result: invalid(undefined, line.faults) };
    const parsed = parseCommand(line.value);
    if (!parsed.ok) return { result: invalid(line.value, parsed.faults) };
    const { commandId, aggregateType, aggregateId, type, data, expectedVersion } = parsed.value;
    // Commands of one aggregate mostly come one after another: it is not looked up anew for each.
    if (group?.aggregateId !== aggregateId || group.aggregateType !== aggregateType)
      group = groupOf(groups, aggregateType, aggregateId);
    const versioned = expectedVersion === undefined ? undefined : { expectedVersion };
    group.commands.push({ commandId, type, data, ...versioned });
    group.places.push(place);
    return { commandId };
  });
  return { slots, groups };
}

function groupOf(
  groups: Map<string, AggregateGroup>,
  aggregateType: string,
  aggregateId: string,
): AggregateGroup {
  const key = `${aggregateType}/${aggregateId}`;
  let group = groups.get(key);
  if (group === undefined) {
    group = { aggregateType, aggregateId, commands: [], places: [] };
    groups.set(key, group);
  }
  return group;
}

function parseCommand(value: unknown) {
  const type = (value as { type?: unknown } | null)?.type;
  const schema = typeof type === 'string' ? BATCH_COMMANDS.get(type) : undefined;
  return tryParse<z.ZodType<AnyCommand>>(schema ?? UnknownCommand, value);
}

function invalid(value: unknown, errors: readonly RequestFault[]): BatchResult {
  const commandId = CommandId.safeParse((value as { commandId?: unknown } | null | undefined)?.commandId);
  const first = errors[0];
  return {
    commandId: commandId.success ? commandId.data : null,
    status: 'refused',
    code: 'invalid_request',
    detail: first === undefined ? 'The command is not valid.' : faultText(first),
    errors: errors.slice(0, COMMAND_FAULTS_MAX),
  };
}

/** A verdict as the batch answers it. */
export function resultOf(commandId: string, outcome: BriefOutcome): BatchResult {
  if (outcome.status !== 'refused') return { commandId, status: outcome.status, version: outcome.version };
  return { commandId, status: 'refused', code: outcome.code, detail: outcome.detail };
}
