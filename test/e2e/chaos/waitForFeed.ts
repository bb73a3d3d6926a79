/** Waiting for the views without touching an actor: the feed is read from the view databases alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Envelope, PAGE } from '../../../demo/api.ts';
import type { Client } from '../../../demo/client.ts';
import type { CatchUp } from '../../../demo/lag.ts';

/** Between two looks at an end of the feed. */
const POLL_MS = 200;

/** Follows the feed until it has every account's `versions`, or for so long. */
export async function waitForFeed(
  client: Client,
  versions: ReadonlyMap<string, number>,
  msMax: number,
): Promise<CatchUp> {
  const started = performance.now();
  const seen = new Map<string, number>();
  for (let after = ''; ; ) {
    const page = await client.json<{ events: Envelope[]; next: string }>(
      `/v1/events?limit=${PAGE}${after === '' ? '' : `&after=${after}`}`,
    );
    after = page.next;
    for (const { aggregateId, version } of page.events) seen.set(aggregateId, version);
    let eventsBehind = 0;
    for (const [id, version] of versions) eventsBehind += Math.max(0, version - (seen.get(id) ?? 0));
    const ms = performance.now() - started;
    if (eventsBehind === 0 || ms > msMax) return { ms, eventsBehind };
    if (page.events.length === 0) await sleep(POLL_MS);
  }
}
