import { LocalServerError } from './errors.ts';

/** The one pattern that is run locally: each minute. */
export const EVERY_MINUTE = '* * * * *';

/** Milliseconds between two runs of `EVERY_MINUTE`. */
const MINUTE_MS = 60_000;

/** Refuses what the local server would otherwise silently never run. */
export function checkCrons(crons: readonly string[]): void {
  const other = crons.find((cron) => cron !== EVERY_MINUTE);
  if (other !== undefined) {
    throw new LocalServerError(
      `cron "${other}" is not supported by the local server, which runs "${EVERY_MINUTE}" only`,
    );
  }
}

/** A running timetable. */
export interface Timetable {
  stop(): void;
}

/** Calls `run` at the start of every minute; a run that is still going on is not overtaken by the next. */
export function everyMinute(run: () => Promise<void>): Timetable {
  let timer: NodeJS.Timeout;
  let running = false;
  const tick = () => {
    // Set anew each time, so that the runs stay at the start of the minute.
    timer = setTimeout(tick, MINUTE_MS - (Date.now() % MINUTE_MS));
    if (running) return;
    running = true;
    void run().finally(() => {
      running = false;
    });
  };
  timer = setTimeout(tick, MINUTE_MS - (Date.now() % MINUTE_MS));
  return { stop: () => clearTimeout(timer) };
}
