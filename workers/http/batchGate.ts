/** Which commands of a batch are run at all: those that the caller may send, as many as each account takes. */
import type { CommandEnvelope } from '../../schemas/envelope.ts';
import { commandGate } from '../access/decide.ts';
import type { Principal, Target } from '../access/principal.ts';
import { STOPPING_COMMANDS } from '../limits/quotas.ts';
import type { AggregateGroup } from './batch.ts';
import { FORBIDDEN_DETAIL } from './denial.ts';
import type { BatchResult } from './replies.ts';

/** Refusals of a command that is not run. */
const FORBIDDEN = { code: 'forbidden', detail: FORBIDDEN_DETAIL } as const;
const RATE_LIMITED = {
  code: 'rate_limited',
  detail: 'The account was sent more than it takes in this window of time. Send the command again later.',
} as const;

/** Who sends commands, and how many of them the accounts take. */
export interface BatchSender {
  readonly principal: Principal;
  /** Units that an account takes of the `wanted` ones. */
  accountUnits(accountId: string, wanted: number): number;
  /** Puts a refusal of access on record. */
  denied(commandType: string, target: Target): Promise<void>;
}

/** What a gate lets through, and what else it has to do before the batch is answered. */
export interface Gated {
  readonly groups: readonly AggregateGroup[];
  readonly denials: readonly Promise<void>[];
}

/** The part of each group that is run; the other commands have their refusals in their places. */
export function runnable(
  sender: BatchSender,
  groups: readonly AggregateGroup[],
  results: BatchResult[],
): Gated {
  const isAllowed = commandGate(sender.principal);
  const denials = groups.flatMap((group) =>
    group.commands
      .filter(({ type }) => !isAllowed(type, group))
      .map(({ type }) => sender.denied(type, group)),
  );
  const allowed = groups.map((group) =>
    part(group, results, FORBIDDEN, ({ type }) => isAllowed(type, group)),
  );
  const run = allowed.map((group) => {
    if (group.aggregateType !== 'account' || group.commands.length === 0) return group;
    const units = sender.accountUnits(group.aggregateId, group.commands.length);
    // The first ones, and what stops the account: the order of what is run stays the order that was given.
    return part(
      group,
      results,
      RATE_LIMITED,
      ({ type }, index) => index < units || STOPPING_COMMANDS.has(type),
    );
  });
  return { groups: run, denials };
}

/** The commands of a group that are kept; the others are refused. */
function part(
  group: AggregateGroup,
  results: BatchResult[],
  refusal: typeof FORBIDDEN | typeof RATE_LIMITED,
  isKept: (command: CommandEnvelope, index: number) => boolean,
): AggregateGroup {
  if (group.commands.every(isKept)) return group;
  const kept: AggregateGroup = { ...group, commands: [], places: [] };
  group.commands.forEach((command, index) => {
    const place = group.places[index] as number;
    if (isKept(command, index)) {
      kept.commands.push(command);
      kept.places.push(place);
    } else {
      results[place] = { commandId: command.commandId, status: 'refused', ...refusal };
    }
  });
  return kept;
}
