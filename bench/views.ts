/** How far the views of a server are behind what it has accepted, and making them anew. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BENCH_TOKEN } from './load/token.ts';
import type { Server } from './servers/server.ts';
import { accountId } from './workload/commands.ts';

/** Interval between two looks at the views. */
const POLL_MS = 50;

/** Views that have not caught up after this long will not. */
const CATCH_UP_MS_MAX = 300_000;

/** Waits until the views have every event of the first `accounts` accounts; answers the milliseconds that took. */
export async function viewsCaughtUp(server: Server, accounts: number): Promise<number> {
  return await caughtUp(server, await logHeads(server, accounts));
}

/** Waits until the views stand at these versions or after; answers the milliseconds that took. */
export async function caughtUp(server: Server, heads: ReadonlyMap<string, number>): Promise<number> {
  const started = performance.now();
  while (performance.now() - started < CATCH_UP_MS_MAX) {
    if (behind(heads, await viewVersions(server)) === 0) return performance.now() - started;
    await sleep(POLL_MS);
  }
  throw new Error(`the views did not catch up within ${CATCH_UP_MS_MAX / 1_000} s; see ${server.logFile}`);
}

/** Rebuilds every view and waits for the end of it; answers how many events it has applied. */
export async function rebuildViews(server: Server): Promise<number> {
  for (;;) {
    const response = await fetch(`${server.url}/v1/views/rebuild`, {
      method: 'POST',
      headers: { authorization: `Bearer ${BENCH_TOKEN}` },
    });
    const text = await response.text();
    if (response.status === 202) continue;
    const { status, eventsApplied } = JSON.parse(text) as { status?: string; eventsApplied?: number };
    if (response.status === 200 && status === 'SWITCHED') return Number(eventsApplied);
    throw new Error(`the rebuild answered ${response.status} ${text.slice(0, 500)}`);
  }
}

/** Newest version of each of the first `accounts` accounts, by id. */
async function logHeads(server: Server, accounts: number): Promise<Map<string, number>> {
  const ids = Array.from({ length: accounts }, (_, index) => accountId(index));
  return new Map(
    await Promise.all(ids.map(async (id) => [id, await server.ask<number>(`bench/head/${id}`)] as const)),
  );
}

/** Version of each account in the view that is furthest behind; of the baseline the row that its table has. */
async function viewVersions(server: Server): Promise<Map<string, number>> {
  const route = server.kind === 'baseline' ? 'positions' : 'bench/views';
  return new Map(Object.entries(await server.ask<Record<string, number>>(route)));
}

/** Events that the views lack. */
function behind(heads: ReadonlyMap<string, number>, views: ReadonlyMap<string, number>): number {
  let events = 0;
  for (const [id, head] of heads) events += Math.max(0, head - (views.get(id) ?? 0));
  return events;
}

/** An answered batch that is not yet known to be visible. */
interface Invisible {
  readonly version: number;
  readonly answeredAt: number;
}

/**
 * Watches how long batches take from their answer, which leaves right after their commit, until every view has them. A
 * batch is seen at the first look that finds it, so each delay is too long by up to an interval and the look itself.
 */
export class ViewWatch {
  /** Milliseconds from answer to visibility, of every batch. */
  readonly delays: number[] = [];
  /** Most events by which the views were behind at any look. */
  mostBehind = 0;
  readonly heads = new Map<string, number>();
  readonly #server: Server;
  readonly #invisible = new Map<string, Invisible[]>();
  #watching: Promise<void> | undefined;
  #ended = false;

  constructor(server: Server) {
    this.#server = server;
  }

  /** To be called with every answer of a batch for one account. */
  answered(account: string, reply: string, commands: number): void {
    // The baseline names its last row, the product the version of the first command.
    const last = /"last":(\d+)/.exec(reply)?.[1];
    const first = /"version":(\d+)/.exec(reply)?.[1];
    const version = last === undefined ? Number(first) + commands - 1 : Number(last);
    if (!Number.isSafeInteger(version)) throw new Error(`an answer without a version: ${reply}`);
    this.heads.set(account, Math.max(version, this.heads.get(account) ?? 0));
    const waiting = this.#invisible.get(account) ?? [];
    waiting.push({ version, answeredAt: performance.now() });
    this.#invisible.set(account, waiting);
  }

  start(): void {
    this.#watching = this.#watch();
  }

  /** Goes on watching until everything is visible; answers the milliseconds that took. */
  async finish(): Promise<number> {
    const took = await caughtUp(this.#server, this.heads);
    this.#ended = true;
    await this.#watching;
    return took;
  }

  async #watch(): Promise<void> {
    for (let last = false; !last; await sleep(POLL_MS)) {
      // One look more after the end, for what was seen by then only by `finish`.
      last = this.#ended;
      const versions = await viewVersions(this.#server);
      this.mostBehind = Math.max(this.mostBehind, behind(this.heads, versions));
      this.#see(versions, performance.now());
    }
  }

  #see(versions: ReadonlyMap<string, number>, now: number): void {
    for (const [account, waiting] of this.#invisible) {
      const version = versions.get(account) ?? 0;
      const still = waiting.filter((batch) => batch.version > version);
      for (const batch of waiting) if (batch.version <= version) this.delays.push(now - batch.answeredAt);
      this.#invisible.set(account, still);
    }
  }
}
