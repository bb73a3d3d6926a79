/**
 * A Durable Object: one instance at a time, turns that commit as a whole, outputs that leave only after the commit, and an
 * instance that can vanish between any two effects with everything it had in memory.
 */
import { type Application, NetworkFault, type ObjectContext, type TurnReport } from './application.ts';
import { type AlarmSlot, SimStorage, StorageFault } from './storage.ts';
import { Breach, type Caller, type Effect, settled, type World } from './world.ts';

/** Failed deliveries after which the platform gives an alarm up. */
const ALARM_ATTEMPTS_MAX = 6;
/** Pause after the first failed delivery; it doubles. */
const ALARM_RETRY_MS = 2_000;

/** Which write of a turn may fail: the first up to this many. */
const FAILING_WRITES = 4;

/** How long an answer may hang: longer than the kernel waits before it takes an effect for lost. */
const HANG_MS = 180_000;

/** The share of the lost requests that arrive in the end, and how long they may take. */
const LATE_SHARE = 0.6;
const LATE_MS = 60_000;

interface Call {
  readonly caller: Caller;
  readonly reject: (reason: Error) => void;
}

interface Output {
  readonly effect: Effect;
  /** The call that the effect answers. */
  readonly answers?: Call;
}

interface Instance<App> {
  readonly caller: Caller & { alive: boolean };
  readonly skew: number;
  readonly inFlight: Set<Call>;
  readonly app: App;
  /** The setting of the alarm whose handler is running. */
  firing: number | undefined;
}

export class SimObject<App extends Application> {
  readonly name: string;
  readonly storage = new SimStorage();
  /** Set when the platform gave the alarm up, until it is set again. */
  alarmLost = false;
  readonly #world: World;
  readonly #start: (context: ObjectContext) => App;
  readonly #onCommit: (report: TurnReport) => void;
  #instance: Instance<App> | undefined;
  #outputs: Output[] | undefined;
  #afterCommit: (() => void)[] = [];

  constructor(
    world: World,
    name: string,
    start: (context: ObjectContext) => App,
    onCommit: (report: TurnReport) => void,
  ) {
    this.#world = world;
    this.name = name;
    this.#start = start;
    this.#onCommit = onCommit;
  }

  get isAwake(): boolean {
    return this.#instance !== undefined;
  }

  /** Whether the alarm's handler is running. */
  get isFiring(): boolean {
    return this.#instance?.firing !== undefined;
  }

  /** Whether nothing waits for the instance: only then does the platform evict it. */
  get isIdle(): boolean {
    const instance = this.#instance;
    return instance !== undefined && instance.inFlight.size === 0 && instance.firing === undefined;
  }

  /** When the alarm is due; undefined where none is set or its handler is running. */
  get alarmAt(): number | undefined {
    const { alarm } = this.storage;
    return this.#instance?.firing === alarm.setting ? undefined : alarm.at;
  }

  /** Calls a method from elsewhere: request, turn and answer are effects, and each may be lost. */
  call<Result>(
    caller: Caller,
    label: string,
    invoke: (app: App) => Result | Promise<Result>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const call = { caller, reject };
      const run = () => this.#receive(call, label, invoke, resolve);
      caller.emit({ label: `${label} → ${this.name}`, at: this.#world.soon(), run });
    });
  }

  /** Loses the instance with everything in its memory; whoever waits for it is told so. */
  drop(loss: 'evictions' | 'crashes', why: string): void {
    const instance = this.#instance;
    if (instance === undefined) return;
    this.#world.trace.note(this.#world.clock, this.name, why);
    this.#world.losses[loss]++;
    this.#instance = undefined;
    instance.caller.alive = false;
    for (const call of instance.inFlight) this.#world.add(this.#failure(call, `${this.name} was reset`));
    const { alarm } = this.storage;
    if (instance.firing === alarm.setting) this.#alarmFailed(alarm);
  }

  /** The platform gives the alarm up, as after six failures in a row. */
  loseAlarm(): void {
    if (this.storage.alarm.at === undefined) return;
    this.storage.alarm = { ...this.storage.alarm, at: undefined };
    this.alarmLost = true;
    this.#world.losses.alarmsGivenUp++;
  }

