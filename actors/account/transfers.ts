/**
 * An account's part in transfers. Money that is reserved cannot be spent and can always be settled until its time is up;
 * a transfer that was accepted can always be credited, for an account with one cannot be closed. Giving up what never came
 * bars it from coming later: a command may overtake the one that it undoes.
 */
import { add, formatDecimal, parseDecimal, type Scaled, subtract } from '../../schemas/decimal.ts';
import { millisecondsOf } from '../../schemas/time.ts';
import type { TransferCommand, TransferEvent, TransferRefusal } from '../../schemas/transfer.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import type { Decision, Timed, Timer } from '../kernel/decider.ts';
import { isBeyondLedger, precisionRefusal } from './amounts.ts';

/** Money of one transfer that is reserved to go out. */
interface Outgoing {
  readonly amount: string;
  readonly toAccountId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** One that was accepted and is still to come in. */
interface Incoming {
  readonly amount: string;
  readonly fromAccountId: string;
}

/** The transfers of an account that have not ended, by `#` and id: a bare id may be a number or `__proto__`. */
export interface Transfers {
  /** Cash that is set aside: the sum of what is outgoing. */
  reserved: string;
  /** Cash that is still to come: the sum of what is incoming. */
  expected: string;
  outgoing: Record<string, Outgoing>;
  incoming: Record<string, Incoming>;
  /** The last ones that were given up before they came, oldest first. */
  barred: string[];
}

/** Transfers under way in one account: they are counted whenever one begins. */
export const TRANSFERS_MAX = 1_000;

/**
 * Barred transfers that are remembered. A transfer is barred where its command got lost or late, within minutes and rarely;
 * so many of them at once there never are.
 */
export const BARRED_REMEMBERED = 1_000;

const deadlines = new Deadlines<Outgoing>(({ expiresAt }) => expiresAt);

interface Holder extends Transfers {
  readonly status: string;
  readonly currency: string;
  readonly cash: string;
}

type Code =
  | TransferRefusal
  | 'account_frozen'
  | 'amount_precision'
  | 'insufficient_funds'
  | 'amount_out_of_range';
type TransferDecision = Decision<TransferEvent, Code>;
type Data<Type extends TransferCommand['type']> = Extract<TransferCommand, { type: Type }>['data'];

/** The transfers of a new account. */
export function noTransfers(): Transfers {
  return { reserved: '0', expected: '0', outgoing: {}, incoming: {}, barred: [] };
}

function keyOf(transferId: string): string {
  return `#${transferId}`;
}

function refuse(code: Code, detail: string): TransferDecision {
  return { accepted: false, refusal: { code, detail } };
}

function accept(event: TransferEvent): TransferDecision {
  return { accepted: true, events: [event] };
}

/** Cash that may be spent. */
export function availableCash({
  cash,
  reserved,
}: {
  readonly cash: string;
  readonly reserved: string;
}): Scaled {
  return reserved === '0' ? parseDecimal(cash) : subtract(parseDecimal(cash), parseDecimal(reserved));
}

/** Whether money is set aside or still to come: such an account cannot be closed. */
export function hasTransfers({ outgoing, incoming }: Readonly<Transfers>): boolean {
  return Object.keys(outgoing).length > 0 || Object.keys(incoming).length > 0;
}

/** Decides a command about a transfer to or from an account that is open or frozen. */
export function decideTransfer(command: Timed<TransferCommand>, state: Readonly<Holder>): TransferDecision {
  switch (command.type) {
    case 'ReserveFunds':
      return reserve(command.data, command.at, state);
    case 'AcceptTransfer':
      return acceptTransfer(command.data, command.at, state);
    case 'SettleFunds':
      return settle(command.data, state);
    case 'CreditTransfer':
      return credit(command.data, state);
    case 'ReleaseFunds':
    case 'ExpireFunds':
      return release(command, state);
    case 'CancelTransfer':
      return cancel(command.data, state);
  }
}

/** Why a new transfer cannot begin here; undefined where it can. */
function beginRefusal(
  { transferId, amount, currency }: { transferId: string; amount: string; currency: string },
  state: Readonly<Holder>,
): TransferDecision | undefined {
  if (state.status === 'FROZEN') return refuse('account_frozen', 'The account is frozen.');
  if (currency !== state.currency)
    return refuse('currency_mismatch', `The account is in ${state.currency}, the transfer in ${currency}.`);
  const precision = precisionRefusal(parseDecimal(amount), currency);
  if (precision !== undefined) return { accepted: false, refusal: precision };
  if (state.barred.includes(transferId))
    return refuse('transfer_barred', `The transfer ${transferId} was given up before.`);
  const count = Object.keys(state.outgoing).length + Object.keys(state.incoming).length;
  if (count >= TRANSFERS_MAX)
    return refuse('too_many_transfers', `At most ${TRANSFERS_MAX} transfers are under way in an account.`);
  return undefined;
}

function reserve(data: Data<'ReserveFunds'>, at: string, state: Readonly<Holder>): TransferDecision {
  const refusal = beginRefusal(data, state);
  if (refusal !== undefined) return refusal;
  const { transferId, toAccountId, amount, expiresAt } = data;
  if (state.outgoing[keyOf(transferId)] !== undefined)
    return refuse('transfer_already_known', `Money is reserved for the transfer ${transferId}.`);
  if (expiresAt <= at) return expired(expiresAt);
  const available = availableCash(state);
  if (parseDecimal(amount) > available) {
    const text = formatDecimal(available);
    return refuse('insufficient_funds', `Available cash is ${text}, the transfer needs ${amount}.`);
  }
  const reserved = formatDecimal(add(parseDecimal(state.reserved), parseDecimal(amount)));
  return accept({
    type: 'FundsReserved',
    data: { transferId, toAccountId, amount, expiresAt, cash: state.cash, reserved },
  });
}

function acceptTransfer(data: Data<'AcceptTransfer'>, at: string, state: Readonly<Holder>): TransferDecision {
  const refusal = beginRefusal(data, state);
  if (refusal !== undefined) return refusal;
  const { transferId, fromAccountId, amount, expiresAt } = data;
  if (state.incoming[keyOf(transferId)] !== undefined)
    return refuse('transfer_already_known', `The transfer ${transferId} was accepted before.`);
  if (expiresAt !== undefined && expiresAt <= at) return expired(expiresAt);
  const expected = add(parseDecimal(state.expected), parseDecimal(amount));
  if (isBeyondLedger(parseDecimal(state.cash), formatDecimal(expected)))
    return refuse('amount_out_of_range', 'The balance would leave the range of the ledger.');
  return accept({ type: 'TransferAccepted', data: { transferId, fromAccountId, amount } });
}

function settle({ transferId }: Data<'SettleFunds'>, state: Readonly<Holder>): TransferDecision {
  const outgoing = state.outgoing[keyOf(transferId)];
  if (outgoing === undefined) return notFound(transferId);
  if (state.status === 'FROZEN') return refuse('account_frozen', 'The account is frozen.');
  const { amount, toAccountId } = outgoing;
  const cash = formatDecimal(subtract(parseDecimal(state.cash), parseDecimal(amount)));
  return accept({
    type: 'FundsTransferredOut',
    data: { transferId, toAccountId, amount, cash, reserved: reservedWithout(state, amount) },
  });
}

/** Also where the account is frozen: the money has left the other account, and this one has agreed to take it. */
function credit({ transferId }: Data<'CreditTransfer'>, state: Readonly<Holder>): TransferDecision {
  const incoming = state.incoming[keyOf(transferId)];
  if (incoming === undefined) return notFound(transferId);
  const { amount, fromAccountId } = incoming;
  const cash = formatDecimal(add(parseDecimal(state.cash), parseDecimal(amount)));
  return accept({ type: 'FundsTransferredIn', data: { transferId, fromAccountId, amount, cash } });
}

function release(
  { type, data: { transferId } }: Extract<TransferCommand, { type: 'ReleaseFunds' | 'ExpireFunds' }>,
  state: Readonly<Holder>,
): TransferDecision {
  const outgoing = state.outgoing[keyOf(transferId)];
  if (outgoing === undefined && (type === 'ExpireFunds' || state.barred.includes(transferId)))
    return notFound(transferId);
  const amount = outgoing?.amount ?? '0';
  return accept({
    type: type === 'ExpireFunds' ? 'FundsReservationExpired' : 'FundsReleased',
    data: { transferId, amount, cash: state.cash, reserved: reservedWithout(state, amount) },
  });
}

function cancel({ transferId }: Data<'CancelTransfer'>, state: Readonly<Holder>): TransferDecision {
  const incoming = state.incoming[keyOf(transferId)];
  if (incoming === undefined && state.barred.includes(transferId)) return notFound(transferId);
  return accept({ type: 'TransferCancelled', data: { transferId, amount: incoming?.amount ?? '0' } });
}

function expired(expiresAt: string): TransferDecision {
  return refuse('transfer_expired', `The transfer expired at ${expiresAt}.`);
}

function notFound(transferId: string): TransferDecision {
  return refuse('transfer_not_found', `The transfer ${transferId} is not under way here.`);
}

function reservedWithout({ reserved }: Readonly<Holder>, amount: string): string {
  return formatDecimal(subtract(parseDecimal(reserved), parseDecimal(amount)));
}

/** The transfers after an event; the balance is the account's business. */
export function evolveTransfers(state: Transfers, event: TransferEvent): void {
  const key = keyOf(event.data.transferId);
  switch (event.type) {
    case 'FundsReserved': {
      const { amount, toAccountId, expiresAt, reserved } = event.data;
      deadlines.put(state.outgoing, key, { amount, toAccountId, expiresAt: millisecondsOf(expiresAt) });
      state.reserved = reserved;
      return;
    }
    case 'FundsReleased':
    case 'FundsReservationExpired':
      if (deadlines.remove(state.outgoing, key) === undefined) bar(state, event.data.transferId);
      state.reserved = event.data.reserved;
      return;
    case 'FundsTransferredOut':
      deadlines.remove(state.outgoing, key);
      state.reserved = event.data.reserved;
      return;
    case 'TransferAccepted': {
      const { amount, fromAccountId } = event.data;
      state.incoming[key] = { amount, fromAccountId };
      state.expected = formatDecimal(add(parseDecimal(state.expected), parseDecimal(amount)));
      return;
    }
    case 'TransferCancelled':
    case 'FundsTransferredIn':
      if (state.incoming[key] === undefined) bar(state, event.data.transferId);
      delete state.incoming[key];
      state.expected = formatDecimal(subtract(parseDecimal(state.expected), parseDecimal(event.data.amount)));
      return;
  }
}

function bar(state: Transfers, transferId: string): void {
  state.barred.push(transferId);
  if (state.barred.length > BARRED_REMEMBERED) state.barred.shift();
}

/** What is reserved is free again when its time is up. */
export function* transferTimers({ outgoing }: Readonly<Transfers>): Iterable<Timer<TransferCommand>> {
  for (const { key, dueAt } of deadlines.earliestFirst(outgoing)) {
    const transferId = key.slice(1);
    yield {
      timer: `expire ${transferId}`,
      dueAt,
      command: { type: 'ExpireFunds', data: { transferId } },
    };
  }
}
