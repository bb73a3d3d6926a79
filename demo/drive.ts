/** The run itself: prepare the commands, send them, wait for the views, look at everything. */
import { setImmediate as macrotask } from 'node:timers/promises';
import { plural } from '../verifier/counts.ts';
import type { CappedTape } from './cappedTape.ts';
import type { Client } from './client.ts';
import { Expectations } from './expectations.ts';
import { count, duration } from './figures.ts';
import { type CatchUp, LagProbe, waitForViews } from './lag.ts';
import { type Observation, observe } from './observation.ts';
import { Sender } from './sender.ts';
import { Workload } from './workload.ts';

/** Commands in a batch: with the accounts of a lane, some 80 for each actor, which commits them together. */
export const BATCH_SIZE = 1_000;

/**
 * Commands prepared ahead of sending. Up to here the books are ready before the first command leaves, and the platform
 * is measured alone; above it the books work beside it, and memory stays bounded.
 */
const AHEAD_MAX = 200_000;

/** What to drive, and with what. */
export interface DriveOptions {
  /** The platform, once it has started. */
  readonly platform: Promise<Client>;
  readonly tape: CappedTape;
  readonly accounts: number;
  readonly seed: number;
  /** Begins every id, on a platform that may have had this run before. */
  readonly prefix?: string;
  readonly onProgress: (text: string) => void;
}

/** A run, to be checked and reported. */
export interface Run {
  readonly workload: Workload;
  readonly expectations: Expectations;
  readonly sender: Sender;
  /** Milliseconds that the books took before sending began. */
  readonly preparedMs: number;
  /** Whether the books had to go on while commands were sent. */
  readonly preparedAhead: boolean;
  /** Milliseconds from commit to portfolio, sampled while commands ran. */
  readonly lag: readonly number[];
  readonly catchUp: CatchUp;
  readonly observation: Observation;
  /** Milliseconds of looking at everything. */
  readonly observedMs: number;
}

/** Runs it. Rejects where the tape or the platform fails; wrong answers are for the checks. */
export async function drive(options: DriveOptions): Promise<Run> {
  const { accounts, seed, prefix, onProgress } = options;
  const workload = new Workload({
    seed,
    accounts,
    batchSize: BATCH_SIZE,
    ...(prefix === undefined ? {} : { prefix }),
  });
  const expectations = new Expectations(workload.books);
  const probe = new LagProbe();
  const versions = new Map<string, number>();
  const sender = new Sender(BATCH_SIZE, (accountId, version) => {
    versions.set(accountId, version);
    probe.committed(accountId, version);
    onProgress(sendingText(sender, probe));
  });
  const prepared = await prepare(options, workload, expectations, sender, probe);
  const client = await options.platform;
  probe.start(client);
  await sender.finish(client);
  const lastCommandAt = performance.now();
  const waited = await waitForViews(client, versions, (behind) =>
    onProgress(`all commands answered; views ${plural(behind, 'event')} behind`),
  );
  const catchUp = { ...waited, ms: performance.now() - lastCommandAt };
  await probe.stop();
  const observingFrom = performance.now();
  const observation = await observe(client, expectations, { wholeFeed: prefix === undefined, onProgress });
  return {
    workload,
    expectations,
    sender,
    ...prepared,
    lag: probe.samples,
    catchUp,
    observation,
    observedMs: performance.now() - observingFrom,
  };
}

/** Works out every command and its outcome; starts sending before the end only where there are too many to keep. */
async function prepare(
  { platform, tape, onProgress }: DriveOptions,
  workload: Workload,
  expectations: Expectations,
  sender: Sender,
  probe: LagProbe,
): Promise<Pick<Run, 'preparedMs' | 'preparedAhead'>> {
  // Awaited when the commands are ready; a failure until then must not count as unhandled.
  platform.catch(() => undefined);
  const started = performance.now();
  let preparedMs: number | undefined;
  for await (const batch of workload.batches(tape)) {
    for (const expected of batch) {
      expectations.add(expected);
      sender.add(expected);
    }
    if (sender.waiting > AHEAD_MAX) {
      preparedMs ??= performance.now() - started;
      const client = await platform;
      probe.start(client);
      await sender.room(client, AHEAD_MAX);
    } else if (preparedMs === undefined) {
      onProgress(`working out the books: ${count(expectations.commands)} commands`);
    }
    // The generator of a tape never waits for anything: signals and the platform's answers need their turn.
    await macrotask();
  }
  return { preparedMs: preparedMs ?? performance.now() - started, preparedAhead: preparedMs === undefined };
}

function sendingText(sender: Sender, probe: LagProbe): string {
  const { answered, faults } = sender.outcomes;
  const lag = probe.samples.at(-1);
  const views = lag === undefined ? '' : `; views ${duration(lag)} behind`;
  return `${plural(answered + faults, 'command')} answered, ${count(sender.unanswered)} to go${views}`;
}
