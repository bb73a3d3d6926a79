/** Runs a batch: what the caller may send goes to each command's aggregate, and every command has its result in its place. */
import type { BriefOutcome } from '../../actors/kernel/actorCore.ts';
import type { AggregateKey } from '../../queues/kernel/positions.ts';
import type { CommandContext, CommandEnvelope } from '../../schemas/envelope.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { AggregateActor } from '../aggregates.ts';
import { isPassing } from '../inTime.ts';
import { type AggregateGroup, groupCommands, type Line, resultOf } from './batch.ts';
import { type BatchSender, runnable } from './batchGate.ts';
import type { BatchReply, BatchResult } from './replies.ts';

/**
 * Commands of one aggregate in one call: as many as an actor decides in one turn, so that nobody else waits longer, and few
 * enough that the lookup of their ids stays under the 2 MB of a bound value.
 */
export const CALL_COMMANDS_MAX = 2_000;

/** Who sends a batch, and how the aggregates are reached. */
export interface BatchCaller extends BatchSender {
  readonly context: CommandContext;
  readonly logger: Logger;
  actorOf(key: AggregateKey): Pick<AggregateActor, 'executeBrief'>;
}

/**
 * Commands of one aggregate run in the order given; a refusal stops nothing. The first {@link CALL_COMMANDS_MAX} commands of
 * each aggregate are on their way when this returns, so that of two calls with no more the second's run after the first's.
 */
export async function runBatch(lines: readonly Line[], caller: BatchCaller): Promise<BatchReply> {
  const { slots, groups } = groupCommands(lines);
  const results = slots.map((slot) =>
    'result' in slot ? slot.result : unanswered(slot.commandId, 'internal_error'),
  );
  const { groups: run, denials } = runnable(caller, [...groups.values()], results);
  await Promise.all([...run.map((group) => runGroup(caller, group, results)), ...denials]);
  return summary(results);
}

function summary(results: BatchResult[]): BatchReply {
  const reply: BatchReply = { accepted: 0, refused: 0, replayed: 0, results };
  for (const { status } of results) reply[status]++;
  return reply;
}

/** One aggregate's share. Its failure is a bug or an outage: its commands say so, and the others' answers stand. */
async function runGroup(caller: BatchCaller, group: AggregateGroup, results: BatchResult[]): Promise<void> {
  const { context, logger } = caller;
  let answered = 0;
  try {
    const actor = caller.actorOf(group);
    for (let start = 0; start < group.commands.length; start += CALL_COMMANDS_MAX) {
      const commands = group.commands.slice(start, start + CALL_COMMANDS_MAX);
      const answer = await actor.executeBrief(JSON.stringify(commands), context);
      const outcomes: BriefOutcome[] = JSON.parse(answer);
      outcomes.forEach((outcome, index) => {
        const { commandId } = commands[index] as (typeof commands)[number];
        results[group.places[start + index] as number] = resultOf(commandId, outcome);
      });
      answered = start + commands.length;
    }
  } catch (error) {
    const { aggregateType, aggregateId } = group;
    const code = isPassing(error) ? 'unavailable' : 'internal_error';
    for (let index = answered; index < group.commands.length; index++) {
      const { commandId } = group.commands[index] as CommandEnvelope;
      results[group.places[index] as number] = unanswered(commandId, code);
    }
    const { correlationId } = context;
    const fields = { correlationId, aggregateType, aggregateId, ...errorFields(error) };
    logger.log(code === 'unavailable' ? 'warn' : 'error', 'batch failed for an aggregate', fields);
  }
}

/** What a command has until its aggregate has answered: sending it again under the same id is always safe. */
function unanswered(commandId: string, code: 'internal_error' | 'unavailable'): BatchResult {
  return {
    commandId,
    status: 'refused',
    code,
    detail: 'The aggregate did not answer. The command may have run: send it again with the same id.',
  };
}