  /** The platform fires the alarm, or fails to. */
  async fireAlarm(): Promise<void> {
    const { alarm } = this.storage;
    if (this.#world.strikes(this.#world.profile.faults.alarmFails)) {
      const failures = 1 + this.#world.random.integer(ALARM_ATTEMPTS_MAX);
      this.#alarmFailed(alarm, Math.min(failures, ALARM_ATTEMPTS_MAX - alarm.attempt));
      return;
    }
    await this.#turn('alarm', (instance) => {
      instance.firing = alarm.setting;
      const { app } = instance;
      if (app.alarm === undefined) throw new Error(`${this.name} has no alarm handler`);
      const ended = (failed: boolean) =>
        void this.#afterCommit.push(() => this.#alarmEnded(instance, failed));
      app.alarm().then(
        () => ended(false),
        () => ended(true),
      );
    });
    // An instance that could not even start has failed its alarm too.
    if (this.#instance === undefined && this.storage.alarm === alarm) this.#alarmFailed(alarm);
  }

  async #receive<Result>(
    call: Call,
    label: string,
    invoke: (app: App) => Result | Promise<Result>,
    resolve: (result: Result) => void,
  ): Promise<void> {
    if (this.#world.strikes(this.#world.profile.faults.requestLost)) {
      this.#world.add(this.#failure(call, 'network connection lost'));
      if (this.#world.random.chance(LATE_SHARE)) this.#arriveLate(label, invoke);
      return;
    }
    const started = await this.#turn(label, (instance) => {
      instance.inFlight.add(call);
      const answer = async () => invoke(instance.app);
      answer().then(
        (result) => this.#answer(call, label, () => resolve(result)),
        (error) => this.#answer(call, label, () => call.reject(error)),
      );
    });
    if (!started) this.#world.add(this.#failure(call, `${this.name} did not start`));
  }

  /** What the caller has given up arrives all the same, after what came later. */
  #arriveLate<Result>(label: string, invoke: (app: App) => Result | Promise<Result>): void {
    const run = () => this.#receive({ caller: NOBODY, reject: ignore }, `late ${label}`, invoke, ignore);
    const at = this.#world.clock + this.#world.random.integer(LATE_MS);
    this.#world.add({ label: `late ${label} → ${this.name}`, at, run });
  }

  #answer(call: Call, label: string, settle: () => void): void {
    const world = this.#world;
    const run = async () => {
      if (!call.caller.alive) return;
      const lost = world.strikes(world.profile.faults.responseLost);
      const failed = () => call.reject(new NetworkFault('network connection lost'));
      await call.caller.deliver(`${label} ${lost ? 'lost' : 'answered'}`, lost ? failed : settle);
    };
    const hang = world.strikes(world.profile.faults.answerHangs) ? world.random.integer(HANG_MS) : 0;
    const effect = { label: `${label} ←`, at: world.soon() + hang, run };
    this.#outputs?.push({ effect, answers: call });
  }

  #failure(call: Call, why: string): Effect {
    const run = () => call.caller.deliver('failed', () => call.reject(new NetworkFault(why)));
    return { label: why, at: this.#world.soon(), run: async () => void (call.caller.alive && (await run())) };
  }

  /** One turn: starts the instance if need be, lets everything move that can, commits, lets outputs go. False: no start. */
  async #turn(
    label: string,
    body: (instance: Instance<App>) => void,
    expected?: Instance<App>,
  ): Promise<boolean> {
    if (expected !== undefined && this.#instance !== expected) return true;
    const { faults } = this.#world.profile;
    this.#world.trace.note(this.#world.clock, this.name, label);
    this.#outputs = [];
    this.#afterCommit = [];
    const full = this.#world.strikes(faults.storageFull);
    this.storage.beginTurn(full ? this.#world.random.integer(FAILING_WRITES) : undefined);
    const instance = this.#instance ?? this.#wake();
    if (instance === undefined) return false;
    try {
      body(instance);
    } catch (error) {
      throw new Breach('no uncaught error', `${this.name} ${label}: ${String(error)}`);
    }
    await settled();
    if (this.#world.strikes(faults.crashBeforeCommit)) {
      this.storage.rollback();
      this.#outputs = undefined;
      this.drop('crashes', 'crashes before the commit');
      return true;
    }
    this.#commit(label, instance);
    return true;
  }

  #commit(label: string, instance: Instance<App>): void {
    const { alarmChanged } = this.storage;
    this.storage.commit();
    if (alarmChanged) this.alarmLost = false;
    const inAlarm = instance.firing !== undefined;
    const { rowsWritten } = this.storage;
    const outputs = this.#outputs ?? [];
    this.#outputs = undefined;
    for (const task of this.#afterCommit.splice(0)) task();
    const crash = this.#world.strikes(this.#world.profile.faults.crashAfterCommit);
    const kept = crash ? this.#world.random.integer(outputs.length + 1) : outputs.length;
    for (const { effect, answers } of outputs.slice(0, kept)) {
      if (answers !== undefined) instance.inFlight.delete(answers);
      this.#world.add(effect);
    }
    if (crash) this.drop('crashes', 'crashes after the commit');
    this.#onCommit({ label, rowsWritten, alarmChanged, inAlarm });
  }

  #wake(): Instance<App> | undefined {
    const world = this.#world;
    const { skewMs } = world.profile;
    const skew = skewMs === 0 ? 0 : world.random.integer(2 * skewMs) - skewMs;
    const caller = {
      alive: true,
      emit: (effect: Effect) => {
        if (this.#outputs === undefined) throw new Error(`${this.name} acts outside of its turns`);
        this.#outputs.push({ effect });
      },
      deliver: async (label: string, settle: () => void) => {
        await this.#turn(label, settle, instance);
      },
    };
    const later = (label: string, task: () => void, milliseconds: number) => {
      const run = () => caller.deliver(label, task);
      world.add({ label: `${this.name} ${label}`, at: world.clock + milliseconds, run });
    };
    const context = { storage: this.storage, caller, now: () => world.clock + skew, later };
    let instance: Instance<App>;
    try {
      const app = this.#start(context);
      instance = { caller, skew, inFlight: new Set(), app, firing: undefined };
      this.#instance = instance;
      return instance;
    } catch (error) {
      // A constructor that throws is no bug only where storage failed under it; the next request starts it again.
      if (!(error instanceof StorageFault))
        throw new Breach('no uncaught error', `${this.name} cannot start: ${String(error)}`);
      caller.alive = false;
      this.storage.rollback();
      return undefined;
    }
  }

  #alarmEnded(instance: Instance<App>, failed: boolean): void {
    const { alarm } = this.storage;
    const fired = instance.firing;
    instance.firing = undefined;
    // A handler that set the alarm anew has replaced the one that fired.
    if (alarm.setting !== fired) return;
    if (failed) this.#alarmFailed(alarm);
    else if (!this.#world.strikes(this.#world.profile.faults.alarmRepeats)) {
      this.storage.alarm = { ...alarm, at: undefined };
    }
  }

  /** The alarm fails, once or several times in a row. */
  #alarmFailed(alarm: AlarmSlot, failures = 1): void {
    const attempt = alarm.attempt + failures;
    this.#world.losses.failedAlarms += failures;
    this.#world.trace.note(this.#world.clock, this.name, `alarm failed ${attempt} times`);
    const lost = attempt >= ALARM_ATTEMPTS_MAX;
    this.alarmLost = lost;
    if (lost) this.#world.losses.alarmsGivenUp++;
    const at = lost ? undefined : this.#world.clock + ALARM_RETRY_MS * 2 ** attempt;
    this.storage.alarm = { ...alarm, at, attempt };
  }
}

/** For what nobody waits for any more. */
const NOBODY: Caller = { alive: false, emit: ignore, deliver: () => Promise.resolve() };

function ignore(): void {
  // Nobody hears it.
}
