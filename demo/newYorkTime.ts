/** Wall-clock time in New York to UTC, by the rules of the time zone database that Node carries. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const OFFSET = new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', timeZoneName: 'longOffset' });

/**
 * Converts New York wall-clock times, `date` as `YYYYMMDD` and `ms` after that day's midnight, to RFC 3339 in UTC.
 * Returns undefined for what is no date or no time of day. A time that the end of DST repeats is taken as its first.
 */
export function newYorkClock(): (date: string, ms: number) => string | undefined {
  // A tape is in order of time, so the offset is looked up once a day and not once a trade.
  let lastDate = '';
  let midnight: number | undefined;
  let offset: number | undefined;
  return (date, ms) => {
    if (date !== lastDate) {
      lastDate = date;
      midnight = midnightOf(date);
      offset = midnight === undefined ? undefined : offsetOfWholeDay(midnight);
    }
    if (midnight === undefined || !Number.isInteger(ms) || ms < 0 || ms >= DAY_MS) return undefined;
    const local = midnight + ms;
    return new Date(local - (offset ?? offsetOfLocal(local))).toISOString();
  };
}

/** Midnight of the date as if New York were on UTC. */
function midnightOf(date: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(date);
  if (match === null) return undefined;
  const midnight = Date.parse(`${match[1]}-${match[2]}-${match[3]}T00:00:00.000Z`);
  // V8 refuses a 32nd of a month but rolls 30 February over to March.
  const real =
    !Number.isNaN(midnight) && new Date(midnight).toISOString().slice(0, 10).replaceAll('-', '') === date;
  return real ? midnight : undefined;
}

function offsetOfWholeDay(midnight: number): number | undefined {
  const first = offsetOfLocal(midnight);
  return first === offsetOfLocal(midnight + DAY_MS - 1) ? first : undefined;
}

/** New York's offset at a local time. The second look-up settles the hours around a change of the offset. */
function offsetOfLocal(local: number): number {
  return offsetAt(local - offsetAt(local));
}

function offsetAt(utc: number): number {
  const name = OFFSET.formatToParts(utc).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /^GMT([+-])(\d{2}):(\d{2})$/.exec(name);
  if (match === null)
    throw new Error(`cannot read New York's offset from "${name}": is Node built without ICU?`);
  const size = Number(match[2]) * HOUR_MS + Number(match[3]) * 60_000;
  return match[1] === '-' ? -size : size;
}
