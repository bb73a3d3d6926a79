/** The rules that a bucket has, as Cloudflare's API gives them, beside the rules that it must have. */
import {
  LOCK_RULES,
  REMOVAL_RULES,
  RULE_PREFIX,
  SEGMENTS_PREFIX,
} from '../../queues/archive/retentionRules.ts';
import type { ArchiveRemoval } from '../../schemas/retention.ts';

const DAY_SECONDS = 86_400;

/** The two kinds of rules of a bucket, by the last part of their path in the API. */
export const RULE_KINDS = ['lock', 'lifecycle'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** When a rule takes effect, or ceases to. */
interface Condition {
  readonly type: string;
  readonly maxAge?: number;
  readonly maxAgeSeconds?: number;
}

/** A rule as the API has it; rules of others may have more. */
export interface BucketRule {
  readonly id: string;
  readonly enabled: boolean;
  /** Of a lock. */
  readonly prefix?: string;
  readonly condition?: Condition;
  /** Of the life cycle. */
  readonly conditions?: { readonly prefix?: string };
  readonly deleteObjectsTransition?: { readonly condition: Condition };
}

/** The rules of a kind that the bucket of the archive must have. While removal is suspended nothing may remove anything. */
export function requiredRules(kind: RuleKind, removal: ArchiveRemoval): readonly BucketRule[] {
  if (kind === 'lock')
    return LOCK_RULES.map(({ name, prefix, days }) => ({
      id: name,
      enabled: true,
      prefix,
      condition: days === null ? { type: 'Indefinite' } : { type: 'Age', maxAgeSeconds: days * DAY_SECONDS },
    }));
  if (removal === 'SUSPENDED') return [];
  return REMOVAL_RULES.map(({ name, prefix, days }) => ({
    id: name,
    enabled: true,
    conditions: { prefix },
    deleteObjectsTransition: { condition: { type: 'Age', maxAge: days * DAY_SECONDS } },
  }));
}

/** Whether a rule removes segments, as one of somebody else may, too. */
export function removesSegments({ enabled, conditions, deleteObjectsTransition }: BucketRule): boolean {
  const prefix = conditions?.prefix ?? '';
  return (
    enabled &&
    deleteObjectsTransition !== undefined &&
    (prefix.startsWith(SEGMENTS_PREFIX) || SEGMENTS_PREFIX.startsWith(prefix))
  );
}

/** How the rules of a kind differ from those that there must be. */
export interface RuleDifference {
  readonly missing: readonly BucketRule[];
  /** Rules with names of ours that are no longer ours, or were changed by somebody. */
  readonly stale: readonly BucketRule[];
  /** Rules of others, which are left alone. */
  readonly foreign: readonly BucketRule[];
  /** What the bucket should be given. */
  readonly wanted: readonly BucketRule[];
}

/** Compares them. A rule counts only if it is switched on, for its objects and with its effect. */
export function compareRules(
  kind: RuleKind,
  found: readonly BucketRule[],
  removal: ArchiveRemoval,
): RuleDifference {
  const required = requiredRules(kind, removal);
  const isIn = (rules: readonly BucketRule[], rule: BucketRule) =>
    rules.some((other) => other.id === rule.id && essence(other) === essence(rule));
  const foreign = found.filter(({ id }) => !id.startsWith(RULE_PREFIX));
  return {
    missing: required.filter((rule) => !isIn(found, rule)),
    stale: found.filter((rule) => rule.id.startsWith(RULE_PREFIX) && !isIn(required, rule)),
    foreign,
    wanted: [...foreign, ...required],
  };
}

/** What a rule does: the API adds empty fields to what it was given. */
function essence({ enabled, prefix, conditions, condition, deleteObjectsTransition }: BucketRule): string {
  const { type, maxAge, maxAgeSeconds } = condition ?? deleteObjectsTransition?.condition ?? {};
  return JSON.stringify([enabled, prefix ?? conditions?.prefix ?? '', type, maxAge ?? maxAgeSeconds]);
}

/** A rule as a line for people. */
export function ruleText(kind: RuleKind, rule: BucketRule): string {
  const { enabled, condition, deleteObjectsTransition } = rule;
  const prefix = rule.prefix ?? rule.conditions?.prefix ?? '';
  const { type, maxAge, maxAgeSeconds } = condition ?? deleteObjectsTransition?.condition ?? {};
  const seconds = maxAge ?? maxAgeSeconds;
  const days = seconds === undefined ? '' : ` ${(seconds / DAY_SECONDS).toLocaleString('en-US')} days`;
  const term = type === 'Indefinite' ? ' for good' : days === '' && type !== undefined ? ` (${type})` : days;
  const what = kind === 'lock' ? `locked${term}` : deleteObjectsTransition ? `removed after${term}` : 'other';
  return `${(prefix === '' ? 'everything' : prefix).padEnd(14)}  ${what}${enabled ? '' : ' (switched off)'}`;
}
