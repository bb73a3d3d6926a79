/** How far the views of a server are behind what it has accepted. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from './servers/server.ts';
import { accountId } from './workload/commands.ts';

/** Interval between two looks at the views. */
const POLL_MS = 50;

/** Views that have not caught up after this long will not. */
const CATCH_UP_MS_MAX = 300_000;

/** Waits until the views have every event of the first `accounts` accounts; answers the milliseconds that took. */
export async function viewsCaughtUp(server: Server, accounts: number): Promise<number> {
  const started = performance.now();
  const heads = await logHeads(server, accounts);
  while (performance.now() - started < CATCH_UP_MS_MAX) {
    if (behind(heads, await viewVersions(server)) === 0) return performance.now() - started;
    await sleep(POLL_MS);
  }
  throw new Error(`the views did not catch up within ${CATCH_UP_MS_MAX / 1_000} s; see ${server.logFile}`);
}

/** Newest version of each of the first `accounts` accounts, by id. */
export async function logHeads(server: Server, accounts: number): Promise<Map<string, number>> {
  const ids = Array.from({ length: accounts }, (_, index) => accountId(index));
  return new Map(
    await Promise.all(ids.map(async (id) => [id, await server.ask<number>(`head/${id}`)] as const)),
  );
}

/** Version of each account in the view that is furthest behind. */
export async function viewVersions(server: Server): Promise<Map<string, number>> {
  return new Map(Object.entries(await server.ask<Record<string, number>>('views')));
}

/** Events that the views lack. */
export function behind(heads: ReadonlyMap<string, number>, views: ReadonlyMap<string, number>): number {
  let events = 0;
  for (const [id, head] of heads) events += head - (views.get(id) ?? 0);
  return events;
}
