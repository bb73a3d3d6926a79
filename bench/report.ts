/** Figures as a table for people. */
import { cpus } from 'node:os';
import type { Figure, Target } from './types.ts';

/** The system itself takes some, and the Node process beside each runtime. */
const OTHER_CORES_UNNOTICED = 0.3;

const HEADINGS = ['', 'Folio', 'baseline', 'ratio', 'µs cpu', 'target'] as const;

/** A table with a line a figure and its target beside it. */
export function table(title: string, figures: readonly Figure[]): string {
  const lines = [HEADINGS as readonly string[], ...figures.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [title, ...text.map((line) => `  ${line}`), ...disturbance(figures)].join('\n');
}

/** Says so where other programs took part of the machine: the figures are then too low, and the ratios uncertain. */
function disturbance(figures: readonly Figure[]): string[] {
  const others = figures.map(({ detail }) => detail?.otherCores).filter((cores) => typeof cores === 'number');
  const most = Math.max(0, ...others);
  return most > OTHER_CORES_UNNOTICED
    ? [`  Other programs used up to ${most.toFixed(1)} of ${cpus().length} cores meanwhile.`]
    : [];
}

function cells(figure: Figure): string[] {
  const { name, unit, value, baseline, ratio, targets = [], detail } = figure;
  return [
    name,
    `${number(value)} ${unit}`,
    baseline === undefined ? '' : number(baseline.value),
    ratio === undefined ? '' : ratio.toFixed(2),
    [detail?.processorMicros, detail?.baselineProcessorMicros]
      .filter((micros) => typeof micros === 'number')
      .map((micros) => micros.toFixed(1))
      .join(' / '),
    targets.map((target) => verdict(figure, target)).join(', '),
  ];
}

function verdict(figure: Figure, target: Target): string {
  const reached = target.of === 'ratio' ? (figure.ratio ?? Number.NaN) : figure.value;
  const { atLeast, atMost } = target;
  const unit = target.of === 'ratio' ? ' ×' : '';
  const good = (atLeast === undefined || reached >= atLeast) && (atMost === undefined || reached <= atMost);
  const wanted = atLeast === undefined ? `≤ ${number(atMost ?? 0)}` : `≥ ${number(atLeast)}`;
  return `${wanted}${unit} ${good ? 'reached' : 'missed'}`;
}

/** Three significant digits at least, thousands separated. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: decimals });
}
