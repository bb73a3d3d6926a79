/** Sums that must be zero within an account: what it holds less what moved, and what is set aside less the transfers it is for. */
import { add, parseDecimal, type Scaled, ZERO } from '../../schemas/decimal.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type AggregateKey, keyOf } from '../kernel/positions.ts';
import { WINDOW_EVENTS } from './transfers.ts';
import { answered, type Check, type Verdict } from './verdict.ts';

/** An account's own state, as far as sums are made of it. */
export interface SummedAccount {
  readonly cash: string;
  readonly reserved: string;
  readonly expected: string;
  readonly outgoing: Readonly<Record<string, { readonly amount: string }>>;
  readonly incoming: Readonly<Record<string, { readonly amount: string }>>;
}

/** The world of the check. */
export interface BalanceCheckDeps {
  readonly logger: Logger;
  head(key: AggregateKey): Promise<number>;
  /** The account at a version; undefined where its log does not go that far. */
  state(key: AggregateKey, version: number): Promise<SummedAccount | undefined>;
  events(key: AggregateKey, fromVersion: number, limit: number): Promise<readonly EventEnvelope[]>;
  /** The balance after events that follow on a version and the balance it left. Throws where they do not add up. */
  balanceAfter(version: number, balance: string, events: readonly EventEnvelope[]): string;
}

/** The check over balances. Nothing mends a log that does not add up. */
export function balanceCheck(deps: BalanceCheckDeps): Check {
  return {
    name: 'balance',
    takes: ({ aggregateType }) => aggregateType === 'account',
    judge: async (keys) => {
      return (await answered(deps.logger, keys, keyOf, (key) => judgeOne(deps, key))).flat();
    },
    repair: async () => true,
  };
}

async function judgeOne(deps: BalanceCheckDeps, key: AggregateKey): Promise<Verdict[]> {
  const head = await deps.head(key);
  const from = Math.max(0, head - WINDOW_EVENTS);
  const [before, after, events] = await Promise.all([
    from === 0 ? undefined : deps.state(key, from),
    deps.state(key, head),
    deps.events(key, from + 1, head - from),
  ]);
  if (after === undefined) return [];
  const fault = sumFault(deps, from, before?.cash ?? '0', after, events);
  return [{ ...key, check: 'balance', where: 'cash', fault }];
}

function sumFault(
  deps: BalanceCheckDeps,
  from: number,
  before: string,
  after: SummedAccount,
  events: readonly EventEnvelope[],
): string | undefined {
  try {
    const balance = deps.balanceAfter(from, before, events);
    if (balance !== after.cash) return `holds ${after.cash}, and its movements come to ${balance}`;
  } catch (error) {
    return `its movements do not add up: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (total(after.outgoing) !== parseDecimal(after.reserved))
    return `has ${after.reserved} set aside, and not for as much in transfers`;
  return total(after.incoming) === parseDecimal(after.expected)
    ? undefined
    : `expects ${after.expected}, and not as much in transfers`;
}

function total(transfers: SummedAccount['outgoing']): Scaled {
  return Object.values(transfers).reduce((sum, { amount }) => add(sum, parseDecimal(amount)), ZERO);
}
