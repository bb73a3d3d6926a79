/** The transfer protocol as the auditor knows it: what each step of a transfer asks of which account. */
import type { Protocol, SagaInput } from './protocol.ts';

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

export const TRANSFER: Protocol = {
  command({ base, input, startedAt, undoneFor }) {
    const step = STEPS[base];
    const type = undoneFor === undefined ? step?.does : step?.undoes;
    if (step === undefined || type === undefined) return undefined;
    const target = { aggregateType: 'account', aggregateId: String(input[step.side]) };
    return { target, body: { type, data: dataOf(type, input, startedAt) } };
  },
};

function dataOf(type: string, input: SagaInput, startedAt: number): Record<string, unknown> {
  const { transferId, fromAccountId, toAccountId, amount, currency, expiresInSeconds } = input;
  const expiresAt = new Date(startedAt + Number(expiresInSeconds) * 1_000 + SETTLE_MS).toISOString();
  if (type === 'ReserveFunds') return { transferId, toAccountId, amount, currency, expiresAt };
  if (type === 'AcceptTransfer') return { transferId, fromAccountId, amount, currency, expiresAt };
  return { transferId };
}
