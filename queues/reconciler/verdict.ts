/** What a look at one thing came to, and how the look is taken. */
import {
  type CheckName,
  FINDING_REASON_LENGTH_MAX,
  type Finding,
  type FindingWhere,
  type OpenFinding,
} from '../../schemas/reconciliation.ts';
import type { AggregateKey } from '../kernel/positions.ts';

/** One thing that was looked at: what is wrong with it, undefined where nothing is. */
export interface Verdict extends AggregateKey {
  readonly check: CheckName;
  /** The part of the platform that was held against the log, such as a view. */
  readonly where: FindingWhere;
  readonly fault: string | undefined;
}

/** A way of holding aggregates against what others have of them, and of mending it. No Cloudflare import. */
export interface Check {
  readonly name: CheckName;
  /**
   * Looks at aggregates. What cannot be told now, since somebody does not answer or is on the move, has no verdict: then
   * nothing is opened and nothing closed.
   */
  judge(keys: readonly AggregateKey[]): Promise<Verdict[]>;
  /** Does what mends a finding, without telling whether it has: that the next look says. Answers false to be asked again. */
  repair(finding: OpenFinding, isOver: () => boolean): Promise<boolean>;
}

/** The id of the finding that a verdict would be. */
export function findingIdOf({ check, where, aggregateType, aggregateId }: Omit<Verdict, 'fault'>): string {
  return `${check}.${where}.${aggregateType}.${aggregateId}`;
}

/** The finding that a fault is. */
export function findingOf({ fault, ...place }: Verdict & { readonly fault: string }): Finding {
  const { check, where, aggregateType, aggregateId } = place;
  const reason = fault.replace(/\p{Cc}/gu, ' ').slice(0, FINDING_REASON_LENGTH_MAX);
  return { findingId: findingIdOf(place), check, where, aggregateType, aggregateId, reason };
}
