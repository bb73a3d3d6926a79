/** Times as rules calculate with them: a decider has no clock, but it knows when its command was received. */

/** Milliseconds since 1970 of an RFC 3339 time that Folio itself wrote or has checked. Throws on anything else: a bug. */
export function millisecondsOf(time: string): number {
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) throw new RangeError(`not a time: ${time}`);
  return milliseconds;
}

/** The text of a moment, RFC 3339 in UTC to the millisecond. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
