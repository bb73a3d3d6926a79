/** How far the views are behind what the platform has acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, PlatformError, quote } from './client.ts';
import { forEachOf } from './concurrency.ts';

/** Samples taken at a time while commands run: few requests beside the thousands that are measured. */
const PROBES = 1;

/** Interval at which a sample looks whether the views have arrived. */
const PROBE_POLL_MS = 50;

/** Pause between two samples. */
const PROBE_PAUSE_MS = 100;

/** Interval at which all accounts are looked at once the commands are through. */
const CATCH_UP_POLL_MS = 100;

/** Views that are still behind after this long: two runs of the sweeper have passed, so nothing will bring them. */
const CATCH_UP_MS_MAX = 150_000;

/** Accounts asked at a time. */
const CONCURRENCY = 16;

/** How far the portfolio view has applied the account; 0 where it has not heard of it. */
async function viewVersion(client: Client, accountId: string): Promise<number> {
  const path = `/v1/accounts/${accountId}/portfolio`;
  // An answer that is kept says how far the view was, not how far it is.
  const reply = await client.send({ method: 'GET', path, headers: { 'Cache-Control': 'no-cache' } });
  if (reply.status !== 200) throw new PlatformError(`GET ${path} answered ${quote(reply)}`);
  return Number(reply.headers['x-view-version'] ?? 0);
}

/** A commit that a sample may follow. */
interface Committed {
  readonly accountId: string;
  readonly version: number;
  readonly at: number;
}

/** Samples the lag while commands run: how long after its answer a commit shows in the portfolio. */
export class LagProbe {
  /** Milliseconds, in the order in which the samples ended. */
  readonly samples: number[] = [];
  #newest: Committed | undefined;
  #probes: Promise<unknown> | undefined;
  #stopped = false;

  /** Tells of a commit; samples follow the newest one they hear of. */
  committed(accountId: string, version: number): void {
    this.#newest = { accountId, version, at: performance.now() };
  }

  /** Starts sampling; calling it again changes nothing. */
  start(client: Client): void {
    if (this.#probes !== undefined) return;
    this.#probes = Promise.all(Array.from({ length: PROBES }, () => this.#probe(client)));
    // `stop` reports a failure.
    this.#probes.catch(() => undefined);
  }

  /** Ends the sampling once the samples under way have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#probes;
  }

  async #probe(client: Client): Promise<void> {
    for (; !this.#stopped; await sleep(PROBE_PAUSE_MS)) {
      const target = this.#newest;
      this.#newest = undefined;
      if (target !== undefined) await this.#follow(client, target);
    }
  }

  async #follow(client: Client, { accountId, version, at }: Committed): Promise<void> {
    while (performance.now() - at < CATCH_UP_MS_MAX) {
      if ((await viewVersion(client, accountId)) >= version) break;
      await sleep(PROBE_POLL_MS);
    }
    this.samples.push(performance.now() - at);
  }
}

/** How the wait for the views ended. */
export interface CatchUp {
  /** Milliseconds until they had everything, or until the wait was given up. */
  readonly ms: number;
  /** Events that they still lack. */
  readonly eventsBehind: number;
}

/**
 * Waits until the portfolio view has every account's `versions`. `onLook` is told how many events are missing. Gives up
 * after {@link CATCH_UP_MS_MAX}, or `msMax`.
 */
export async function waitForViews(
  client: Client,
  versions: ReadonlyMap<string, number>,
  onLook: (eventsBehind: number) => void,
  msMax: number = CATCH_UP_MS_MAX,
): Promise<CatchUp> {
  const started = performance.now();
  const missing = new Map(versions);
  for (;;) {
    let eventsBehind = 0;
    await forEachOf([...missing.keys()], CONCURRENCY, async (accountId) => {
      const lacks = (missing.get(accountId) ?? 0) - (await viewVersion(client, accountId));
      if (lacks <= 0) missing.delete(accountId);
      else eventsBehind += lacks;
    });
    const ms = performance.now() - started;
    onLook(eventsBehind);
    if (eventsBehind === 0 || ms > msMax) return { ms, eventsBehind };
    await sleep(CATCH_UP_POLL_MS);
  }
}
