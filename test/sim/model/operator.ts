/** People at work on the views: they mend projectors, resume what was parked, rebuild, go back and cancel, now and then. */
import { resume } from '../../../queues/kernel/parked.ts';
import { hasEnded, readJob } from '../../../queues/rebuild/job.ts';
import { advanceRebuild, cancelRebuild, startEverywhere } from '../../../queues/rebuild/rebuild.ts';
import { type RebuildKind, VIEWS, type ViewName } from '../../../schemas/tables/views.ts';
import type { Row } from '../audit/tradeBook.ts';
import { liveColours } from './database.ts';
import { Invocation } from './invocation.ts';
import type { Platform } from './platform.ts';
import type { World } from './world.ts';

/** Calls that work on a rebuild at a time: two, so that they race. */
const CALLS_MAX = 2;
/** How long one call works: less than that, and those that race get nothing done where everything is slow. */
const CALL_MS = 60_000;
/** Chance that somebody ends a rebuild instead of going on with it. */
const CANCEL_CHANCE = 0.03;
/** Chance that views are mended, or break, while a rebuild goes on: what was parked then catches up beside it. */
const MEND_CHANCE = 0.1;

interface Order {
  readonly kind: RebuildKind;
  readonly views: readonly ViewName[];
}

export class Operator {
  /** Whether marked events are poison just now. */
  poisonous = true;
  /** Whether they have been mended for a while, so that some of them were applied. */
  hasMended = false;
  readonly #world: World;
  readonly #platform: Platform;
  /** The rebuild that somebody wants, until it has come to its end. */
  #order: Order | undefined;
  #calls = 0;
  #isResting = false;

  constructor(world: World, platform: Platform) {
    this.#world = world;
    this.#platform = platform;
  }

  /** Whether a call could be made for the rebuild that is wanted. */
  get hasWork(): boolean {
    return this.#order !== undefined && this.#calls < CALLS_MAX;
  }

  /** Mends the projectors and resumes what was parked, or a release breaks them again. */
  async mend(): Promise<void> {
    this.poisonous = !this.poisonous;
    this.hasMended = true;
    this.#world.trace.note(this.#world.clock, this.poisonous ? 'views break' : 'views are mended');
    if (!this.poisonous) await this.resumeParked();
  }

  /** Lets go on whatever is parked in a live view. */
  async resumeParked(): Promise<void> {
    for (const [part, database] of this.#platform.databases.entries()) {
      const live = liveColours(database);
      const parked = database.inspect(
        'SELECT view, colour, aggregate_type, aggregate_id FROM view_positions WHERE parked_version IS NOT NULL',
      );
      for (const row of parked) {
        if (live.get(String(row.view)) === row.colour) await this.#resume(part, row);
      }
    }
  }

  /** Whether anything is parked in a live view. */
  get seesParked(): boolean {
    return this.#platform.databases.some((database) => {
      const live = liveColours(database);
      return database
        .inspect('SELECT view, colour FROM view_positions WHERE parked_version IS NOT NULL')
        .some(({ view, colour }) => live.get(String(view)) === colour);
    });
  }

  /** Wants some views rebuilt, or gone back to what they were before. */
  order(): void {
    const { random } = this.#world;
    const views = random.chance(0.5) ? VIEWS : VIEWS.filter(() => random.chance(0.5));
    this.#order = {
      kind: random.chance(0.5) ? 'rebuild' : 'revert',
      views: views.length > 0 ? views : VIEWS,
    };
  }

  /** Wants every view rebuilt. */
  orderAll(): void {
    this.#order = { kind: 'rebuild', views: VIEWS };
  }

  /** Wants nothing for now; what was begun stands where it stands. */
  rest(): void {
    this.#isResting = true;
    this.#order = undefined;
  }

  /** Wants what some database is still at. */
  goOn(): void {
    this.#isResting = false;
    this.#orderWhatIsBegun();
  }

  /** Where two are at different ones, since one was cancelled while another began, the first is what others are told of. */
  #orderWhatIsBegun(): void {
    if (this.#isResting) return;
    for (const database of this.#platform.databases) {
      const [row] = database.inspect(
        "SELECT kind, views FROM rebuilds WHERE phase NOT IN ('SWITCHED', 'FAILED')",
      );
      if (row === undefined) continue;
      this.#order = { kind: row.kind as RebuildKind, views: JSON.parse(String(row.views)) };
      return;
    }
  }

  /** One call that works on the rebuild for a while. */
  async work(): Promise<void> {
    const order = this.#order;
    if (order === undefined) return;
    if (this.#world.strikes(MEND_CHANCE)) await this.mend();
    await this.#call(async (caller) => {
      const parts = this.#platform.rebuildDeps(caller);
      if (this.#world.strikes(CANCEL_CHANCE)) {
        await Promise.all(parts.map(cancelRebuild));
        this.#order = undefined;
        return;
      }
      const started = await startEverywhere(parts, order);
      const end = this.#world.clock + CALL_MS;
      if (started.ok)
        await Promise.all(parts.map((deps) => advanceRebuild(deps, () => this.#world.clock >= end)));
      const jobs = await Promise.all(parts.map(({ database }) => readJob(database)));
      if (jobs.every((job) => job === undefined || hasEnded(job))) this.#order = undefined;
      else this.#orderWhatIsBegun();
    });
  }

  async #resume(part: number, row: Row): Promise<void> {
    const key = { aggregateType: String(row.aggregate_type), aggregateId: String(row.aggregate_id) };
    await this.#call(async (caller) => {
      const deps = this.#platform.rebuildDeps(caller)[part];
      if (deps !== undefined) await resume(deps, row.view as ViewName, key, await deps.head(key));
    });
  }

  async #call(work: (caller: Invocation) => Promise<void>): Promise<void> {
    this.#calls++;
    const caller = new Invocation(this.#world, this.#world.uniqueId('operator'), () => this.#calls--);
    await caller.run(() => work(caller));
  }
}
