/** What goes wrong without anything in particular causing it: crashes, evictions, deploys, outages. */
import type { Platform } from './platform.ts';
import type { World } from './world.ts';

/** How long an outage may last. */
const OUTAGE_MS = 60_000;

export class Disturbances {
  /** Which release is deployed. */
  release: number;
  readonly #world: World;
  readonly #platform: () => Platform;
  readonly #releases: number;

  constructor(world: World, platform: () => Platform, releases: number) {
    this.#world = world;
    this.#platform = platform;
    this.#releases = releases;
    this.release = world.random.integer(releases);
  }

  /** Lets something happen, or answers false. */
  strike(): boolean {
    const world = this.#world;
    const platform = this.#platform();
    const { events } = world.profile;
    const objects = platform.objects().filter(({ isAwake }) => isAwake);
    if (world.strikes(events.crash) && objects.length > 0)
      world.random.pick(objects).drop('crashes', 'crashes');
    else if (world.strikes(events.evict)) {
      const idle = objects.filter(({ isIdle }) => isIdle);
      if (idle.length > 0) world.random.pick(idle).drop('evictions', 'is evicted');
    } else if (world.strikes(events.deploy)) this.#deploy();
    else if (world.strikes(events.queueOutage)) {
      const queue = world.random.pick(platform.queues);
      this.#outage(queue, queue.name);
    } else if (world.strikes(events.databaseOutage)) {
      const database = world.random.pick(platform.databases);
      this.#outage(database, database.name);
    } else return false;
    return true;
  }

  /** Everything dies at once, and the platform gives every alarm up. */
  blackout(): void {
    this.#world.trace.note(this.#world.clock, 'blackout');
    for (const object of this.#platform().objects()) object.drop('crashes', 'dies');
    for (const object of this.#platform().alarmed()) object.loseAlarm();
  }

  /** The release before all others is replaced for good. */
  modernise(): void {
    this.#world.isBefore = false;
    this.#replaceAll(`deploys release ${this.release + 1} for the first time`);
  }

  /** Whatever is down comes back. */
  endOutages(): void {
    const { databases, queues } = this.#platform();
    for (const thing of [...databases, ...queues]) thing.down = false;
  }

  /** Every instance is replaced, by one of the next release or of the one before. */
  #deploy(): void {
    this.release = (this.release + 1) % this.#releases;
    this.#replaceAll(`deploys release ${this.release + 1}`);
  }

  #replaceAll(what: string): void {
    this.#world.trace.note(this.#world.clock, what);
    for (const object of this.#platform().objects()) object.drop('evictions', 'is replaced');
  }

  #outage(thing: { down: boolean }, name: string): void {
    const world = this.#world;
    if (thing.down) return;
    thing.down = true;
    world.trace.note(world.clock, name, 'goes down');
    const end = () => {
      thing.down = false;
      world.trace.note(world.clock, name, 'comes back');
    };
    world.add({ label: `${name} comes back`, at: world.clock + world.random.integer(OUTAGE_MS), run: end });
  }
}
