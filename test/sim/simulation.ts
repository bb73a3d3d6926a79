/**
 * One seed: a world that is built, driven through its steps with everything going wrong, brought to rest, and audited. The
 * same seed and number of steps give the same run on every machine.
 */
import { seededRandom } from '../../demo/random.ts';
import { projectors } from '../../queues/projectors/index.ts';
import type { GroupName } from '../../schemas/consumerGroups.ts';
import { partOf } from '../../schemas/partition.ts';
import { ArchiveAudit } from './audit/archived.ts';
import { Auditor } from './audit/auditor.ts';
import { SWEEP_PAGE } from './limits.ts';
import { Disturbances } from './model/disturbances.ts';
import { Operator } from './model/operator.ts';
import { Platform } from './model/platform.ts';
import { drawProfile } from './model/profile.ts';
import { seedRandomBytes } from './model/randomBytes.ts';
import { Breach, EPOCH, World } from './model/world.ts';
import { type Tally, tallyOf } from './tally.ts';
import { Clients } from './workload/clients.ts';
import { poisoned } from './workload/poisonProjector.ts';
import { deciderBefore, deciderIn, RELEASES } from './workload/releases.ts';

/** Steps of a run with a shop for each that was asked for: an order goes through many hands. */
const SHOP_STEPS = 4;
/** The share of the steps after which the release before all others is replaced, where the run begins with it. */
const BEFORE_SHARES = { least: 0.1, more: 0.6 };
/** Between sweeps of one part of the directory. */
const SWEEP_INTERVAL_MS = 60_000;
/** Steps in which a system that nothing disturbs must have come to rest. */
const REST_STEPS_MAX = 100_000;
/** Chance of a step to let time pass although something could be done. */
const IDLE_CHANCE = 0.05;
/** How often operators let a parked saga try again, once nothing fails any more. */
const RETRIES_MAX = 5;
/** An alarm that is this late has been given up, as living instances see it, and the clocks of their machines with it. */
const OVERDUE_MS = 200_000;
/** How often the whole directory is swept for one thing that is lost: once would do. */
const SEARCHES_MAX = 5;
/** Aggregates that bind an order together. */
const BINDING = /^(?:order|payment|saga\/(?:fulfil|cancel)-)/;
/** How often time is let go by for what is left to do: an owner that nobody can ask never gets done. */
const REST_ROUNDS = 4;

export interface RunResult {
  readonly seed: number;
  readonly steps: number;
  readonly breach: Breach | undefined;
  /** What happened last, a line each. */
  readonly trace: (lines: number) => string[];
  /** Events that were committed. */
  readonly events: number;
  readonly tally: Tally;
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
  const tally = tallyOf(world, simulation.auditor);
  return { seed, steps: world.trace.step, breach: world.breach, trace, events, tally };
}

class Simulation {
  readonly world: World;
  readonly platform: Platform;
  readonly auditor: Auditor;
  readonly #clients: Clients;
  readonly #disturbances: Disturbances;
  readonly #operator: Operator;
  #sweepAt: number;
  #sweepPart = 0;
  /** What the sweeper was last sent for, and how often. */
  #lost: string | undefined;
  #searches = 0;

