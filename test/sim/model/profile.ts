/**
 * What a seed's world is made of and what goes wrong in it. Every kind of fault is off in some seeds and frequent in others:
 * a run in which everything fails all the time reaches no deep state, and neither does one in which nothing does.
 */
import type { Random } from '../../../demo/random.ts';

/** Chances per opportunity, 0 to 1. */
export interface FaultRates {
  /** A turn's machine dies before its commit. */
  readonly crashBeforeCommit: number;
  /** It dies after the commit: some of what the turn sent is lost, answers too. */
  readonly crashAfterCommit: number;
  /** A write of the turn does not fit: thrown into the turn, which goes on. */
  readonly storageFull: number;
  readonly requestLost: number;
  readonly responseLost: number;
  /** An answer takes minutes. */
  readonly answerHangs: number;
  /** A send fails, before or after storing, or in between. */
  readonly sendFails: number;
  /** A stored message is stored twice. */
  readonly duplicate: number;
  /** A database call fails, before or after its commit. */
  readonly databaseFails: number;
  /** A database call hangs for a while before it is carried out. */
  readonly databaseStalls: number;
  /** A consumer or the sweeper dies at one of its effects. */
  readonly invocationDies: number;
  /** The platform fails to deliver an alarm, up to six times in a row, and then gives it up. */
  readonly alarmFails: number;
  /** An alarm fires once more although it succeeded. */
  readonly alarmRepeats: number;
}

/** Chances per step of things that nothing in particular causes. */
export interface EventRates {
  readonly crash: number;
  readonly evict: number;
  readonly deploy: number;
  readonly queueOutage: number;
  readonly databaseOutage: number;
  /** Somebody mends the views, or breaks them again. */
  readonly mend: number;
  /** Somebody begins to rebuild views, or to go back to what they were. */
  readonly rebuild: number;
}

export interface Profile {
  readonly accounts: number;
  readonly holders: number;
  /** View databases. */
  readonly parts: number;
  /** An effect takes less than this. */
  readonly latencyMs: number;
  /** How far the clock of a machine may be off, either way. */
  readonly skewMs: number;
  /** Chance per step that a client sends something. */
  readonly traffic: number;
  /** How often consumers of the views, and those of the sagas, get their turn, 0 to 1. */
  readonly viewPace: number;
  readonly sagaPace: number;
  /** Chance that what a client sends is about a transfer. */
  readonly transfers: number;
  /** Chance that what a client does is about the shop, how many products that has, and orders under way at a time. */
  readonly shop: number;
  readonly products: number;
  readonly openOrders: number;
  /** Chance that what a client does is about personal data. */
  readonly subjects: number;
  /** Whether it begins with the release before all others. */
  readonly beganBefore: boolean;
  /** Chance of a fresh deposit to be poison for a view. */
  readonly poison: number;
  /** Whether the run ends with all instances and all alarms lost, so that only the sweeper is left. */
  readonly blackout: boolean;
  /** Whether every view is rebuilt in the end. */
  readonly rebuiltAtLast: boolean;
  /** Whether every log is archived in the end, and put back. */
  readonly archivedAtLast: boolean;
  readonly faults: FaultRates;
  readonly events: EventRates;
}

/** A seed's profile. */
export function drawProfile(random: Random): Profile {
  /** Off in a third of the seeds, else anything up to `most`. */
  const rate = (most: number) => (random.chance(1 / 3) ? 0 : (most * (1 + random.integer(100))) / 100);
  /** In a storm instances come and go all the time. */
  const storm = random.pick([1, 1, 10]);
  return {
    accounts: 1 + random.integer(4),
    holders: 1 + random.integer(2),
    parts: 1 + random.integer(2),
    latencyMs: random.pick([1, 20, 200, 3_000]),
    skewMs: random.pick([0, 50, 5_000]),
    traffic: random.pick([0.03, 0.08, 0.15]),
    viewPace: random.pick([1, 0.3, 0.05]),
    sagaPace: random.pick([1, 1, 1, 0.1]),
    transfers: random.pick([0, 0.2, 0.8]),
    shop: random.pick([0, 0, 0.6, 0.95]),
    products: 1 + random.integer(3),
    openOrders: random.pick([1, 2, 4, 8]),
    subjects: random.pick([0, 0, 0.1, 0.9]),
    beganBefore: random.chance(0.4),
    poison: rate(0.3),
    blackout: random.chance(0.3),
    rebuiltAtLast: random.chance(0.3),
    archivedAtLast: random.chance(0.15),
    faults: {
      crashBeforeCommit: rate(0.02),
      crashAfterCommit: rate(0.06),
      storageFull: rate(0.1),
      requestLost: rate(0.1),
      responseLost: rate(0.05),
      answerHangs: rate(0.02),
      sendFails: rate(0.3),
      duplicate: rate(0.3),
      databaseFails: rate(0.08),
      databaseStalls: rate(0.03),
      invocationDies: rate(0.04),
      alarmFails: rate(0.9),
      alarmRepeats: rate(0.2),
    },
    events: {
      crash: storm * rate(0.03),
      evict: storm * rate(0.02),
      deploy: rate(0.003),
      queueOutage: rate(0.004),
      databaseOutage: rate(0.004),
      mend: rate(0.01),
      rebuild: random.chance(0.5) ? rate(0.1) : 0,
    },
  };
}
