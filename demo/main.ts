/**
 * `npm run demo`: the platform's main job on real market data, from the command API to the views, and then every balance,
 * position, event, hash and view held against books that share no code with the platform. Ends with 0 or 1.
 */

import { FolioProblem, FolioUnreachable } from '../client/index.ts';
import { plural } from '../verifier/counts.ts';
import { CappedTape } from './cappedTape.ts';
import { type Evidence, runChecks } from './checks.ts';
import { Client, PlatformError } from './client.ts';
import { defaultTape } from './defaultTape.ts';
import { drive, type Run } from './drive.ts';
import { tryPlatform } from './givenPlatform.ts';
import { type DemoOptions, HELP, readOptions, UsageError } from './options.ts';
import { InvoiceError } from './orders/invoice.ts';
import { runOrders } from './orders/scenario.ts';
import { OwnPlatform } from './platform.ts';
import { Progress } from './progress.ts';
import { closingLine, reportChecks, reportRun } from './report.ts';
import { openTape, TapeError } from './tape.ts';

/** What a shell says of a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Lines of the platform's log that a failed run shows. */
const LOG_LINES_SHOWN = 20;

const print = (lines: readonly string[]) => console.log(lines.join('\n'));

/** Opens the tape, starts the platform, runs, and puts everything away. Answers the exit code. */
async function demo(options: DemoOptions): Promise<number> {
  const startedAt = performance.now();
  const { tapeFile, trades, seed } = options;
  const source = tapeFile === undefined ? defaultTape(trades, seed) : openTape(tapeFile, options.tape);
  const tape = await CappedTape.open(source, trades);
  const own = options.url === undefined ? OwnPlatform.start(options.shards) : undefined;
  const stopOwn = async () => (await own?.catch(() => undefined))?.stop(options.keep);
  process.once('SIGINT', () => void stopOwn().finally(() => process.exit(INTERRUPTED)));
  const platform = own ?? Promise.resolve({ url: options.url ?? '', token: options.token });
  const client = platform.then(({ url, token }) => new Client(url, token));
  try {
    if (own === undefined) await tryPlatform(await client);
    const run = await driveWithProgress(options, tape, client);
    const evidence: Evidence = { ...run, outcomes: run.sender.outcomes };
    const checks = runChecks(evidence);
    print(headLines(options, run, tape, (await client).url));
    print(reportRun(run));
    print(reportChecks(checks));
    const isRight = checks.every(({ faults }) => faults.length === 0);
    if (!isRight) printLog(await own);
    await stopOwn();
    if (options.keep && own !== undefined) print(['', `The state folder is ${(await own).folder}`]);
    print(['', closingLine(checks, performance.now() - startedAt)]);
    return isRight ? 0 : 1;
  } catch (error) {
    printLog(await own?.catch(() => undefined));
    throw error;
  } finally {
    await client.then((opened) => opened.close()).catch(() => undefined);
    await stopOwn();
  }
}

async function driveWithProgress(
  { accounts, seed, url }: DemoOptions,
  tape: CappedTape,
  platform: Promise<Client>,
): Promise<Run> {
  const progress = new Progress(process.stdout);
  try {
    return await drive({
      platform,
      tape,
      accounts,
      seed,
      // A platform that goes on keeps what an earlier run left.
      ...(url === undefined ? {} : { prefix: `demo${seed}-${Date.now().toString(36)}` }),
      onProgress: (text) => progress.show(text),
    });
  } finally {
    progress.clear();
  }
}

function headLines({ keep, url, tapeFile }: DemoOptions, run: Run, tape: CappedTape, at: string): string[] {
  const { trades } = run.workload.counts;
  const cut = tape.isCut
    ? ` (the first ones: --trades takes another number, "--trades all" the whole tape)`
    : '';
  const skipped =
    tape.tape.skipped > 0 ? `, ${plural(tape.tape.skipped, 'row')} without price or size left out` : '';
  const state =
    url === undefined ? `, its state ${keep ? 'kept' : 'removed at the end (--keep keeps it)'}` : '';
  return [
    'Folio: real trades through the whole platform, checked against independent books',
    `  tape       ${tape.tape.name}: ${plural(trades, 'trade')}${tapeFile === undefined ? '' : cut}${skipped}`,
    `  workload   ${run.workload.describe()}`,
    `  platform   ${at}${state}`,
  ];
}

function printLog(own: OwnPlatform | undefined): void {
  const lines = own?.log().trim().split('\n').slice(-LOG_LINES_SHOWN) ?? [];
  if (lines.join('') !== '')
    print(['', 'The end of the platform’s log', ...lines.map((line) => `  ${line}`)]);
}

/** Errors whose message says all there is to say. */
function isExplained(error: unknown): error is Error {
  return [TapeError, InvoiceError, PlatformError, FolioProblem, FolioUnreachable].some(
    (kind) => error instanceof kind,
  );
}

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options !== 'help') return 'limit' in options ? await runOrders(options) : await demo(options);
    console.log(HELP);
    return 0;
  } catch (error) {
    if (error instanceof UsageError)
      console.error(`demo: ${error.message}\nnpm run demo -- --help shows all options.`);
    else if (isExplained(error)) console.error(`demo: ${error.message}`);
    else console.error(error);
    return 1;
  }
}

process.exit(await main());
