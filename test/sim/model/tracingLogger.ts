/** What the platform logs: it is traced, and looked at. */
import type { Logger } from '../../../telemetry/logger.ts';
import type { World } from './world.ts';

/** A logger into the trace. `written` is told of every line. */
export function tracingLogger(world: World, written: (text: string) => void): Logger {
  return {
    enabled: (level) => level !== 'debug',
    log: (level, message, fields) => {
      written(`${message} ${JSON.stringify(fields ?? {})}`);
      if (level === 'warn' || level === 'error')
        world.trace.note(world.clock, 'log', level, message, fields ?? '');
    },
  };
}
