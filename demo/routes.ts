/** The account route of each command: how clients send one command at a time, and what must come back. */
import type { Reply, Request } from './client.ts';
import type { Command, CommandType, Outcome, RefusalCode } from './commands.ts';

/** Sub-resource of the account by command; opening has none. */
const PATHS: Readonly<Record<Exclude<CommandType, 'OpenAccount'>, string>> = {
  DepositFunds: 'deposits',
  WithdrawFunds: 'withdrawals',
  ExecuteTrade: 'trades',
  SetLimits: 'limits',
  FreezeAccount: 'freeze',
  UnfreezeAccount: 'unfreeze',
  CloseAccount: 'close',
};

/** Refusals that are no 422. */
const STATUS: Partial<Record<RefusalCode, number>> = {
  account_not_found: 404,
  account_already_open: 409,
  command_id_reused: 409,
};

/** The command as a request of its own, under its id as `Idempotency-Key`. */
export function singleRequest(command: Command): Request {
  const headers = { 'Idempotency-Key': command.commandId };
  if (command.type === 'OpenAccount') {
    const body = JSON.stringify({ accountId: command.aggregateId, ...command.data });
    return { method: 'POST', path: '/v1/accounts', body, headers };
  }
  const path = `/v1/accounts/${command.aggregateId}/${PATHS[command.type]}`;
  const method = command.type === 'SetLimits' ? 'PUT' : 'POST';
  return { method, path, body: JSON.stringify(command.data), headers };
}

/** The status that the contract has for the outcome. */
export function expectedStatus(command: Command, outcome: Outcome): number {
  if (outcome.status === 'refused') return STATUS[outcome.code] ?? 422;
  return command.type === 'OpenAccount' || command.type === 'ExecuteTrade' ? 201 : 200;
}

/** What an answer of a route says, as far as it is looked at here. */
interface Answer {
  readonly aggregateId?: unknown;
  readonly version?: unknown;
  readonly events?: readonly { readonly eventId?: unknown; readonly version?: unknown }[];
  readonly code?: unknown;
  readonly tradeId?: unknown;
}

/** What is wrong with the answer to a command sent alone; undefined where it is as the contract has it. */
export function singleFault(command: Command, outcome: Outcome, reply: Reply): string | undefined {
  const status = expectedStatus(command, outcome);
  if (reply.status !== status) return `status ${reply.status} in place of ${status}`;
  let answer: Answer;
  try {
    answer = JSON.parse(reply.text) as Answer;
  } catch {
    return 'a body that is no JSON';
  }
  if (outcome.status === 'refused') return answer.code === outcome.code ? undefined : `code ${answer.code}`;
  if (answer.aggregateId !== command.aggregateId) return `aggregateId ${answer.aggregateId}`;
  if (answer.version !== outcome.version) return `version ${answer.version} in place of ${outcome.version}`;
  if (reply.headers.etag !== `"${outcome.version}"`) return `ETag ${reply.headers.etag}`;
  const replayed = reply.headers['idempotency-replayed'] === 'true';
  if (replayed !== (outcome.status === 'replayed')) return `Idempotency-Replayed ${replayed}`;
  if (answer.events?.at(-1)?.version !== outcome.version) return 'no reference to its event';
  if (command.type === 'ExecuteTrade' && answer.tradeId !== command.data.tradeId)
    return `tradeId ${answer.tradeId}`;
  return undefined;
}
