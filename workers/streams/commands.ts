/** Commands over a socket: the batch of `POST /v1/commands`, pipelined and bounded. */
import type { CommandContext } from '../../schemas/envelope.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { Principal, Target } from '../access/principal.ts';
import type { AggregateActor } from '../aggregates.ts';
import { runBatch } from '../http/runBatch.ts';
import type { Stay } from '../limits/admission.ts';
import type { Connection } from './connection.ts';
import type { ClientFrame } from './frames.ts';
import { errorFrame, type FrameError } from './incoming.ts';

/** Commands of one connection that wait for their results: some tenths of a second of a busy platform. */
export const COMMANDS_IN_FLIGHT_MAX = 20_000;

type CommandsFrame = Extract<ClientFrame, { type: 'commands' }>;

/** What callers may ask for: the same quotas and shares as over HTTP, where a frame is a request. */
export interface StreamLimits {
  /** Takes a request from the client's quota; seconds to wait where none is left, else 0. */
  takeRequest(client: string): number;
  /** Units that an account takes of the `wanted` ones. */
  accountUnits(accountId: string, wanted: number): number;
  /** Takes a frame on; undefined where too much is being worked on. */
  enter(client: string, bytes: number): Pick<Stay, 'leave'> | undefined;
}

/** Who a refusal is about. */
export interface Sender {
  readonly principal: Principal;
  readonly context: CommandContext;
}

/** What running commands needs. */
export interface CommandsDeps {
  readonly logger: Logger;
  readonly limits: StreamLimits;
  /** Puts a refusal of access on record. */
  denied(sender: Sender, operation: string, target: Target): Promise<void>;
  actorOf(target: Target): Pick<AggregateActor, 'executeBrief'>;
}

/** Runs a frame's commands and sends their results; refuses the whole frame where too much is on its way. */
export function runCommandsFrame(
  connection: Connection,
  { frame, bytes }: { readonly frame: CommandsFrame; readonly bytes: number },
  deps: CommandsDeps,
): void {
  const { id, commands, correlationId = connection.session.correlationId } = frame;
  const { principal } = connection;
  const { limits, logger } = deps;
  // What runs later knows their number alone: their values would stay in memory until the last result.
  const { length } = commands;
  const refusal = outOfTurn(connection, frame) ?? tooMuch(connection, length);
  const stay = refusal === undefined ? limits.enter(principal.userId, bytes) : undefined;
  if (stay === undefined) {
    connection.turnAway(id, refusal ?? OVERLOADED);
    return;
  }
  connection.commandsInFlight += length;
  const sender = { principal, context: { userId: principal.userId, correlationId, causationId: null } };
  const reply = runBatch(
    commands.map((value) => ({ value })),
    {
      ...sender,
      logger,
      denied: (type, target) => deps.denied(sender, type, target),
      accountUnits: (accountId, wanted) => limits.accountUnits(accountId, wanted),
      actorOf: (key) => deps.actorOf(key),
    },
  );
  const work = reply.then(
    (results) => () => connection.send({ type: 'results', id, ...results }),
    (error: unknown) => {
      logger.log('error', 'a frame of commands failed', { correlationId, ...errorFields(error) });
      return () => connection.send(errorFrame(id, FAILED));
    },
  );
  void connection.lanes.send(aggregatesOf(commands), work).finally(() => {
    connection.commandsInFlight -= length;
    stay.leave();
  });
}

const OVERLOADED: FrameError = {
  code: 'overloaded',
  detail: 'Too much is being worked on now. None of the frame was run; it may be sent again.',
};

const FAILED: FrameError = {
  code: 'internal_error',
  detail: 'The frame failed for a reason that is ours. Send its commands again with the same ids.',
};

/** Why a frame has to wait for ones before it: its sender had not heard yet that they were turned away, and it would overtake them. */
function outOfTurn(
  { refusals }: Connection,
  { afterRefusal = refusals }: CommandsFrame,
): FrameError | undefined {
  if (afterRefusal >= refusals) return undefined;
  const detail = `A frame was turned away that this one comes after (refusal ${refusals}). None of the frame was run.`;
  return { code: 'out_of_turn', detail };
}

/** Why the connection takes no more commands now. */
function tooMuch(connection: Connection, more: number): FrameError | undefined {
  if (!connection.hasRoomForResults()) {
    const detail = 'Receipts are awaited before more is answered. None of the frame was run.';
    return { code: 'too_many_in_flight', detail };
  }
  if (connection.commandsInFlight + more <= COMMANDS_IN_FLIGHT_MAX) return undefined;
  const detail = `At most ${COMMANDS_IN_FLIGHT_MAX} commands may wait for their results. None of the frame was run.`;
  return { code: 'too_many_in_flight', detail };
}

/** Names of the aggregates that the commands are for. What names none by texts is refused in its place, and waits for nothing. */
function aggregatesOf(commands: readonly unknown[]): Set<string> {
  const keys = new Set<string>();
  let lastType: unknown;
  let lastId: unknown;
  for (const command of commands) {
    const { aggregateType, aggregateId } = (command ?? {}) as Readonly<Record<keyof Target, unknown>>;
    // Commands of one aggregate mostly come one after another: its name is not made anew for each.
    if (aggregateId === lastId && aggregateType === lastType) continue;
    lastType = aggregateType;
    lastId = aggregateId;
    // Nothing else: an object with a `toString` of its own cannot be made a text.
    if (typeof aggregateType === 'string' && typeof aggregateId === 'string')
      keys.add(`${aggregateType}/${aggregateId}`);
  }
  return keys;
}
