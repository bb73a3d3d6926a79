/**
 * The one structured logger: a JSON line an entry. Entries carry ids, versions and names, never personal data: callers
 * pass identifiers, not bodies.
 */

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What an entry may say beside its message. */
export interface LogFields {
  readonly correlationId?: string;
  readonly aggregateType?: string;
  readonly aggregateId?: string;
  readonly version?: number;
  readonly [field: string]: string | number | boolean | null | undefined;
}

export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
  /** Whether an entry of this level would be written: for callers whose fields cost something to gather. */
  enabled(level: LogLevel): boolean;
}

/** A logger that writes entries at or above `level` (an unknown name means info) through `write`, one line each. */
export function createLogger(
  component: string,
  level: string | undefined,
  write: (line: string) => void = (line) => console.log(line),
): Logger {
  const named = LOG_LEVELS.indexOf(level as LogLevel);
  const least = named < 0 ? LOG_LEVELS.indexOf('info') : named;
  const enabled = (wanted: LogLevel) => LOG_LEVELS.indexOf(wanted) >= least;
  return {
    enabled,
    log(entryLevel, message, fields) {
      if (!enabled(entryLevel)) return;
      write(
        JSON.stringify({ time: new Date().toISOString(), level: entryLevel, component, message, ...fields }),
      );
    },
  };
}

/** An error as log fields: its name and message. The stack stays out of ordinary lines; it names no data. */
export function errorFields(error: unknown): LogFields {
  if (error instanceof Error) return { error: error.name, errorMessage: error.message };
  return { error: typeof error, errorMessage: String(error) };
}
