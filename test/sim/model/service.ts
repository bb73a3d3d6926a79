/** A call of a service that is no object: it may fail before or after its effect, and hang. */
import type { Caller, World } from './world.ts';

/** What is called. */
export interface ServiceCall<Result> {
  /** Of the service, and of what it does. */
  readonly name: string;
  readonly label: string;
  /** While true, every call fails before its effect. */
  isDown(): boolean;
  /** What the caller of a call that fails is told, whatever has become of it. */
  readonly lost: string;
  /** The share of the calls that fail which have their effect later, after the caller was told, and within how long. */
  readonly late?: { readonly share: number; readonly withinMs: number };
  work(): Result;
}

/** How long a call may hang: D1 gives a query up after 30 seconds. */
const STALL_MS = 30_000;

/** Calls a service for an actor or an invocation. */
export function callService<Result>(
  world: World,
  caller: Caller,
  { name, label, isDown, lost, late, work }: ServiceCall<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const run = async () => {
      const fails = isDown() || world.strikes(world.profile.faults.databaseFails);
      const after = fails && !isDown() && world.random.chance(0.5);
      let settle = () => reject(new Error(lost));
      if (!fails || after) {
        try {
          const result = work();
          if (!fails) settle = () => resolve(result);
        } catch (error) {
          settle = () => reject(error);
        }
      } else if (late !== undefined && world.random.chance(late.share)) {
        const at = world.clock + world.random.integer(late.withinMs);
        world.add({ label: `${name} ${label} late`, at, run: () => void work() });
      }
      world.trace.note(world.clock, name, label, fails ? (after ? 'and then fails' : 'fails') : '');
      if (caller.alive) await caller.deliver(`${name} ${label}`, settle);
    };
    const stall = world.strikes(world.profile.faults.databaseStalls) ? world.random.integer(STALL_MS) : 0;
    caller.emit({ label: `${name} ${label}`, at: world.soon() + stall, run });
  });
}
