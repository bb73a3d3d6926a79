/**
 * Sums that must be zero between accounts: what left one for another must have reached that, and what came from another must have
 * left it. The general ledger crosses off what both logs have; what stays open is asked for in the other log. No saga is asked.
 */
import type { EventEnvelope } from '../../schemas/envelope.ts';
import type { TransferSide } from '../../schemas/generalLedger.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import type { AccountReader } from './reader.ts';
import type { Untold } from './untold.ts';
import { answered, type Check, itself, LATE_MS, type Verdict } from './verdict.ts';

/**
 * The oldest open transfers of an account that one look follows: each is a question to another account. They come off the list as
 * the other accounts are read, so that each of them is one of the oldest in the end.
 */
export const TRANSFERS_MAX = 20;

/** The world of the check. */
export interface TransferCheckDeps {
  readonly untold: Untold;
  readonly reader: AccountReader;
  now(): number;
  events(key: AggregateKey, fromVersion: number, limit: number): Promise<readonly EventEnvelope[]>;
  /** The general ledger's method of that name. */
  openTransfers(accountId: string, leftBy: number, limit: number): Promise<readonly TransferSide[]>;
  /** The general ledger's method of that name. */
  standing(transfer: TransferSide): Promise<{ readonly isOpen: boolean; readonly otherVersion: number }>;
  /** The event of a transfer of this type in an account's log; undefined where there is none. */
  find(accountId: string, eventType: string, transferId: string): Promise<EventEnvelope | undefined>;
  /** Brings money to an account that has left another and that no saga brings; nothing where one does. */
  deliver(left: EventEnvelope): Promise<void>;
}

const OUT = 'FundsTransferredOut';
const IN = 'FundsTransferredIn';

/** The check over transfers. */
export function transferCheck(deps: TransferCheckDeps): Check {
  return {
    name: 'transfer',
    takes: ({ aggregateType }) => aggregateType === 'account',
    judge: async (keys) => {
      await deps.reader.read(keys);
      return (await answered(deps.untold, keys, itself, (key) => judgeOne(deps, key))).flat();
    },
    repair: async ({ where, aggregateType, aggregateId, version }) => {
      if (where !== 'out' || version === undefined) return true;
      const [left] = await deps.events({ aggregateType, aggregateId }, version, 1);
      if (left === undefined) return true;
      const { transferId, toAccountId } = left.data as Readonly<Record<string, string>>;
      // What has arrived in part, or is paid for by another payment, is for a person to look at.
      const arrived = await deps.find(String(toAccountId), IN, String(transferId));
      if (arrived === undefined) await deps.deliver(left);
      return true;
    },
  };
}

async function judgeOne(deps: TransferCheckDeps, key: AggregateKey): Promise<Verdict[]> {
  // For as long as the other account is away it is brought there.
  const open = await deps.openTransfers(key.aggregateId, deps.now() - LATE_MS, TRANSFERS_MAX);
  const faults = await Promise.all(open.map((transfer) => faultOf(deps, transfer)));
  return (['out', 'in'] as const).map((where): Verdict => {
    const found = faults.find((fault) => fault?.where === where);
    return { ...key, check: 'transfer', where, fault: found?.text, version: found?.version };
  });
}

interface TransferFault {
  readonly where: 'out' | 'in';
  readonly version: number;
  readonly text: string;
}

async function faultOf(deps: TransferCheckDeps, transfer: TransferSide): Promise<TransferFault | undefined> {
  const { transferId, way, otherId, version, amount } = transfer;
  const counterpart = await deps.find(otherId, way === 'out' ? IN : OUT, transferId);
  // The other account may have been read meanwhile.
  const { isOpen, otherVersion } = await deps.standing(transfer);
  if (!isOpen) return undefined;
  const fault = (text: string) => ({
    where: way,
    version,
    text: `transfer ${transferId} of ${amount} ${text}`,
  });
  if (counterpart?.data.amount !== amount) {
    return fault(
      way === 'out'
        ? `left for ${otherId} and has not reached it`
        : `came from ${otherId} and has not left it`,
    );
  }
  // It is there, and will be crossed off when it is read; where it was, it was crossed off with another one.
  if (counterpart.version > otherVersion) return undefined;
  return fault(
    way === 'out'
      ? `left for ${otherId} once more than it reached it`
      : `came from ${otherId} once more than it left it`,
  );
}
