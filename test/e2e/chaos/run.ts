/** Kills the server again and again while clients use it, and then looks at what is left. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../../demo/client.ts';
import { duration } from '../../../demo/figures.ts';
import type { CatchUp } from '../../../demo/lag.ts';
import { type Random, seededRandom } from '../../../demo/random.ts';
import { readOrMakeToken } from '../../../local/stateFolder.ts';
import { Clients } from './clients.ts';
import { CommandSource } from './commands.ts';
import { Ledger } from './ledger.ts';
import { type Runtime, ServeProcess } from './server.ts';
import { type Findings, verify } from './verify.ts';
import { waitForFeed } from './waitForFeed.ts';

/** A server that is ready is killed after this long. */
const ALIVE_MS_MIN = 300;
const ALIVE_MS_MAX = 5_000;

/** Part of the kills that come while the server is still starting, and how long after its start. */
const KILL_STARTING_SHARE = 0.2;
const STARTING_MS_MAX = 4_000;

/** Part of the other kills that hit one runtime alone: one that has objects, or that of databases and buckets. */
const KILL_RUNTIME_SHARE = 0.2;
const KILL_STORAGE_SHARE = 0.2;

/** Where the objects are in shards, more kills hit a runtime of theirs alone, and this part of them another than the first. */
const KILL_SHARD_RUNTIME_SHARE = 0.5;
const KILL_OTHER_SHARD_SHARE = 0.5;

/** The sweeper runs when the server is ready and at every minute: what two runs have not repaired stays broken. */
const VIEWS_MS_MAX = 130_000;

/** What to do. */
export interface ChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly clients: number;
  /** Runtimes that the objects are spread over. */
  readonly shards: number;
  readonly onProgress: (text: string) => void;
}

/** What was done and found. */
export interface ChaosResult extends Findings {
  /** How the views came by themselves, after the last restart, to what had been acknowledged before. */
  readonly recovery: CatchUp;
  /** How long everything else that was sent took to be answered then. */
  readonly answeredMs: number;
  readonly commands: number;
  readonly acknowledged: number;
  readonly unanswered: number;
  readonly repeats: number;
}

/** Runs it, on a state folder that is removed at the end. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, clients: count, shards, onProgress } = options;
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'folio-chaos-'));
  const server = await ServeProcess.on(folder, shards);
  // The server of this folder will take the token that it finds.
  const client = new Client(server.url, readOrMakeToken(join(folder, 'dev-token')));
  const ledger = new Ledger();
  const source = await CommandSource.open(seed, random);
  try {
    server.start();
    const clients = new Clients({ client, source, ledger, random }, count);
    await killAgainAndAgain(server, clients, ledger, options);
    await server.ready();
    const recovery = await waitForFeed(client, ledger.versions(), VIEWS_MS_MAX);
    onProgress(`the views have what was acknowledged, ${duration(recovery.ms)} after the last restart`);
    const heldUntil = performance.now();
    await clients.finish();
    const answeredMs = performance.now() - heldUntil;
    onProgress(`everything is answered; ${ledger.entries.size} commands are being checked`);
    const findings = await verify(client, ledger, source.accountIds, VIEWS_MS_MAX);
    const lacking = `the views lack ${recovery.eventsBehind} acknowledged events while nobody wakes their accounts`;
    const faults = recovery.eventsBehind === 0 ? findings.faults : [lacking, ...findings.faults];
    const { unanswered, repeats } = ledger;
    const acknowledged = ledger.acknowledged.length;
    return {
      ...findings,
      faults,
      recovery,
      answeredMs,
      commands: ledger.entries.size,
      acknowledged,
      unanswered,
      repeats,
    };
  } finally {
    client.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where a kill hits: in mid-load, a server that is still starting, or in mid-load one runtime alone. */
type Kind = 'everything' | 'everything while starting' | Runtime;

/** Leaves a server that was just started, and was killed `kills` times before. */
async function killAgainAndAgain(
  server: ServeProcess,
  clients: Clients,
  ledger: Ledger,
  { kills, seed, shards, onProgress }: ChaosOptions,
): Promise<void> {
  // Its own sequence, so that the moments are those of the seed, however many commands are drawn meanwhile.
  const random = seededRandom(seed + 1);
  for (let kill = 1; kill <= kills; kill++) {
    // The first server has to come up once, and the last one is to find what a killed one left.
    const kind = kill === 1 || kill === kills ? 'everything' : kindOf(random, shards);
    const isStarting = kind === 'everything while starting';
    const pause = isStarting
      ? random.integer(STARTING_MS_MAX)
      : ALIVE_MS_MIN + random.integer(ALIVE_MS_MAX - ALIVE_MS_MIN);
    if (!isStarting) await server.ready();
    const before = ledger.acknowledged.length;
    await sleep(pause);
    // What the last one leaves undone must be found without any help: no command wakes an account.
    if (kill === kills) clients.hold();
    if (kind === 'everything' || isStarting) {
      await server.kill();
      server.start();
    } else server.killRuntime(kind as Runtime);
    const { length } = ledger.acknowledged;
    const when = `${duration(pause)} after ${isStarting ? 'its start' : 'it was ready'}`;
    onProgress(
      `kill ${kill} of ${kills}: ${namesOf(kind)}, ${when}; ${length - before} commands acknowledged, ${length} in all`,
    );
  }
}

function kindOf(random: Random, shards: number): Kind {
  if (random.chance(KILL_STARTING_SHARE)) return 'everything while starting';
  if (random.chance(shards > 1 ? KILL_SHARD_RUNTIME_SHARE : KILL_RUNTIME_SHARE)) {
    return shards > 1 && random.chance(KILL_OTHER_SHARD_SHARE) ? 'another shard' : 'objects';
  }
  return random.chance(KILL_STORAGE_SHARE) ? 'storage' : 'everything';
}

function namesOf(kind: Kind): string {
  return kind.startsWith('everything') ? kind : `${kind === 'another shard' ? '' : 'the '}${kind} alone`;
}
