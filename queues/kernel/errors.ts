/** What a consumer says about a failure: park until something else is deployed, or try again. All else is tried again. */
import type { EventKind } from '../../schemas/eventTypes.ts';

/** Begins the reason why an aggregate is parked before an unknown event; its {@link kindText} follows. */
export const UNKNOWN_EVENT = 'this release does not know events of type ';

/** An event of a newer release than this one: its aggregate waits for that release in the view. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent';

  constructor(event: Kind) {
    super(UNKNOWN_EVENT + kindText(event));
  }
}

type Kind = Pick<EventKind, 'eventType' | 'schemaVersion'>;

function kindText({ eventType, schemaVersion }: Kind): string {
  return `${eventType}@${schemaVersion}`;
}

/** What a text of {@link UNKNOWN_EVENT} is about; an earlier release named the type alone. */
export function kindOf(text: string): Kind {
  const [eventType = '', schemaVersion = 1] = text.split('@');
  return { eventType, schemaVersion: Number(schemaVersion) };
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
