/**
 * One seed: a world that is built, driven through its steps with everything going wrong, brought to rest, and audited. The
 * same seed and number of steps give the same run on every machine.
 */

import { accountDecider } from '../../actors/account/decider.ts';
import type { AnyDecider } from '../../actors/kernel/aggregate.ts';
import { seededRandom } from '../../demo/random.ts';
import { projectors } from '../../queues/projectors/index.ts';
import { Auditor } from './audit/auditor.ts';
import { Operator } from './model/operator.ts';
import { Platform } from './model/platform.ts';
import { drawProfile } from './model/profile.ts';
import { Breach, EPOCH, World } from './model/world.ts';
import { Clients } from './workload/clients.ts';
import { HOLD_RELEASES } from './workload/holdDecider.ts';
import { poisoned } from './workload/poisonProjector.ts';

/** Between sweeps of one part of the directory. */
const SWEEP_INTERVAL_MS = 60_000;
/** Steps in which a system that nothing disturbs must have come to rest. */
const REST_STEPS_MAX = 100_000;
/** Sweeps of each part that go through the whole directory, wherever its cursor stands. */
const SWEEPS_FOR_ALL = 8;
/** Chance of a step to let time pass although something could be done. */
const IDLE_CHANCE = 0.05;
/** How long an outage may last. */
const OUTAGE_MS = 60_000;

export interface RunResult {
  readonly seed: number;
  readonly steps: number;
  readonly breach: Breach | undefined;
  /** What happened last, a line each. */
  readonly trace: (lines: number) => string[];
  /** Events that were committed. */
  readonly events: number;
}

/** Runs one seed. Never throws: whatever goes wrong is the result's breach. */
export async function runSeed(seed: number, steps: number): Promise<RunResult> {
  const simulation = new Simulation(seed);
  const { world } = simulation;
  const onRejection = (reason: unknown) => {
    world.breach ??= new Breach('no uncaught error', `unhandled rejection: ${String(reason)}`);
  };
  process.on('unhandledRejection', onRejection);
  try {
    await simulation.run(steps);
  } catch (error) {
    world.breach ??= error instanceof Breach ? error : new Breach('no uncaught error', stackOf(error));
  } finally {
    process.off('unhandledRejection', onRejection);
    simulation.platform.close();
  }
  const events = [...simulation.auditor.ledgers.values()].reduce((total, { version }) => total + version, 0);
  const trace = (lines: number) => world.trace.lines(lines, EPOCH);
  return { seed, steps: world.trace.step, breach: world.breach, trace, events };
}

class Simulation {
  readonly world: World;
  readonly platform: Platform;
  readonly auditor: Auditor;
  readonly #clients: Clients;
  /** Which release of the toy aggregate is deployed. */
  #release = 0;
  readonly #operator: Operator;
  #sweepAt: number;
  #sweepPart = 0;

