/** Figures and times as people read them. Nothing is rounded: all digits that there are stand there. */

/** A decimal with its thousands apart, and at least this many decimals: `-1234.5` with two is `-1,234.50`. */
export function figureText(decimal: string, decimalsMin = 0): string {
  const [whole = '', decimals = ''] = decimal.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const shown = decimals.padEnd(decimalsMin, '0');
  return shown === '' ? grouped : `${grouped}.${shown}`;
}

/** A time (RFC 3339 in UTC, to the millisecond) to the last digit: `2026-11-21 09:30:00.500`. */
export function stampText(time: string): string {
  return time.replace('T', ' ').replace('Z', '');
}

/** The same without a clock where it is midnight, and without milliseconds where there are none. */
export function momentText(time: string): string {
  return stampText(time)
    .replace(/\.000$/, '')
    .replace(/ 00:00:00$/, '');
}

/** A period in words; null is as far as the log goes. */
export function periodText(from: string | null, to: string | null): string {
  const begin = from === null ? 'from the beginning' : `from ${momentText(from)}`;
  return to === null ? `${begin} to the newest entry` : `${begin} to before ${momentText(to)}`;
}
