/** A tape that cannot be read. The message is for the person who gave the file: it names file, line and remedy. */
export class TapeError extends Error {
  override readonly name = 'TapeError';
}
