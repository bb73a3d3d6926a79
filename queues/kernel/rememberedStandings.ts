/**
 * Where the views of one database stood when this consumer last read or moved them, so that the message that goes on from there needs
 * no question before its transaction. Nothing relies on it: the transaction holds every position and the epoch against the database,
 * and what is out of date is a race that was lost, after which all is read anew.
 */
import {
  type AggregateKey,
  keyOf,
  NOWHERE,
  otherColour,
  positionKey,
  type Standing,
  type ViewPosition,
  type ViewTarget,
  type ViewTargets,
} from './positions.ts';
import { type Projector, projectorOf, takes } from './projector.ts';

/** Aggregates that are remembered: some five megabytes at most. The one whose turn was longest ago goes first. */
export const REMEMBERED_MAX = 5_000;

/** What a message goes on from. */
export interface Announced {
  readonly key: AggregateKey;
  /** The version before the first one that is announced. */
  readonly after: number;
}

export class RememberedStandings {
  readonly #projectors: readonly Projector[];
  #targets: ViewTargets = { targets: [], epoch: -1 };
  /** By aggregate: the position of each target that takes it. */
  readonly #positions = new Map<string, ReadonlyMap<string, ViewPosition>>();

  constructor(projectors: readonly Projector[]) {
    this.#projectors = projectors;
  }

  /**
   * The standing of some aggregates, where it is known of all of them and each message goes on exactly where the views stand: where it
   * does not, somebody else has moved them, or events are missing.
   */
  recall(announced: readonly Announced[]): Standing | undefined {
    const positions = new Map<string, ViewPosition>();
    for (const { key, after } of announced) {
      const own = this.#positions.get(keyOf(key));
      if (own === undefined) return undefined;
      for (const [name, position] of own) {
        if (position.version !== after) return undefined;
        positions.set(name, position);
      }
    }
    return { ...this.#targets, positions, isFilling: false };
  }

  /** Remembers where some aggregates stand now; of those that are parked, or being built and not level, nothing. */
  keep(standing: Standing, keys: readonly AggregateKey[]): void {
    const { targets, epoch } = standing;
    if (epoch !== this.#targets.epoch) {
      this.#positions.clear();
      this.#targets = { targets, epoch };
    }
    for (const key of keys) {
      const name = keyOf(key);
      const own = this.#levelPositions(standing, key);
      this.#positions.delete(name);
      if (own !== undefined) this.#positions.set(name, own);
    }
    for (const oldest of this.#positions.keys()) {
      if (this.#positions.size <= REMEMBERED_MAX) break;
      this.#positions.delete(oldest);
    }
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#positions.clear();
  }

  #levelPositions(
    { targets, positions }: Standing,
    key: AggregateKey,
  ): ReadonlyMap<string, ViewPosition> | undefined {
    const own = new Map<string, ViewPosition>();
    const at = (target: ViewTarget) => positions.get(positionKey(target, key)) ?? NOWHERE;
    for (const target of targets) {
      if (!takes(projectorOf(this.#projectors, target), key)) continue;
      const position = at(target);
      if (position.parkedVersion !== null) return undefined;
      const live = { ...target, colour: otherColour(target.colour) };
      if (target.role === 'building' && at(live).version !== position.version) return undefined;
      own.set(positionKey(target, key), position);
    }
    return own;
  }
}