  constructor(seed: number) {
    const random = seededRandom(seed);
    const profile = drawProfile(random);
    this.world = new World(random, profile);
    const actors = [
      ...named('account', profile.accounts, () => accountDecider),
      ...named('holder', profile.holders, () => HOLD_RELEASES[this.#release] as AnyDecider),
    ];
    const sources = actors.map(({ aggregateId, decider }) => ({
      aggregateType: decider().aggregateType,
      aggregateId,
    }));
    this.auditor = new Auditor(this.world, sources);
    const broken = poisoned(projectors, () => this.#operator.poisonous);
    this.platform = new Platform(this.world, this.auditor, broken, actors);
    this.auditor.watch(this.platform);
    this.#operator = new Operator(this.world, this.platform);
    this.#clients = new Clients(this.world, this.platform, this.auditor);
    this.#sweepAt = this.world.clock + SWEEP_INTERVAL_MS;
  }

  async run(steps: number): Promise<void> {
    const { world } = this;
    // Some aggregates begin late, and some owners stop answering, so that the end finds them in every state.
    const bornWithin = world.random.pick([0, 15, steps]);
    const allBornAt = Math.max(1, steps - world.random.integer(bornWithin + 1));
    const unreadableFrom = world.random.chance(0.5) ? world.random.integer(steps) : steps;
    for (let step = 0; step < steps; step++) {
      this.#clients.introduce(Math.min(1, step / allBornAt));
      if (step === unreadableFrom)
        this.platform.unreadable = world.random.pick([...this.platform.actors.keys()]);
      await this.#step();
      this.#stopAtBreach();
    }
    if (world.profile.blackout) this.#blackout();
    world.faulty = false;
    this.#endOutages();
    // An owner that answers nobody holds up its own views and no others; whoever rebuilds waits for it.
    this.#operator.rest();
    await this.#rest();
    this.auditor.settled(this.platform, this.#operator.hasMended ? 'maybe' : 'parked');
    this.platform.unreadable = undefined;
    await this.#mendForGood();
    await this.#rest();
    this.auditor.settled(this.platform, 'mended');
    this.auditor.complete(this.platform);
  }

  #stopAtBreach(): void {
    if (this.world.breach !== undefined) throw this.world.breach;
  }

  async #step(): Promise<void> {
    const { world } = this;
    world.trace.step++;
    if (await this.#disturb()) return;
    if (world.random.chance(world.profile.traffic)) return this.#clients.act();
    const choices = this.#choices();
    if (choices.length === 0) {
      this.#passTime();
      return;
    }
    if (world.random.chance(IDLE_CHANCE)) {
      world.clock += world.random.integer(world.random.pick([10, 100, 1_000, 10_000]));
      return;
    }
    await world.random.pick(choices)();
  }

  /** Everything that could happen next. */
  #choices(): (() => Promise<void>)[] {
    const { world, platform } = this;
    const choices: (() => Promise<void>)[] = world.due().map((effect) => async () => {
      world.take(effect);
      await effect.run();
    });
    for (const { object } of platform.actors.values()) {
      if ((object.alarmAt ?? Number.POSITIVE_INFINITY) <= world.clock) {
        choices.push(async () => {
          await object.fireAlarm();
          // An alarm takes time: one that is set into the past must not stop the clock.
          world.clock += world.random.integer(500);
        });
      }
    }
    if (platform.canConsume && (platform.queue.nextAt() ?? Number.POSITIVE_INFINITY) <= world.clock) {
      choices.push(() => platform.deliver());
    }
    if (this.#clients.hasUnheard) choices.push(() => this.#clients.repeat());
    if (this.#operator.hasWork) choices.push(() => this.#operator.work());
    if (platform.canSweep && this.#sweepAt <= world.clock) choices.push(() => this.#sweep());
    return choices;
  }

  /** Lets the clock jump to whatever comes next. */
  #passTime(): boolean {
    const { world, platform } = this;
    const alarms = [...platform.actors.values()].map(({ object }) => object.alarmAt);
    const queue = platform.canConsume ? platform.queue.nextAt() : undefined;
    const sweep = platform.canSweep ? this.#sweepAt : undefined;
    const next = Math.min(...[world.nextAt(), queue, sweep, ...alarms].filter((time) => time !== undefined));
    if (next === Number.POSITIVE_INFINITY) return false;
    world.clock = Math.max(world.clock + 1, next);
    return true;
  }

  async #sweep(): Promise<void> {
    const parts = this.platform.directories.length;
    this.#sweepPart = (this.#sweepPart + 1) % parts;
    this.#sweepAt = this.world.clock + SWEEP_INTERVAL_MS / parts;
    await this.platform.sweep(this.#sweepPart);
  }

  /** What nothing in particular causes: crashes, evictions, deploys, outages. */
  async #disturb(): Promise<boolean> {
    const { world, platform } = this;
    const { events } = world.profile;
    const objects = platform.objects().filter(({ isAwake }) => isAwake);
    if (world.strikes(events.crash) && objects.length > 0) world.random.pick(objects).drop('crashes');
    else if (world.strikes(events.evict)) {
      const idle = objects.filter(({ isIdle }) => isIdle);
      if (idle.length > 0) world.random.pick(idle).drop('is evicted');
    } else if (world.strikes(events.deploy)) this.#deploy();
    else if (world.strikes(events.queueOutage)) this.#outage(platform.queue, 'the queue');
    else if (world.strikes(events.databaseOutage)) {
      const database = world.random.pick(platform.databases);
      this.#outage(database, database.name);
    } else if (world.strikes(events.mend)) await this.#operator.mend();
    else if (world.strikes(events.rebuild)) this.#operator.order();
    else return false;
    return true;
  }

  /** Every instance is replaced; the toy aggregate goes to its next release, or back to the one before. */
  #deploy(): void {
    this.#release = 1 - this.#release;
    this.world.trace.note(this.world.clock, `deploys release ${this.#release + 1}`);
    for (const object of this.platform.objects()) object.drop('is replaced');
  }

  /** Nothing is poison any more, what was parked goes on, and every rebuild that was begun comes to its end. */
  async #mendForGood(): Promise<void> {
    this.#operator.poisonous = false;
    this.#operator.goOn();
    await this.#drain();
    await this.#operator.resumeParked();
    await this.#drain();
    if (!this.world.profile.rebuiltAtLast) return;
    this.#operator.orderAll();
    await this.#drain();
    this.auditor.rebuilt();
  }

  /** Everything dies at once, and the platform gives every alarm up. */
  #blackout(): void {
    this.world.trace.note(this.world.clock, 'blackout');
    for (const object of this.platform.objects()) object.drop('dies');
    for (const { object } of this.platform.actors.values()) object.loseAlarm();
  }

  #outage(thing: { down: boolean }, name: string): void {
    const { world } = this;
    if (thing.down) return;
    thing.down = true;
    world.trace.note(world.clock, name, 'goes down');
    const end = () => {
      thing.down = false;
      world.trace.note(world.clock, name, 'comes back');
    };
    world.add({ label: `${name} comes back`, at: world.clock + world.random.integer(OUTAGE_MS), run: end });
  }

  #endOutages(): void {
    this.platform.queue.down = false;
    for (const database of this.platform.databases) database.down = false;
  }

  /** Nothing fails any more: everything that was begun ends, and the sweeper goes through the whole directory. */
  async #rest(): Promise<void> {
    const { platform } = this;
    await this.#drain();
    for (let sweep = 0; sweep < SWEEPS_FOR_ALL * platform.directories.length; sweep++) {
      this.world.clock += SWEEP_INTERVAL_MS / platform.directories.length;
      await this.#sweep();
      await this.#drain();
    }
  }

  async #drain(): Promise<void> {
    const { world } = this;
    this.#sweepAt = Number.POSITIVE_INFINITY;
    for (let step = 0; step < REST_STEPS_MAX; step++) {
      world.trace.step++;
      const choices = this.#choices();
      if (choices.length > 0) await world.random.pick(choices)();
      else if (!this.#passTime()) return;
      this.#stopAtBreach();
    }
    throw new Breach('the system comes to rest', `not within ${REST_STEPS_MAX} steps`);
  }
}

function named(name: string, count: number, decider: () => AnyDecider) {
  return Array.from({ length: count }, (_, index) => ({ aggregateId: `${name}-${index + 1}`, decider }));
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
