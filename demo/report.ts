/** The report of a run, for people. */
import { plural } from '../verifier/counts.ts';
import type { Check } from './checks.ts';
import type { Run } from './drive.ts';
import { BATCH_SIZE } from './drive.ts';
import { count, duration, quantilesText, table } from './figures.ts';
import { LANES } from './sender.ts';

/** Positions of the sample portfolio that are printed. */
const POSITIONS_SHOWN = 12;

/** Quantiles of latencies that are printed. */
const LATENCIES = ['p50', 'p95', 'p99'] as const;

/** Names are padded to this width. */
const NAME_WIDTH = 10;

/** The figures of the run: commands, latencies, refusals, views, a portfolio and a trade's trail. */
export function reportRun(run: Run): string[] {
  return [
    ...section('Commands', commandLines(run)),
    ...section('Refusals and repeats, as foreseen', refusalLines(run)),
    ...section('Views', viewLines(run)),
    ...portfolioLines(run),
    ...trailLines(run),
  ];
}

/** A line for each check, and the closing one. */
export function reportChecks(checks: readonly Check[]): string[] {
  const lines = checks.flatMap(({ what, faults }) => [
    `${faults.length === 0 ? '✓' : '✗'} ${what}`,
    ...faults.map((fault) => `    ${fault}`),
  ]);
  return section('Checks', lines);
}

/** The last line. */
export function closingLine(checks: readonly Check[], ms: number): string {
  const failed = checks.filter(({ faults }) => faults.length > 0).length;
  if (failed === 0) return `✓ all ${checks.length} checks hold: the books are right (${duration(ms)})`;
  return `✗ ${failed} of ${checks.length} checks failed (${duration(ms)})`;
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title, ...lines.map((line) => `  ${line}`)];
}

function named(name: string, text: string): string {
  return `${name.padEnd(NAME_WIDTH)} ${text}`;
}

function commandLines({ sender, expectations, preparedMs, preparedAhead }: Run): string[] {
  const { figures, outcomes } = sender;
  const { batches, singles, ms } = figures;
  const perSecond = count((expectations.commands * 1_000) / Math.max(1, ms));
  const beside = preparedAhead ? '' : ', while the demonstration went on with its books';
  return [
    named(
      'sent',
      `${count(expectations.commands)} commands in ${duration(ms)}: ${perSecond} a second${beside}`,
    ),
    named('', `(the books for them had taken ${duration(preparedMs)} before)`),
    named(
      'ended',
      `${count(outcomes.accepted)} accepted, ${count(outcomes.refusals)} refused, ${count(outcomes.replayed)} replayed`,
    ),
    named(
      'batches',
      `${quantilesText(batches, LATENCIES)}  (${count(batches.length)} of up to ${BATCH_SIZE} commands, ${LANES} at a time)`,
    ),
    named(
      'single',
      `${quantilesText(singles, LATENCIES)}  (${count(singles.length)} commands by their own routes, while other lanes sent batches)`,
    ),
  ];
}

function refusalLines({ sender: { outcomes } }: Run): string[] {
  const rows = Object.entries(outcomes.refused).sort(([, a], [, b]) => b - a);
  const repeats = ['repeated and answered from the log', count(outcomes.replayed)];
  return table([...rows.map(([code, number]) => [code, count(number)]), repeats]);
}

function viewLines({ lag, catchUp, observation, observedMs }: Run): string[] {
  const sampled = `${quantilesText(lag, ['p50', 'p95', 'max'])}  (${plural(lag.length, 'sample')}, commit to portfolio)`;
  const caughtUp =
    catchUp.eventsBehind === 0
      ? `${duration(catchUp.ms)} after the last command`
      : `not within ${duration(catchUp.ms)}: ${count(catchUp.eventsBehind)} events are missing`;
  const read = `${count(observation.feed.events)} events and ${plural(observation.accounts.size, 'account')} in ${duration(observedMs)}`;
  return [named('lag', sampled), named('caught up', caughtUp), named('read back', read)];
}

function portfolioLines({ expectations: { sample }, observation }: Run): string[] {
  const account = sample === undefined ? undefined : observation.accounts.get(sample.accountId);
  if (account === undefined) return [];
  const { accountId, positions, cash, fees, version } = account.portfolio;
  const rows = positions
    .slice(0, POSITIONS_SHOWN)
    .map(({ symbol, quantity, averageCost, realizedPnl }) => [symbol, quantity, averageCost, realizedPnl]);
  const more = positions.length - rows.length;
  return section(`Portfolio of ${accountId}, from the view`, [
    `cash ${cash.total}, fees ${fees}, version ${version}`,
    ...table([['symbol', 'quantity', 'average cost', 'realised profit'], ...rows]),
    ...(more > 0 ? [`and ${plural(more, 'position')} more`] : []),
  ]);
}

function trailLines({ expectations: { sample }, observation: { accounts, feed } }: Run): string[] {
  if (sample === undefined) return [];
  const { accountId, commandId, data, version } = sample;
  const account = accounts.get(accountId);
  const event = feed.sample?.event;
  const row = account?.sampleRow;
  const position = account?.portfolio.positions.find(({ symbol }) => symbol === data.symbol);
  const missing = 'missing';
  return section(`Trail of trade ${data.tradeId}`, [
    named(
      'command',
      `${commandId}: ${data.side} ${data.quantity} ${data.symbol} at ${data.price}, fee ${data.fee ?? '0'}`,
    ),
    named(
      'event',
      event === undefined ? missing : `${event.eventId}, version ${event.version} of ${accountId}`,
    ),
    named('hash', event === undefined ? missing : event.hash),
    named('previous', event === undefined ? missing : event.previousHash),
    named(
      'journal',
      feed.sample === undefined ? missing : `event ${count(feed.sample.place)} of ${count(feed.events)}`,
    ),
    named(
      'trade',
      row === undefined
        ? missing
        : `row of version ${version}: value ${row.notional}, realised ${row.realizedPnl}`,
    ),
    named(
      'portfolio',
      position === undefined
        ? missing
        : `${position.quantity} ${data.symbol} at ${position.averageCost} on average now`,
    ),
  ]);
}
