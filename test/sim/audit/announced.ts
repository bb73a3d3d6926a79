/** What the queues have taken of one aggregate's log, by consumer group. */
import { type GroupName, groupsFor } from '../../../schemas/consumerGroups.ts';

export class Announced {
  readonly #groups = new Map<GroupName, Contiguous>();

  constructor(aggregateType: string) {
    for (const group of groupsFor(aggregateType)) this.#groups.set(group, new Contiguous());
  }

  /** The version up to which every group was told. */
  get upTo(): number {
    return Math.min(...Array.from(this.#groups.values(), ({ upTo }) => upTo));
  }

  /** A group's queue has taken some versions. Throws where the group is not told of such aggregates. */
  add(group: GroupName, from: number, to: number): void {
    const told = this.#groups.get(group);
    if (told === undefined) throw new Error(`${group} is not told of these aggregates`);
    told.add(from, to);
  }
}

/** Versions without a hole from the first. */
class Contiguous {
  upTo = 0;
  readonly #beyond = new Set<number>();

  add(from: number, to: number): void {
    for (let version = from; version <= to; version++) if (version > this.upTo) this.#beyond.add(version);
    while (this.#beyond.delete(this.upTo + 1)) this.upTo++;
  }
}
