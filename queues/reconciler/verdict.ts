/** What a look at one thing came to, and how the look is taken. */
import { isAggregateType } from '../../schemas/aggregates.ts';
import {
  type CheckName,
  FINDING_REASON_LENGTH_MAX,
  type Finding,
  type FindingWhere,
  type OpenFinding,
} from '../../schemas/reconciliation.ts';
import { lineOf } from '../../schemas/scalars.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import type { Untold } from './untold.ts';

/** One thing that was looked at: what is wrong with it, undefined where nothing is. */
export interface Verdict extends AggregateKey {
  readonly check: CheckName;
  /** The part of the platform that was held against the log, such as a view. */
  readonly where: FindingWhere;
  readonly fault: string | undefined;
  /** The event that it is about, where it is about one. */
  readonly version?: number | undefined;
}

/** A way of holding aggregates against what others have of them, and of mending it. No Cloudflare import. */
export interface Check {
  readonly name: CheckName;
  /** Whether it has anything to say of such an aggregate. */
  takes(key: AggregateKey): boolean;
  /**
   * Looks at aggregates. What cannot be told now, since somebody does not answer or is on the move, has no verdict: then
   * nothing is opened and nothing closed. `open` is what is known to be wrong.
   */
  judge(keys: readonly AggregateKey[], open: readonly OpenFinding[]): Promise<Verdict[]>;
  /**
   * Does what mends a finding, without telling whether it has: that the next look says. Answers false to be asked again. Throws
   * {@link Unmendable} where no further try can help.
   */
  repair(finding: OpenFinding, isOver: () => boolean): Promise<boolean>;
}

/** What is wrong stays wrong, however often one tries. The message says why, and is shown. */
export class Unmendable extends Error {
  override readonly name = 'Unmendable';
}

/** Whether a key names an aggregate, which has a log: the walk passes by other things too. */
export function isLog({ aggregateType }: AggregateKey): boolean {
  return isAggregateType(aggregateType);
}

/** How long whoever follows the logs may lack an event: a queue tries for half an hour before it gives a message up. */
export const LATE_MS = 3_600_000;

/** What can be told of each; of those that do not answer nothing is. */
export async function answered<Item, Result>(
  untold: Untold,
  items: readonly Item[],
  about: (item: Item) => AggregateKey,
  ask: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = await Promise.allSettled(items.map(ask));
  return results.flatMap((result, index) => {
    if (result.status === 'fulfilled') return [result.value];
    untold.failed(about(items[index] as Item), result.reason);
    return [];
  });
}

/** What an aggregate's own answer is about. */
export function itself(key: AggregateKey): AggregateKey {
  return key;
}

/** The id of the finding that a verdict would be. */
export function findingIdOf({ check, where, aggregateType, aggregateId }: Omit<Verdict, 'fault'>): string {
  return `${check}.${where}.${aggregateType}.${aggregateId}`;
}

/** The finding that a fault is. */
export function findingOf(verdict: Verdict & { readonly fault: string }): Finding {
  const { check, where, aggregateType, aggregateId, fault, version } = verdict;
  const reason = lineOf(fault, FINDING_REASON_LENGTH_MAX);
  const about = version === undefined ? {} : { version };
  return { findingId: findingIdOf(verdict), check, where, aggregateType, aggregateId, reason, ...about };
}
