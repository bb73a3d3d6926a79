/** Numbers as the report prints them. */
import { countText } from '../verifier/counts.ts';

/** Quantiles of a list of milliseconds. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The quantiles of some milliseconds; zeros where there are none. */
export function quantiles(values: readonly number[]): Quantiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** The quantiles `named`, in words; `none` where nothing was measured. */
export function quantilesText(
  values: readonly number[],
  named: readonly Exclude<keyof Quantiles, 'count'>[],
): string {
  const found = quantiles(values);
  if (found.count === 0) return 'none';
  return named.map((name) => `${name} ${duration(found[name])}`).join('   ');
}

/** Thousands separated by commas. */
export function count(value: number): string {
  return countText(Math.round(value));
}

/** From here on seconds say less than minutes. */
const MINUTES_FROM_MS = 600_000;

/** Milliseconds as people say them: `4.2 ms`, `310 ms`, `12.4 s`, `71 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms >= MINUTES_FROM_MS) return `${Math.round(ms / 60_000)} min`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** A table: the first column to the left, the others to the right, two spaces between them. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
