/** What a consumer says about a failure: stop for good, or try again. Anything else is tried again by policy. */

/** Trying again cannot help: the message or event is parked. */
export class Terminal extends Error {
  override readonly name = 'Terminal';
}

/** Worth another try after a while. */
export class Retryable extends Error {
  override readonly name = 'Retryable';
  readonly delaySeconds: number;

  constructor(message: string, options: { delaySeconds: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.delaySeconds = options.delaySeconds;
  }
}

/** Owners did not fill holes of their aggregates; whatever else was to be done is done. */
export class LogsNotRead extends Retryable {
  /** Aggregates by `keyOf`, and what went wrong with each. */
  readonly causes: ReadonlyMap<string, unknown>;

  constructor(causes: ReadonlyMap<string, unknown>, options: { delaySeconds: number }) {
    const [first] = causes.values();
    super(first instanceof Error ? first.message : String(first), { ...options, cause: first });
    this.causes = causes;
  }
}

/** Another consumer applied a range of the batch first: nothing was written, positions have to be read again. */
export function isPositionRace(error: unknown): boolean {
  return error instanceof Error && error.message.includes('position_race');
}

/** SQL that fails for its data will fail again; what else a database says (overloaded, unreachable) passes. */
export function isDataError(error: unknown): boolean {
  return (
    error instanceof Error &&
    /constraint failed|datatype mismatch|malformed JSON|string or blob too big|cannot store/i.test(
      error.message,
    ) &&
    !isPositionRace(error)
  );
}
