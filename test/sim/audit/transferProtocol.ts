/**
 * The transfer protocol as the auditor knows it: what each step of a transfer asks of which account. Written down once more,
 * so that it does not depend on the definition that it is held against.
 */
import type { Source } from '../../../actors/kernel/messages.ts';
import type { Body } from '../workload/commands.ts';

/** What a client asked for. */
export interface TransferInput {
  readonly transferId: string;
  readonly fromAccountId: string;
  readonly toAccountId: string;
  readonly amount: string;
  readonly currency: string;
  readonly expiresInSeconds: number;
}

/** A command of a step or of what undoes it. */
export interface StepCommand {
  readonly target: Source;
  readonly body: Body;
}

type Side = 'fromAccountId' | 'toAccountId';

interface Step {
  readonly does: string;
  readonly undoes?: string;
  readonly side: Side;
}

const STEPS: Readonly<Record<string, Step>> = {
  'reserve-funds': { does: 'ReserveFunds', undoes: 'ReleaseFunds', side: 'fromAccountId' },
  'accept-transfer': { does: 'AcceptTransfer', undoes: 'CancelTransfer', side: 'toAccountId' },
  'settle-funds': { does: 'SettleFunds', side: 'fromAccountId' },
  'credit-transfer': { does: 'CreditTransfer', side: 'toAccountId' },
};

/** Between the last moment at which a transfer may become final and the end of the reservation. */
const SETTLE_MS = 60_000;

/** What a later version of the definition puts behind the names of its steps. */
const LATER = /-alone$/;

/** The command of a step, or the one that undoes it; undefined where there is none. */
export function stepCommand(
  name: string,
  undo: boolean,
  input: TransferInput,
  startedAt: number,
): StepCommand | undefined {
  const step = STEPS[name.replace(LATER, '')];
  const type = undo ? step?.undoes : step?.does;
  if (step === undefined || type === undefined) return undefined;
  const target = { aggregateType: 'account', aggregateId: input[step.side] };
  return { target, body: { type, data: dataOf(type, input, startedAt) } };
}

function dataOf(type: string, input: TransferInput, startedAt: number): Record<string, unknown> {
  const { transferId, fromAccountId, toAccountId, amount, currency, expiresInSeconds } = input;
  if (type === 'ReserveFunds') {
    const expiresAt = new Date(startedAt + expiresInSeconds * 1_000 + SETTLE_MS).toISOString();
    return { transferId, toAccountId, amount, currency, expiresAt };
  }
  if (type === 'AcceptTransfer') return { transferId, fromAccountId, amount, currency };
  return { transferId };
}
