/**
 * The consumer groups: who is told of which events. Each has a queue of its own, since a queue has one consumer and a group
 * that fails must not hold back the others.
 */

import type { AggregateType } from './aggregates.ts';

interface GroupEntry {
  /** Of its queue, in wrangler.toml. */
  readonly binding: string;
  /** The types of aggregates whose events it is told of; absent: of all. */
  readonly aggregateTypes?: readonly AggregateType[];
  /** Nobody waits for what it does: it is told late, and only which events there are (ADR 17). */
  readonly isPatient?: boolean;
  /** A customer waits for what it does: it is told of each commit, however soon after the last one. */
  readonly isUrgent?: boolean;
}

/** Groups by name. */
export const CONSUMER_GROUPS = {
  /** Read models in D1. */
  views: { binding: 'VIEWS_QUEUE' },
  /** Segments in R2. */
  archive: { binding: 'ARCHIVE_QUEUE', isPatient: true },
  /** What starts sagas, and what they wait for. */
  sagas: { binding: 'SAGAS_QUEUE', aggregateTypes: ['order', 'payment'], isUrgent: true },
} as const satisfies Readonly<Record<string, GroupEntry>>;

/** The name of a group. */
export type GroupName = keyof typeof CONSUMER_GROUPS;

/** Whether there is such a group in this release. */
export function isGroupName(name: string): name is GroupName {
  return Object.hasOwn(CONSUMER_GROUPS, name);
}

/**
 * The consumer group in a queue's name, and whether its dead letters come that way. Environments of one account have queues of their
 * own, which have the environment's name before, in between or behind: `folio-views-staging`, `staging-folio-views-dead`.
 */
const GROUP = /(?:^|-)folio-([a-z]+)(?:-|$)/;
const DEAD = /-dead(?:-|$)/;

/** Whose queue it is by its name: of a group that this release may not have, or of none. */
export function ownerOfQueue(queue: string): {
  readonly group: string | undefined;
  readonly isDead: boolean;
} {
  return { group: GROUP.exec(queue)?.[1], isDead: DEAD.test(queue) };
}

/** How soon a group is told: late and without the events, or of each commit; neither for most. */
export function paceOf(name: GroupName): { readonly isPatient: boolean; readonly isUrgent: boolean } {
  const { isPatient = false, isUrgent = false }: GroupEntry = CONSUMER_GROUPS[name];
  return { isPatient, isUrgent };
}

/** The groups that are told of the events of an aggregate's type. */
export function groupsFor(aggregateType: string): GroupName[] {
  const names = Object.keys(CONSUMER_GROUPS) as GroupName[];
  return names.filter((name) => {
    const { aggregateTypes }: GroupEntry = CONSUMER_GROUPS[name];
    return aggregateTypes === undefined || aggregateTypes.some((type) => type === aggregateType);
  });
}
