/** One command over HTTP: its id, its expected version, and the answer that stands for its outcome. */
import type { Context } from 'hono';
import {
  type CommandContext,
  type CommandEnvelope,
  CommandId,
  type Outcome,
} from '../../schemas/envelope.ts';
import { Id } from '../../schemas/scalars.ts';
import type { HttpEnv } from './context.ts';
import { invalidRequest, problemResponse, refusalProblem } from './problem.ts';

/** What every command of a request carries along. */
export function commandContext(c: Context<HttpEnv>): CommandContext {
  return { userId: c.get('userId'), correlationId: c.get('correlationId'), causationId: null };
}

/** The client's command id, or a new one where it sent none: then only an id in the body recognises a repeat. */
export function commandId(c: Context<HttpEnv>): string {
  const key = c.req.header('Idempotency-Key');
  if (key === undefined) return crypto.randomUUID();
  if (CommandId.safeParse(key).success) return key;
  throw invalidRequest([{ path: 'Idempotency-Key', message: 'must be 1 to 128 visible ASCII characters' }]);
}

/** The version that `If-Match` names, if it is there. */
export function expectedVersion(c: Context<HttpEnv>): number | undefined {
  const header = c.req.header('If-Match');
  if (header === undefined) return undefined;
  const digits = /^"(\d{1,15})"$/.exec(header)?.[1];
  if (digits !== undefined) return Number(digits);
  throw invalidRequest([{ path: 'If-Match', message: 'must be a version in quotes, such as "7"' }]);
}

/** The id in the path, checked. */
export function pathId(c: Context<HttpEnv>, name = 'id'): string {
  const id = Id.safeParse(c.req.param(name));
  if (id.success) return id.data;
  throw invalidRequest([{ path: name, message: id.error.issues[0]?.message ?? 'is not a valid id' }]);
}

/** An actor that takes commands, as every aggregate's does. */
interface CommandTarget {
  execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Outcome[]>;
}

/** Runs a command and answers with `created` or 200, with the problem of its refusal, or with the stored answer. */
export async function runCommand(
  c: Context<HttpEnv>,
  target: CommandTarget,
  aggregateId: string,
  command: { type: string; data: unknown },
  status: 200 | 201,
): Promise<Response> {
  const expected = expectedVersion(c);
  const [outcome] = await target.execute(
    [
      {
        ...command,
        commandId: commandId(c),
        ...(expected === undefined ? {} : { expectedVersion: expected }),
      },
    ],
    commandContext(c),
  );
  if (outcome === undefined) throw new Error('a command was not answered');
  if (outcome.status === 'refused') return problemResponse(refusalProblem(outcome), c.get('correlationId'));
  const { version, events, reply } = outcome;
  const headers: Record<string, string> = { ETag: `"${version}"` };
  if (outcome.status === 'replayed') headers['Idempotency-Replayed'] = 'true';
  return c.json({ aggregateId, version, events, ...reply }, status, headers);
}
