/** `npm run archive -- sign`: archives what waits and has a checkpoint signed. */

import { countText } from '../lines.ts';
import type { ArchiveClient, Checkpoint } from './client.ts';

/** Answers the exit code. */
export async function sign(client: ArchiveClient): Promise<number> {
  const reply = await client.json<{ segments: number; events: number; signed: Checkpoint | null }>(
    '/v1/audit/checkpoints',
    { method: 'POST' },
  );
  const archived = `${countText(reply.events)} events archived in ${countText(reply.segments)} segments`;
  if (reply.signed === null) {
    console.log(`${archived}; there is no checkpoint`);
    return 1;
  }
  const { sequence, manifests, events } = reply.signed.checkpoint;
  console.log(
    `${archived}; checkpoint ${sequence}: ${countText(manifests)} manifests, ${countText(events)} events`,
  );
  return 0;
}
