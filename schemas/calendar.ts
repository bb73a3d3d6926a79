/** Periods of the calendar in UTC: days, weeks after ISO 8601 (they begin on Monday), months. */
import { timeText } from './time.ts';

/** The lengths of periods. */
export const INTERVALS = ['day', 'week', 'month'] as const;
export type Interval = (typeof INTERVALS)[number];

/** A period, or what of it was asked for: from a time up to another, which is not in it. Milliseconds since 1970. */
export interface Period {
  /** `2026-01-31`, `2026-W05`, `2026-01`. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;

/** 1 January 1970 was a Thursday. */
const DAYS_FROM_MONDAY_1970 = 3;

/** The day of a time, counted from 1 January 1970. */
export function dayOf(milliseconds: number): number {
  return Math.floor(milliseconds / DAY_MS);
}

/** When a day begins, milliseconds since 1970. */
export function startOfDay(day: number): number {
  return day * DAY_MS;
}

/** When the period begins that a time is in. */
export function startOfPeriod(interval: Interval, milliseconds: number): number {
  const day = dayOf(milliseconds);
  switch (interval) {
    case 'day':
      return startOfDay(day);
    case 'week':
      return startOfDay(day - weekdayOf(day));
    case 'month': {
      const date = new Date(milliseconds);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
    }
  }
}

/** The periods between two times, at most `max` of them; the first and the last are cut where the times lie within. */
export function periodsBetween(interval: Interval, from: number, to: number, max: number): Period[] {
  const periods: Period[] = [];
  for (let start = startOfPeriod(interval, from); start < to && periods.length < max; ) {
    const next = startOfNext(interval, start);
    const name = nameOf(interval, start);
    periods.push({ name, from: Math.max(start, from), to: Math.min(next, to) });
    start = next;
  }
  return periods;
}

/** 0 for Monday to 6 for Sunday. */
function weekdayOf(day: number): number {
  return (((day + DAYS_FROM_MONDAY_1970) % 7) + 7) % 7;
}

function startOfNext(interval: Interval, start: number): number {
  switch (interval) {
    case 'day':
      return start + DAY_MS;
    case 'week':
      return start + 7 * DAY_MS;
    case 'month': {
      const date = new Date(start);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
    }
  }
}

function nameOf(interval: Interval, start: number): string {
  switch (interval) {
    case 'day':
      return timeText(start).slice(0, 10);
    case 'week':
      return weekName(start);
    case 'month':
      return timeText(start).slice(0, 7);
  }
}

/** A week belongs to the year of its Thursday, and the first one is that of the year's first Thursday (ISO 8601, 5.2.3). */
function weekName(monday: number): string {
  const thursday = monday + 3 * DAY_MS;
  const year = new Date(thursday).getUTCFullYear();
  const week = 1 + Math.floor((thursday - Date.UTC(year, 0)) / (7 * DAY_MS));
  return `${String(year).padStart(4, '0')}-W${String(week).padStart(2, '0')}`;
}
