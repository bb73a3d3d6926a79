/**
 * Sums that must be zero between accounts: what left one for another must have reached that, and what came from another must have
 * left it. Each side's log says so by itself; no saga is asked.
 */
import type { EventEnvelope } from '../../schemas/envelope.ts';
import type { OpenFinding } from '../../schemas/reconciliation.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type AggregateKey, keyOf } from '../kernel/positions.ts';
import { answered, type Check, LATE_MS, type Verdict } from './verdict.ts';

/** The newest events of an account that one look reads. */
export const WINDOW_EVENTS = 200;

/** The newest transfers of an account that one look follows: each is a question to another account. */
export const TRANSFERS_MAX = 20;

/** The world of the check. */
export interface TransferCheckDeps {
  readonly logger: Logger;
  now(): number;
  head(key: AggregateKey): Promise<number>;
  events(key: AggregateKey, fromVersion: number, limit: number): Promise<readonly EventEnvelope[]>;
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
    judge: async (keys, open) => {
      return (await answered(deps.logger, keys, keyOf, (key) => judgeOne(deps, key, open))).flat();
    },
    repair: async ({ where, aggregateType, aggregateId, version }) => {
      if (where !== 'out' || version === undefined) return true;
      const [left] = await deps.events({ aggregateType, aggregateId }, version, 1);
      if (left !== undefined) await deps.deliver(left);
      return true;
    },
  };
}

async function judgeOne(
  deps: TransferCheckDeps,
  key: AggregateKey,
  open: readonly OpenFinding[],
): Promise<Verdict[]> {
  const head = await deps.head(key);
  const from = Math.max(1, head - WINDOW_EVENTS + 1);
  const window = await deps.events(key, from, WINDOW_EVENTS);
  const newest = window
    .filter(({ eventType }) => eventType === OUT || eventType === IN)
    .slice(-TRANSFERS_MAX);
  // What is known to be wrong is looked at again however much came after it, and first: it stays what is told.
  const known = open.filter(
    ({ check, version, ...other }) =>
      check === 'transfer' && keyOf(other) === keyOf(key) && version !== undefined,
  );
  const earlier = await Promise.all(known.map(({ version }) => deps.events(key, version as number, 1)));
  const faults = await Promise.all([...earlier.flat(), ...newest].map((event) => faultOf(deps, event)));
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

async function faultOf(deps: TransferCheckDeps, event: EventEnvelope): Promise<TransferFault | undefined> {
  const { eventType, version, recordedAt, data } = event;
  const { transferId, amount, toAccountId, fromAccountId } = data as Readonly<Record<string, string>>;
  const isOut = eventType === OUT;
  const other = isOut ? toAccountId : fromAccountId;
  if (other === undefined || transferId === undefined) return undefined;
  // It is brought to the other account for as long as that is away.
  if (isOut && deps.now() - Date.parse(recordedAt) < LATE_MS) return undefined;
  const counterpart = await deps.find(other, isOut ? IN : OUT, transferId);
  if (counterpart?.data.amount === amount) return undefined;
  const way = isOut ? `left for ${other} and has not reached it` : `came from ${other} and has not left it`;
  return { where: isOut ? 'out' : 'in', version, text: `transfer ${transferId} of ${amount} ${way}` };
}
