/** `POST /v1/commands`: many commands, each decided by its own aggregate. */
import type { Context } from 'hono';
import { z } from 'zod';
import type { BriefOutcome } from '../../../actors/kernel/actorCore.ts';
import type { CommandEnvelope } from '../../../schemas/envelope.ts';
import { errorFields } from '../../../telemetry/logger.ts';
import { actorStub } from '../../aggregates.ts';
import { isPassing } from '../../inTime.ts';
import {
  type AggregateGroup,
  BATCH_COMMANDS,
  BATCH_COMMANDS_MAX,
  groupCommands,
  hasMoreLines,
  type Line,
  parseLines,
  resultOf,
} from '../batch.ts';
import { runnable } from '../batchGate.ts';
import { BATCH_BYTES_MAX, readBytes, requireMediaType } from '../body.ts';
import { commandContext } from '../command.ts';
import type { HttpEnv } from '../context.ts';
import { countJson } from '../jsonCount.ts';
import { type Route, route } from '../operation.ts';
import { parseWith } from '../parse.ts';
import { invalidRequest, ProblemError } from '../problem.ts';
import { BatchReply, type BatchResult } from '../replies.ts';
import { parseStrictJson } from '../strictJson.ts';

/** The body around the commands; each command is checked in its place, so that a bad one stops nothing. */
const BatchBody = z.strictObject({ commands: z.array(z.unknown()) });

/**
 * Values in a body on every level, counted before it is parsed: eight megabytes of nothing but brackets would be hundreds
 * in memory. A hundred a command of a full batch, where a trade has a dozen.
 */
const BATCH_VALUES_MAX = 100 * BATCH_COMMANDS_MAX;

/** The same for the API's description, with the commands that there are. */
export const BatchRequest = z.strictObject({
  commands: z
    .array(z.union([...BATCH_COMMANDS.values()]))
    .min(1)
    .max(BATCH_COMMANDS_MAX),
});

/**
 * Commands of one aggregate in one call: as many as an actor decides in one turn, so that nobody else waits longer, and few
 * enough that the lookup of their ids stays under the 2 MB of a bound value.
 */
const CALL_COMMANDS_MAX = 2_000;

const runBatch = route(
  {
    method: 'post',
    path: '/v1/commands',
    operationId: 'runCommands',
    tag: 'Batch',
    summary: 'Run many commands',
    description:
      'Commands of one aggregate run in the order given; a refusal stops nothing. A command that does not fit its ' +
      'schema, or a line that is no JSON, is refused in its place as `invalid_request`. A JSON body is one text: where ' +
      `it is malformed nothing runs. At most ${BATCH_COMMANDS_MAX} commands or ${BATCH_BYTES_MAX} bytes.`,
    ownBody: {
      required: true,
      content: {
        'application/json': { schema: BatchRequest },
        'application/x-ndjson': {
          schema: { type: 'string', description: 'A command a line, as in `commands` of the JSON body.' },
        },
      },
    },
    success: { status: 200, description: 'What became of each command.', schema: BatchReply },
  },
  async (c) => {
    const lines = await readCommands(c);
    const { slots, groups } = groupCommands(lines);
    const results = slots.map((slot) =>
      'result' in slot ? slot.result : unanswered(slot.commandId, 'internal_error'),
    );
    const allowed = await runnable(c, [...groups.values()], results);
    await Promise.all(allowed.map((group) => runGroup(c, group, results)));
    return c.json(summary(results));
  },
);

export const batch: readonly Route[] = [runBatch];

async function readCommands(c: Context<HttpEnv>): Promise<readonly Line[]> {
  const type = requireMediaType(c, ['application/json', 'application/x-ndjson']);
  const bytes = await readBytes(c, BATCH_BYTES_MAX);
  if (type === 'application/x-ndjson') {
    // Before any line is parsed: eight megabytes of short lines are millions of them.
    if (hasMoreLines(bytes, BATCH_COMMANDS_MAX)) throw tooManyCommands();
    // A value takes a byte at least.
    if (bytes.length > BATCH_VALUES_MAX && countJson(bytes).values > BATCH_VALUES_MAX) throw tooManyValues();
    const lines = parseLines(bytes);
    if (lines.length === 0) throw invalidRequest([{ path: '', message: 'must have at least one command' }]);
    return lines;
  }
  const { elements, values } = countJson(bytes);
  if (elements > BATCH_COMMANDS_MAX) throw tooManyCommands();
  if (values > BATCH_VALUES_MAX) throw tooManyValues();
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) throw invalidRequest(parsed.errors);
  const { commands } = parseWith(BatchBody, parsed.value);
  if (commands.length === 0) {
    throw invalidRequest([{ path: 'commands', message: 'must have at least one command' }]);
  }
  return commands.map((value) => ({ value }));
}

function tooManyCommands(): ProblemError {
  return tooMuch(`A batch has at most ${BATCH_COMMANDS_MAX} commands.`);
}

function tooManyValues(): ProblemError {
  return tooMuch(`A batch has at most ${BATCH_VALUES_MAX} values.`);
}

function tooMuch(detail: string): ProblemError {
  return new ProblemError({ code: 'request_too_large', detail });
}

function summary(results: BatchResult[]): BatchReply {
  const reply: BatchReply = { accepted: 0, refused: 0, replayed: 0, results };
  for (const { status } of results) reply[status]++;
  return reply;
}

/** One aggregate's share. Its failure is a bug or an outage: its commands say so, and the others' answers stand. */
async function runGroup(c: Context<HttpEnv>, group: AggregateGroup, results: BatchResult[]): Promise<void> {
  let answered = 0;
  try {
    const actor = actorStub(c.env, group);
    for (let start = 0; start < group.commands.length; start += CALL_COMMANDS_MAX) {
      const commands = group.commands.slice(start, start + CALL_COMMANDS_MAX);
      const answer = await actor.executeBrief(JSON.stringify(commands), commandContext(c));
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
    c.get('logger').log(code === 'unavailable' ? 'warn' : 'error', 'batch failed for an aggregate', {
      correlationId: c.get('correlationId'),
      aggregateType,
      aggregateId,
      ...errorFields(error),
    });
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
