/** Which commands of a batch are run at all: those that the caller may send, as many as each account takes. */
import type { Context } from 'hono';
import { commandGate } from '../access/decide.ts';
import { FORBIDDEN_DETAIL } from './access.ts';
import type { AggregateGroup } from './batch.ts';
import type { HttpEnv } from './context.ts';
import { accountUnits } from './quota.ts';
import type { BatchResult } from './replies.ts';

/** Refusals of a command that is not run. */
const FORBIDDEN = { code: 'forbidden', detail: FORBIDDEN_DETAIL } as const;
const RATE_LIMITED = {
  code: 'rate_limited',
  detail: 'The account was sent more than it takes in this window of time. Send the command again later.',
} as const;

/** The part of each group that is run; the other commands have their refusals in their places. */
export function runnable(
  c: Context<HttpEnv>,
  groups: Iterable<AggregateGroup>,
  results: BatchResult[],
): AggregateGroup[] {
  const isAllowed = commandGate(c.get('principal'));
  return Array.from(groups, (group) => {
    const allowed = part(group, results, FORBIDDEN, (index) =>
      isAllowed(group.commands[index]?.type as string, group),
    );
    if (allowed.aggregateType !== 'account' || allowed.commands.length === 0) return allowed;
    const units = accountUnits(c, allowed.aggregateId, allowed.commands.length);
    // The first ones: the order of what is run stays the order that was given.
    return part(allowed, results, RATE_LIMITED, (index) => index < units);
  });
}

/** The commands of a group that are kept; the others are refused. */
function part(
  group: AggregateGroup,
  results: BatchResult[],
  refusal: typeof FORBIDDEN | typeof RATE_LIMITED,
  isKept: (index: number) => boolean,
): AggregateGroup {
  if (group.commands.every((_, index) => isKept(index))) return group;
  const kept: AggregateGroup = { ...group, commands: [], places: [] };
  group.commands.forEach((command, index) => {
    const place = group.places[index] as number;
    if (isKept(index)) {
      kept.commands.push(command);
      kept.places.push(place);
    } else {
      results[place] = { commandId: command.commandId, status: 'refused', ...refusal };
    }
  });
  return kept;
}
