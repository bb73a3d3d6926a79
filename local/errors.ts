/**
 * A failure that the person at the terminal can mend (a port in use, a missing file). The command line prints its
 * message alone; anything else is a bug and keeps its stack.
 */
export class LocalServerError extends Error {
  override name = 'LocalServerError';
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
