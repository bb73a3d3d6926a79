/** Runs a batch: what the caller may send goes to each command's aggregate, and every command has its result in its place. */
import type { BriefOutcome } from '../../actors/kernel/actorCore.ts';
import type { AggregateKey } from '../../queues/kernel/positions.ts';
import type { CommandContext } from '../../schemas/envelope.ts';
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
export function runBatch(lines: readonly Line[], caller: BatchCaller): Promise<BatchReply> {
  // An async function would keep all that was parsed until the last aggregate has answered.
  return new Promise((resolve) => resolve(begun(lines, caller)));
}

function begun(lines: readonly Line[], caller: BatchCaller): Promise<BatchReply> {
  const { slots, groups } = groupCommands(lines);
  const results = slots.map((slot) =>
    'result' in slot ? slot.result : unanswered(slot.commandId, 'internal_error'),
  );
  const { groups: run, denials } = runnable(caller, [...groups.values()], results);
  const answered = run.map((group) => runShare(caller, shareOf(group), results));
  return Promise.all([...answered, ...denials]).then(() => summary(results));
}

function summary(results: BatchResult[]): BatchReply {
  const reply: BatchReply = { accepted: 0, refused: 0, replayed: 0, results };
  for (const { status } of results) reply[status]++;
  return reply;
}

/** What one aggregate is sent: commands as a text a call, which is taken out then, and the places of their results. */
interface Share {
  readonly key: AggregateKey;
  readonly texts: string[];
  readonly places: readonly number[];
}

function shareOf({ aggregateType, aggregateId, commands, places }: AggregateGroup): Share {
  const texts: string[] = [];
  for (let start = 0; start < commands.length; start += CALL_COMMANDS_MAX)
    texts.push(JSON.stringify(commands.slice(start, start + CALL_COMMANDS_MAX)));
  return { key: { aggregateType, aggregateId }, texts, places };
}

/** Its failure is a bug or an outage: its commands say so, and the others' answers stand. */
async function runShare(
  caller: BatchCaller,
  { key, texts, places }: Share,
  results: BatchResult[],
): Promise<void> {
  const { context, logger } = caller;
  const idOf = (place: number) => (results[place] as BatchResult).commandId as string;
  let answered = 0;
  try {
    const actor = caller.actorOf(key);
    const next = () => {
      const text = texts.shift();
      return text === undefined ? undefined : actor.executeBrief(text, context);
    };
    for (let answer = next(); answer !== undefined; answer = next()) {
      const outcomes: BriefOutcome[] = JSON.parse(await answer);
      for (const outcome of outcomes) {
        const place = places[answered++] as number;
        results[place] = resultOf(idOf(place), outcome);
      }
    }
  } catch (error) {
    const code = isPassing(error) ? 'unavailable' : 'internal_error';
    for (const place of places.slice(answered)) results[place] = unanswered(idOf(place), code);
    const fields = { correlationId: context.correlationId, ...key, ...errorFields(error) };
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
