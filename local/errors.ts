/**
 * A failure that the person at the terminal can mend (a port in use, a missing file). The command line prints its
 * message alone; anything else is a bug and keeps its stack.
 */
export class LocalServerError extends Error {
  override name = 'LocalServerError';
}

/** What a file that is open already fails with where its disk takes no more: such an error names no path. */
const DISK_FAULTS: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'];

/**
 * What a command says of what ended it: one line of what whoever called it can mend, a file that cannot be written among them; anything
 * else is a bug and keeps its stack.
 */
export function endingOf(error: unknown): unknown {
  const isOfFile =
    error instanceof Error && 'code' in error && ('path' in error || DISK_FAULTS.includes(error.code));
  return error instanceof LocalServerError || isOfFile ? `folio: ${error.message}` : error;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
