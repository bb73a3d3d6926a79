/** The report of a run of the order book, for people. */
import { plural } from '../../verifier/counts.ts';
import { plain } from '../exact.ts';
import { count, duration, quantiles, table } from '../figures.ts';
import { DIFFICULT_CARDS } from './cards.ts';
import type { OrderCheck, OrderEvidence } from './checkOrders.ts';
import type { OrderRun } from './driveOrders.ts';
import type { HistoryLine } from './observeOrders.ts';
import type { Ending, Plan, PlannedOrder } from './planned.ts';
import type { ShownSaga } from './shop.ts';

/** Orders whose wait is told one by one. */
const LONGEST_SHOWN = 5;

/** Steps and events of a trace that are printed; the middle of a longer one is left out. */
const TRACE_SHOWN = 14;

const ENDING_WORDS: Readonly<Record<Ending, string>> = {
  DELIVERED: 'confirmed, shipped, paid and delivered',
  CANCELLED: 'confirmed, then cancelled by the customer and undone',
  DECLINED: 'declined by the bank, undone by its saga',
  OUT_OF_STOCK: 'a unit short of something, undone by its saga',
};

/** What a run was of. */
export function planLines({ orders, products, counts }: Plan): string[] {
  const lines = orders.reduce((sum, order) => sum + order.lines.length, 0);
  const left =
    counts.strayUnits > 0 ? `, ${count(counts.strayUnits)} of orders that are not among these` : '';
  return [
    `${plural(counts.invoices, 'invoice')}: ${plural(orders.length, 'order')} of ${plural(lines, 'line')}, ` +
      `${plural(products.size, 'product')}, ${plural(counts.credits, 'credit')} ` +
      `(${count(counts.creditedUnits)} units${left}), ${plural(counts.adjustments, 'stock correction')}`,
  ];
}

/** Outcomes, waits, cards and the trace of one order that was undone. */
export function reportOrders(
  evidence: OrderEvidence,
  trace: { readonly order: PlannedOrder; readonly history: readonly HistoryLine[] } | undefined,
): string[] {
  const { plan, runs, seen } = evidence;
  return [
    ...section('Outcomes', outcomeLines(evidence)),
    ...section('Cards mixed in', cardLines(plan)),
    ...section('Waits', waitLines(runs, seen.caughtUpMs)),
    ...(trace === undefined
      ? []
      : traceLines(trace.order, trace.history, seen.sagas.get(trace.order.orderId))),
  ];
}

/** A line for each check. */
export function checkLines(checks: readonly OrderCheck[]): string[] {
  return section(
    'Checks',
    checks.flatMap(({ what, faults }) => [
      `${faults.length === 0 ? '✓' : '✗'} ${what}`,
      ...faults.map((fault) => `    ${fault}`),
    ]),
  );
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title, ...lines.map((line) => `  ${line}`)];
}

/** What became of the orders, not what was to: where something went wrong, of how many. */
function outcomeLines({ runs, seen }: OrderEvidence): string[] {
  const rows = (Object.keys(ENDING_WORDS) as Ending[]).map((ending) => {
    const own = runs.filter(({ order }) => order.ending === ending);
    return [ENDING_WORDS[ending], outOf(own.filter(wentRight).length, own.length)];
  });
  const returns = (of: readonly OrderRun[]) => of.reduce((sum, { order }) => sum + order.returns.length, 0);
  const sagas = Map.groupBy(seen.sagas.values(), (saga) => saga?.status ?? 'MISSING');
  return table([
    ...rows,
    ['returns, refunded and back on the shelf', outOf(returns(runs.filter(wentRight)), returns(runs))],
    ...Array.from(sagas, ([status, of]) => [`fulfilments ${status}`, count(of.length)]).sort(),
  ]);
}

function wentRight({ faults }: OrderRun): boolean {
  return faults.length === 0;
}

function outOf(part: number, whole: number): string {
  return part === whole ? count(whole) : `${count(part)} of ${count(whole)}`;
}

function cardLines({ orders }: Plan): string[] {
  return table(
    DIFFICULT_CARDS.map(({ token, behaviour, share }) => [
      behaviour,
      token,
      `${Math.round(share * 100)} %`,
      plural(orders.filter(({ card }) => card.token === token).length, 'order'),
    ]),
  );
}

function waitLines(runs: readonly OrderRun[], caughtUpMs: number): string[] {
  const row = (name: string, values: readonly number[]) => {
    const { p50, p95, max } = quantiles(values);
    return [name, ...[p50, p95, max].map(duration)];
  };
  const settled = (ending: Ending) =>
    runs.filter(({ order }) => order.ending === ending).flatMap(({ settledMs }) => settledMs ?? []);
  const longest = runs.toSorted((one, other) => other.decidedMs - one.decidedMs).slice(0, LONGEST_SHOWN);
  return [
    ...table([
      ['', 'half', '95 %', 'longest'],
      row(
        'placed → confirmed or refused',
        runs.map(({ decidedMs }) => decidedMs),
      ),
      row('shipped → paid', settled('DELIVERED')),
      row('cancelled → undone', settled('CANCELLED')),
    ]),
    `views had everything ${duration(caughtUpMs)} after the last order`,
    '',
    'The longest, placed → confirmed or refused',
    ...table(
      longest.map(({ order, decidedMs }) => [
        order.orderId,
        plural(order.lines.length, 'line'),
        order.card.behaviour,
        duration(decidedMs),
      ]),
    ),
  ];
}

function traceLines(
  { orderId, lines, total, ending }: PlannedOrder,
  history: readonly HistoryLine[],
  saga: ShownSaga | undefined,
): string[] {
  const steps = (saga?.steps ?? [])
    .filter(({ status }) => status !== 'SKIPPED')
    .map(({ name, status, attempts, error }) => {
      const why = error === undefined ? '' : `: ${error.detail === '' ? error.code : error.detail}`;
      return `${name} ${status.toLowerCase()}, ${plural(attempts, 'attempt')}${why}`;
    });
  return [
    ...section(
      `Trace of order ${orderId}: ${plural(lines.length, 'line')}, ${plain(total)}, ${ENDING_WORDS[ending]}`,
      [
        `saga ${saga?.sagaId ?? 'missing'}: ${saga?.status ?? ''}${saga?.reason == null ? '' : `, ${saga.reason}`}`,
        ...shortened(steps).map((step) => `  ${step}`),
        'history',
        ...shortened(history.map(({ at, words }) => `${at}  ${words}`)).map((line) => `  ${line}`),
      ],
    ),
  ];
}

/** The lines without the middle where there are too many; one line alone is not left out for a line that says so. */
export function shortened(lines: readonly string[]): string[] {
  if (lines.length <= TRACE_SHOWN + 1) return [...lines];
  const half = TRACE_SHOWN >> 1;
  return [...lines.slice(0, half), `… ${lines.length - 2 * half} more`, ...lines.slice(-half)];
}
