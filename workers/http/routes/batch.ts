/** `POST /v1/commands`: many commands, each decided by its own aggregate. */
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { errorFields } from '../../../telemetry/logger.ts';
import { actorStub } from '../../aggregates.ts';
import {
  type AggregateGroup,
  BATCH_COMMANDS_MAX,
  type BatchResult,
  groupCommands,
  parseLines,
  resultOf,
} from '../batch.ts';
import { BATCH_BYTES_MAX, mediaType, parseWith, readBytes, unsupportedMediaType } from '../body.ts';
import { commandContext } from '../command.ts';
import type { HttpEnv } from '../context.ts';
import { invalidRequest, ProblemError, type RequestFault } from '../problem.ts';
import { parseStrictJson } from '../strictJson.ts';

/** The body around the commands; each command is checked in its place, so that a bad one stops nothing. */
const BatchBody = z.strictObject({ commands: z.array(z.unknown()) });

export const batch = new Hono<HttpEnv>();

batch.post('/', async (c) => {
  const { values, faults } = await readCommands(c);
  if (values.length === 0)
    throw invalidRequest([{ path: 'commands', message: 'must have at least one command' }]);
  if (values.length > BATCH_COMMANDS_MAX) {
    throw new ProblemError({
      status: 413,
      code: 'request_too_large',
      detail: `A batch has at most ${BATCH_COMMANDS_MAX} commands.`,
    });
  }
  const { slots, groups } = groupCommands(values, faults);
  const results: BatchResult[] = slots.map((slot) =>
    'result' in slot ? slot.result : unanswered(slot.command),
  );
  await Promise.all([...groups.values()].map((group) => runGroup(c, group, results)));
  const count = (status: BatchResult['status']) =>
    results.filter((result) => result.status === status).length;
  return c.json({
    accepted: count('accepted'),
    refused: count('refused'),
    replayed: count('replayed'),
    results,
  });
});

async function readCommands(
  c: Context<HttpEnv>,
): Promise<{ values: readonly unknown[]; faults: ReadonlyMap<number, RequestFault[]> }> {
  const type = mediaType(c);
  if (type === 'application/x-ndjson') {
    const bytes = await readBytes(c, BATCH_BYTES_MAX);
    try {
      return parseLines(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      throw invalidRequest([{ path: '', message: 'must be valid UTF-8' }]);
    }
  }
  if (type !== 'application/json') throw unsupportedMediaType('application/json or application/x-ndjson');
  const parsed = parseStrictJson(await readBytes(c, BATCH_BYTES_MAX));
  if (!parsed.ok) throw invalidRequest(parsed.errors);
  return { values: parseWith(BatchBody, parsed.value).commands, faults: new Map() };
}

/** One aggregate's share. Its failure is a bug or an outage: its commands say so, and the others' answers stand. */
async function runGroup(c: Context<HttpEnv>, group: AggregateGroup, results: BatchResult[]): Promise<void> {
  try {
    const outcomes = await actorStub(c.env, group).executeBrief(group.commands, commandContext(c));
    group.places.forEach((place, index) => {
      const command = group.commands[index];
      const outcome = outcomes[index];
      if (command !== undefined && outcome !== undefined) results[place] = resultOf(command, outcome);
    });
  } catch (error) {
    const { aggregateType, aggregateId } = group;
    c.get('logger').log('error', 'batch failed for an aggregate', {
      correlationId: c.get('correlationId'),
      aggregateType,
      aggregateId,
      ...errorFields(error),
    });
  }
}

/** What a command has until its aggregate has answered: sending it again under the same id is always safe. */
function unanswered({ commandId }: { commandId: string }): BatchResult {
  return {
    commandId,
    status: 'refused',
    code: 'internal_error',
    detail: 'The aggregate did not answer. The command may have run: send it again with the same id.',
  };
}
