/** `POST /v1/commands`: many commands, each decided by its own aggregate. */
import type { Context } from 'hono';
import { z } from 'zod';
import { receiverOf } from '../../aggregates.ts';
import { COMMAND_BYTES } from '../../limits/room.ts';
import { BATCH_COMMANDS, BATCH_COMMANDS_MAX, countLines, type Line, parseLines } from '../batch.ts';
import { BATCH_BYTES_MAX, readBytes, requireMediaType } from '../body.ts';
import type { HttpEnv } from '../context.ts';
import { callerOf, recordDenial } from '../denial.ts';
import { countJson } from '../jsonCount.ts';
import { type Route, route } from '../operation.ts';
import { parseWith } from '../parse.ts';
import { invalidRequest, ProblemError } from '../problem.ts';
import { accountUnits } from '../quota.ts';
import { BatchReply } from '../replies.ts';
import { runBatch } from '../runBatch.ts';
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

const runCommands = route(
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
    const caller = callerOf(c);
    const reply = await runBatch(lines, {
      ...caller,
      accountUnits: (accountId, wanted) => accountUnits(c, accountId, wanted),
      denied: (type, target) => recordDenial(caller, type, target),
      actorOf: (key) => receiverOf(c.env, key),
    });
    return c.json(reply);
  },
);

export const batch: readonly Route[] = [runCommands];

async function readCommands(c: Context<HttpEnv>): Promise<readonly Line[]> {
  const type = requireMediaType(c, ['application/json', 'application/x-ndjson']);
  const bytes = await readBytes(c, BATCH_BYTES_MAX);
  if (type === 'application/x-ndjson') {
    // Before any line is parsed: eight megabytes of short lines are millions of them.
    const count = countLines(bytes, BATCH_COMMANDS_MAX);
    if (count > BATCH_COMMANDS_MAX) throw tooManyCommands();
    // A value takes a byte at least.
    if (bytes.length > BATCH_VALUES_MAX && countJson(bytes).values > BATCH_VALUES_MAX) throw tooManyValues();
    c.get('takeBytes')?.(count * COMMAND_BYTES);
    const lines = parseLines(bytes);
    if (lines.length === 0) throw invalidRequest([{ path: '', message: 'must have at least one command' }]);
    return lines;
  }
  const { elements, values } = countJson(bytes);
  if (elements > BATCH_COMMANDS_MAX) throw tooManyCommands();
  if (values > BATCH_VALUES_MAX) throw tooManyValues();
  c.get('takeBytes')?.(elements * COMMAND_BYTES);
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
