/** One command over HTTP: its id, its expected version, and the answer that stands for its outcome. */
import type { Context } from 'hono';
import { z } from 'zod';
import { type CommandContext, CommandId } from '../../schemas/envelope.ts';
import { receiverOf } from '../aggregates.ts';
import type { HttpEnv } from './context.ts';
import type { Success } from './operation.ts';
import { invalidRequest, ProblemError, refusalProblem } from './problem.ts';
import type { CommandReply } from './replies.ts';
import type { Sending } from './sending.ts';

/**
 * A version as an entity tag. Cloudflare compresses answers to whoever takes that, and makes their tags weak: what is sent back is then
 * `W/"7"`, and means the version as well (RFC 9110, 13.1.1 compares bytes, which a version does not stand for).
 */
const IF_MATCH = /^(?:W\/)?"(0|[1-9]\d{0,14})"$/;

/** The headers that every single command takes. */
export const CommandHeaders = z.strictObject({
  'Idempotency-Key': CommandId.optional().meta({
    param: { id: 'IdempotencyKey' },
    description:
      'The command id, 1 to 128 visible ASCII characters, remembered for good. A repeat with the same body gives the ' +
      'same answer with `Idempotency-Replayed: true`; with another body 409 `command_id_reused`. A key under which something ' +
      'was sent that another key, or none, had already created (by its `tradeId`, `orderId`, …) is answered in the same way and ' +
      'not remembered.',
    examples: ['deposit-2026-11-21-7'],
  }),
  'If-Match': z
    .string()
    .regex(IF_MATCH, 'must be a version in quotes, such as "7"')
    .optional()
    .meta({
      param: { id: 'IfMatch' },
      description:
        'The version that the aggregate is expected to have; else 412 `version_conflict`. An `ETag` may be sent as it came: ' +
        'whatever compresses an answer on its way makes it weak, `W/"7"`, and the version is the same.',
      examples: ['"7"'],
    }),
  'If-None-Match': z
    .string()
    .regex(/^\*$/, 'must be * with a command')
    .optional()
    .meta({
      param: { id: 'IfNothing' },
      description:
        '`*`: there is to be nothing yet, as with `If-Match: "0"`; else 412 `version_conflict`, and nothing is overwritten.',
      examples: ['*'],
    }),
});

/** What every command of a request carries along. */
export function commandContext(c: Context<HttpEnv>): CommandContext {
  return { userId: c.get('principal').userId, correlationId: c.get('correlationId'), causationId: null };
}

function header(c: Context<HttpEnv>, name: keyof typeof CommandHeaders.shape): string | undefined {
  const value = c.req.header(name);
  const parsed = CommandHeaders.shape[name].safeParse(value);
  if (parsed.success) return value;
  throw invalidRequest([{ path: name, message: parsed.error.issues[0]?.message ?? 'is not valid' }]);
}

/** The client's command id, or a new one where it sent none: then only an id in the body recognises a repeat. */
function commandId(c: Context<HttpEnv>): string {
  return header(c, 'Idempotency-Key') ?? crypto.randomUUID();
}

/** The version that the aggregate is expected to have, by `If-Match` or `If-None-Match` (RFC 9110, 13.1), if either is there. */
function expectedVersion(c: Context<HttpEnv>): number | undefined {
  const [, version] = IF_MATCH.exec(header(c, 'If-Match') ?? '') ?? [];
  if (header(c, 'If-None-Match') === undefined) return version === undefined ? undefined : Number(version);
  if (version !== undefined)
    throw invalidRequest([{ path: 'If-None-Match', message: 'cannot be given together with If-Match' }]);
  return 0;
}

/** What a command that was accepted is answered with. */
export interface CommandAnswer {
  readonly status: Success['status'];
  /** Instead, where the command made the aggregate's first event. */
  readonly statusOfFirst?: Success['status'];
}

/** How a client wants a command to be taken. */
export interface Sent {
  readonly commandId: string;
  readonly expectedVersion?: number | undefined;
}

/** What became of a command that was not refused. */
export interface Taken {
  readonly reply: CommandReply;
  /** Whether it was taken before, and this is the stored answer. */
  readonly isReplayed: boolean;
}

/** Runs a command, whichever way it came. Ends with the problem of its refusal. */
export async function sendCommand(
  c: Context<HttpEnv>,
  { aggregateType, aggregateId, type, data, environment }: Sending,
  { commandId: id, expectedVersion: expected }: Sent,
): Promise<Taken> {
  // Before the command: where a setting is wrong, nothing is done.
  const said = environment?.(c.env);
  const actor = receiverOf(c.env, { aggregateType, aggregateId });
  const versioned = expected === undefined ? {} : { expectedVersion: expected };
  const [outcome] = await actor.execute([{ type, data, commandId: id, ...versioned }], commandContext(c));
  if (outcome === undefined) throw new Error('a command was not answered');
  if (outcome.status === 'refused') throw new ProblemError(refusalProblem(outcome));
  const { version, events, reply } = outcome;
  return {
    reply: { aggregateId, version, events: [...events], ...reply, ...said },
    isReplayed: outcome.status === 'replayed',
  };
}

/** The same over HTTP, where headers say how it is to be taken, and the status what it did. */
export async function runCommand(
  c: Context<HttpEnv>,
  sending: Sending,
  { status, statusOfFirst = status }: CommandAnswer,
): Promise<Response> {
  const sent = { commandId: commandId(c), expectedVersion: expectedVersion(c) };
  const { reply, isReplayed } = await sendCommand(c, sending, sent);
  const headers: Record<string, string> = { ETag: `"${reply.version}"` };
  if (isReplayed) headers['Idempotency-Replayed'] = 'true';
  return c.json(reply, reply.events[0]?.version === 1 ? statusOfFirst : status, headers);
}
