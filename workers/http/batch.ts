/** Batches: from bytes to commands by aggregate, and from the actors' verdicts to results in the order given. */
import { z } from 'zod';
import type { BriefOutcome } from '../../actors/kernel/actorCore.ts';
import { accountCommands } from '../../schemas/account.ts';
import { type CommandEnvelope, CommandId } from '../../schemas/envelope.ts';
import { Id, Version } from '../../schemas/scalars.ts';
import { zodFaults } from './body.ts';
import { faultText, type RequestFault } from './problem.ts';
import { parseStrictJsonText } from './strictJson.ts';

/** Commands in one batch (contract, "Batch"). */
export const BATCH_COMMANDS_MAX = 10_000;

const COMMANDS: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = { account: accountCommands };

/** A command of a batch, before its data is known to fit its type. */
export const BatchCommand = z.strictObject({
  commandId: CommandId,
  aggregateType: z.enum(['account']),
  aggregateId: Id,
  type: z.string(),
  data: z.unknown(),
  expectedVersion: Version.optional(),
});

export interface BatchResult {
  readonly commandId: string | null;
  readonly status: 'accepted' | 'refused' | 'replayed';
  readonly version?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly RequestFault[];
}

/** One place of the batch: a command to run, or the result that it has already. */
type Slot = { readonly key: string; readonly command: CommandEnvelope } | { readonly result: BatchResult };

export interface Batch {
  readonly slots: readonly Slot[];
  /** Commands by aggregate, in the order given, with their places. */
  readonly groups: ReadonlyMap<string, AggregateGroup>;
}

export interface AggregateGroup {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly commands: CommandEnvelope[];
  readonly places: number[];
}

/** NDJSON: an empty line at the end is none, a line that does not parse is refused in its place. */
export function parseLines(text: string): { values: unknown[]; faults: Map<number, RequestFault[]> } {
  const lines = text.split('\n');
  if (lines.at(-1)?.trim() === '') lines.pop();
  const faults = new Map<number, RequestFault[]>();
  const values = lines.map((line, index) => {
    const parsed = parseStrictJsonText(line);
    if (parsed.ok) return parsed.value;
    faults.set(index, parsed.errors);
    return undefined;
  });
  return { values, faults };
}

export function groupCommands(
  values: readonly unknown[],
  faults: ReadonlyMap<number, RequestFault[]>,
): Batch {
  const groups = new Map<string, AggregateGroup>();
  const slots = values.map((value, place): Slot => {
    const known = faults.get(place);
    if (known !== undefined) return { result: invalid(value, known) };
    const parsed = parseCommand(value);
    if (!parsed.ok) return { result: invalid(value, parsed.faults) };
    const { aggregateType, aggregateId, command } = parsed;
    const key = `${aggregateType}/${aggregateId}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { aggregateType, aggregateId, commands: [], places: [] };
      groups.set(key, group);
    }
    group.commands.push(command);
    group.places.push(place);
    return { key, command };
  });
  return { slots, groups };
}

type ParsedCommand =
  | { ok: true; aggregateType: string; aggregateId: string; command: CommandEnvelope }
  | { ok: false; faults: RequestFault[] };

function parseCommand(value: unknown): ParsedCommand {
  const envelope = BatchCommand.safeParse(value);
  if (!envelope.success) return { ok: false, faults: zodFaults(envelope.error) };
  const { aggregateType, aggregateId, commandId, type, expectedVersion } = envelope.data;
  const commands = COMMANDS[aggregateType] ?? {};
  const schema = Object.hasOwn(commands, type) ? commands[type] : undefined;
  if (schema === undefined) {
    const known = Object.keys(commands).join(', ');
    return { ok: false, faults: [{ path: 'type', message: `must be one of ${known}` }] };
  }
  const data = schema.safeParse(envelope.data.data);
  if (!data.success) {
    const faults = zodFaults(data.error).map(({ path, message }) => ({
      path: path === '' ? 'data' : `data.${path}`,
      message,
    }));
    return { ok: false, faults };
  }
  const command = {
    commandId,
    type,
    data: data.data,
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  };
  return { ok: true, aggregateType, aggregateId, command };
}

function invalid(value: unknown, errors: readonly RequestFault[]): BatchResult {
  const commandId = (value as { commandId?: unknown } | null | undefined)?.commandId;
  const first = errors[0];
  return {
    commandId: typeof commandId === 'string' ? commandId : null,
    status: 'refused',
    code: 'invalid_request',
    detail: first === undefined ? 'The command is not valid.' : faultText(first),
    errors,
  };
}

export function resultOf(command: CommandEnvelope, outcome: BriefOutcome): BatchResult {
  const { commandId } = command;
  if (outcome.status !== 'refused') return { commandId, status: outcome.status, version: outcome.version };
  return { commandId, status: 'refused', code: outcome.code, detail: outcome.detail };
}