  constructor(seed: number) {
    const random = seededRandom(seed);
    seedRandomBytes(seed);
    const profile = drawProfile(random);
    this.world = new World(random, profile);
    this.auditor = new Auditor(this.world);
    const broken = poisoned(projectors, () => this.#operator.poisonous);
    this.#disturbances = new Disturbances(this.world, () => this.platform, RELEASES);
    this.platform = new Platform(this.world, this.auditor, broken, (aggregateType) =>
      this.world.isBefore
        ? deciderBefore(aggregateType)
        : deciderIn(this.#disturbances.release, aggregateType),
    );
    for (const source of [...named('account', profile.accounts), ...named('hold', profile.holders)])
      this.platform.actor(source);
    this.auditor.watch(this.platform);
    this.#operator = new Operator(this.world, this.platform);
    this.#clients = new Clients(this.world, this.platform, this.auditor);
    this.#sweepAt = this.world.clock + SWEEP_INTERVAL_MS;
  }

  async run(wanted: number): Promise<void> {
    const { world } = this;
    const steps = world.profile.shop > 0 ? SHOP_STEPS * wanted : wanted;
    // Some aggregates begin late, and some owners stop answering, so that the end finds them in every state.
    const bornWithin = world.random.pick([0, 15, steps]);
    const allBornAt = Math.max(1, steps - world.random.integer(bornWithin + 1));
    const unreadableFrom = world.random.chance(0.5) ? world.random.integer(steps) : steps;
    const modernFrom =
      Math.floor(steps * BEFORE_SHARES.least) + world.random.integer(steps * BEFORE_SHARES.more);
    for (let step = 0; step < steps; step++) {
      if (world.isBefore && step === modernFrom) this.#disturbances.modernise();
      this.#clients.introduce(Math.min(1, step / allBornAt));
      if (step === unreadableFrom)
        this.platform.unreadable = world.random.pick([...this.platform.actors.keys()]);
      await this.#step();
      this.#stopAtBreach();
    }
    if (world.profile.blackout) this.#disturbances.blackout();
    world.faulty = false;
    this.#disturbances.endOutages();
    // What binds an order together is asked for on and on: with an owner that is never read it would not come to rest.
    if (BINDING.test(this.platform.unreadable ?? '')) this.platform.unreadable = undefined;
    // An owner that answers nobody holds up its own views and no others; whoever rebuilds waits for it.
    this.#operator.rest();
    await this.#rest();
    this.auditor.settled(this.platform, this.#operator.hasMended ? 'maybe' : 'parked');
    this.platform.unreadable = undefined;
    await this.#mendForGood();
    await this.#rest();
    await this.#finishSagas();
    this.auditor.settled(this.platform, 'mended');
    await this.#clients.readPersonal();
    await this.#drain();
    this.auditor.keysKept();
    this.auditor.paidOut();
    this.auditor.shopClosed();
    this.auditor.complete(this.platform);
    await this.#archive();
  }

  async #archive(): Promise<void> {
    if (!this.world.profile.archivedAtLast) return;
    const archive = new ArchiveAudit({
      actors: this.platform.actors.values(),
      caller: this.#clients.caller,
      ledgerOf: (source) => this.auditor.ledger(source),
      decider: (aggregateType) => deciderIn(this.#disturbances.release, aggregateType),
      written: (where, text) => this.auditor.written(where, text),
    });
    await archive.read();
    await this.#drain();
    await archive.check();
  }

  #stopAtBreach(): void {
    if (this.world.breach !== undefined) throw this.world.breach;
  }

  async #step(): Promise<void> {
    const { world } = this;
    world.trace.step++;
    if (this.#disturbances.strike()) return;
    const { mend, rebuild } = world.profile.events;
    if (world.strikes(mend)) return this.#operator.mend();
    if (world.strikes(rebuild)) return this.#operator.order();
    if (world.random.chance(world.profile.traffic)) return this.#clients.act();
    let choices = this.#choices();
    while (choices.length === 0 && this.#passTime()) choices = this.#choices();
    if (choices.length === 0) return;
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
    for (const object of platform.alarmed()) {
      if ((object.alarmAt ?? Number.POSITIVE_INFINITY) <= world.clock) {
        choices.push(async () => {
          await object.fireAlarm();
          // An alarm takes time: one that is set into the past must not stop the clock.
          world.clock += world.random.integer(500);
        });
      }
    }
    choices.push(...platform.deliveries((group) => this.#isTurnOf(group)));
    if (this.#clients.hasUnheard) choices.push(() => this.#clients.repeat());
    if (this.#operator.hasWork) choices.push(() => this.#operator.work());
    if (platform.canSweep && this.#sweepAt <= world.clock) choices.push(() => this.#sweep());
    return choices;
  }

  /** Whether consumers of a group get their turn: where they rarely do, the actors get further in as many steps. */
  #isTurnOf(group: GroupName): boolean {
    const { faulty, profile, random } = this.world;
    return !faulty || random.chance(group === 'views' ? profile.viewPace : profile.sagaPace);
  }

  /** When something happens next by itself. */
  #nextAt(): number {
    const { world, platform } = this;
    const sweep = platform.canSweep ? this.#sweepAt : undefined;
    const times = [world.nextAt(), platform.nextDeliveryAt(), sweep];
    let next = Math.min(...times.filter((time) => time !== undefined));
    for (const { alarmAt } of platform.alarmed()) if (alarmAt !== undefined && alarmAt < next) next = alarmAt;
    return next;
  }

  /** Lets the clock jump to whatever comes next, if that is not later than `latest`. */
  #passTime(latest = Number.MAX_VALUE): boolean {
    const next = this.#nextAt();
    if (next > latest) return false;
    this.world.clock = Math.max(this.world.clock + 1, next);
    return true;
  }

  /**
   * Once nothing fails any more: what has lost its alarm, and what sagas were not told of, is found by the sweeper, long
   * before anything far off is due.
   */
  async #findLost(): Promise<boolean> {
    const lost = this.auditor.firstLost(this.platform);
    if (lost === undefined) return false;
    const sweepAt = Math.max(this.world.clock, lost.at + OVERDUE_MS);
    if (sweepAt > this.#nextAt()) return false;
    this.#searches = lost.what === this.#lost ? this.#searches + 1 : 1;
    this.#lost = lost.what;
    if (this.#searches > SEARCHES_MAX) throw new Breach(lost.check, `the sweeper does not find ${lost.what}`);
    this.world.clock = sweepAt;
    await this.#sweepAll();
    return true;
  }

  async #sweep(): Promise<void> {
    const parts = this.platform.directories.length;
    this.#sweepPart = (this.#sweepPart + 1) % parts;
    this.#sweepAt = this.world.clock + SWEEP_INTERVAL_MS / parts;
    await this.platform.sweep(this.#sweepPart);
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

  /** Operators let every saga try again that waits for one, until none does but where the bank says no for good. */
  async #finishSagas(): Promise<void> {
    const parked = () => this.auditor.sagaIds(({ status }) => status === 'PARKED');
    const waiting = () => this.auditor.sagaIds((saga) => saga.status === 'PARKED' && !saga.isHopeless);
    for (let tries = 0; waiting().length > 0 || (tries === 0 && parked().length > 0); tries++) {
      if (tries === RETRIES_MAX) throw new Breach('every saga ends', `${waiting()} still wait`);
      await this.#clients.retrySagas();
      await this.#rest();
    }
  }

  /** Nothing fails any more: everything that was begun ends, and the sweeper goes through the whole directory. */
  async #rest(): Promise<void> {
    await this.#drain();
    await this.#sweepAll();
    await this.#drain();
    // An instance that lives on learns that its alarm was given up only once that is overdue.
    for (let round = 0; round < REST_ROUNDS; round++) {
      const due = this.auditor.lastDue();
      if (due === undefined) return;
      this.world.clock = Math.max(this.world.clock, due + OVERDUE_MS);
      await this.#sweepAll();
      await this.#drain();
    }
  }

  /** Each part of the directory goes through all that it may have, wherever it stands: to the end, and from the beginning. */
  async #sweepAll(): Promise<void> {
    const { actors, directories } = this.platform;
    const parts = Array.from(actors.values(), ({ source }) => partOf(source.aggregateId, directories.length));
    const largest = Math.max(...directories.map((_, index) => parts.filter((part) => part === index).length));
    const sweeps = (2 * Math.ceil(largest / SWEEP_PAGE) + 2) * directories.length;
    for (let sweep = 0; sweep < sweeps; sweep++) {
      this.world.clock += SWEEP_INTERVAL_MS / directories.length;
      await this.#sweep();
      await this.#drain(this.world.clock + SWEEP_INTERVAL_MS);
    }
  }

  /** Lets everything happen that happens until `latest`, the end of time where it is left out. */
  async #drain(latest?: number): Promise<void> {
    const { world } = this;
    this.#sweepAt = Number.POSITIVE_INFINITY;
    for (let step = 0; step < REST_STEPS_MAX; step++) {
      world.trace.step++;
      const choices = this.#choices();
      if (choices.length > 0) await world.random.pick(choices)();
      else if (await this.#clients.finishOrders()) continue;
      else if (latest === undefined && (await this.#findLost())) continue;
      else if (!this.#passTime(latest)) return;
      this.#stopAtBreach();
    }
    throw new Breach('the system comes to rest', `not within ${REST_STEPS_MAX} steps`);
  }
}

function named(aggregateType: string, count: number) {
  return Array.from({ length: count }, (_, index) => ({
    aggregateType,
    aggregateId: `${aggregateType}-${index + 1}`,
  }));
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
