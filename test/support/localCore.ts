/** An actor's core without the Workers runtime: its clock, queue and alarm are in a test's hands. */
import { ActorCore } from '../../actors/kernel/actorCore.ts';
import type { Perform } from '../../actors/kernel/actorDeps.ts';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import type { ActorStorage } from '../../actors/kernel/storage.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteStorage } from './sqliteStorage.ts';

/** The world of a core. */
export interface LocalWorld {
  now: number;
  /** When the alarm is set to go off. */
  alarmAt: number | undefined;
  /** Every time that the alarm was set. */
  readonly alarms: number[];
  readonly sent: string[];
  /** Fails a send by throwing. */
  onSend: (texts: readonly string[]) => void;
  /** Fails a registration by throwing. */
  onRegister?: () => void | Promise<void>;
  /** Whether the consumer group of the views is an urgent one. */
  isUrgent?: boolean;
  /** Throws while the log is held. */
  requireFree?: () => void;
  /** Takes what is to be done later; without it only the alarm drains. */
  after?: (task: () => void, milliseconds: number) => void;
  /** Carries effects out. */
  perform?: Perform;
  readonly lines: string[];
  readonly storage: ActorStorage;
}

/** A world in which nothing has happened yet. */
export function localWorld(): LocalWorld {
  return {
    now: 0,
    alarmAt: undefined,
    alarms: [],
    sent: [],
    onSend: () => undefined,
    lines: [],
    storage: sqliteStorage(),
  };
}

/** A core with a world of its own; the world may be that of an earlier core, which was evicted. */
export function localCore<State>(
  decider: AnyDecider,
  world: LocalWorld = localWorld(),
  appended?: (fromVersion: number) => void,
): { core: ActorCore<State>; world: LocalWorld } {
  const core = new ActorCore<State>({
    source: { aggregateType: decider.aggregateType, aggregateId: 'local' },
    decider,
    storage: world.storage,
    logger: createLogger('actor', 'info', (line) => void world.lines.push(line)),
    now: () => world.now,
    nextTurn: (task) => void setImmediate(task),
    // Nothing happens that the test has not asked for.
    after: (task, milliseconds) => world.after?.(task, milliseconds),
    setAlarm(at) {
      world.alarmAt = at;
      world.alarms.push(at);
    },
    groups: [
      {
        name: 'views',
        ...(world.isUrgent === undefined ? {} : { isUrgent: world.isUrgent }),
        send: async (texts) => {
          world.onSend(texts);
          world.sent.push(...texts);
        },
      },
    ],
    register: async () => world.onRegister?.(),
    perform: world.perform,
    requireFree: () => world.requireFree?.(),
    ...(appended === undefined ? {} : { appended }),
    uniqueId: () => 'unique',
  });
  return { core, world };
}
