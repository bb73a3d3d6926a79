/** `npm run archive -- sign`: archives what waits and has a checkpoint signed. */

import { plural } from '../../verifier/counts.ts';
import type { ArchiveClient, Checkpoint } from './client.ts';

/** Answers the exit code. */
export async function sign(client: ArchiveClient): Promise<number> {
  const reply = await client.json<{ segments: number; events: number; signed: Checkpoint | null }>(
    '/v1/audit/checkpoints',
    { method: 'POST' },
  );
  const archived = `${plural(reply.events, 'event')} archived in ${plural(reply.segments, 'segment')}`;
  if (reply.signed === null) {
    console.log(`${archived}; there is no checkpoint`);
    return 1;
  }
  const { sequence, manifests, events } = reply.signed.checkpoint;
  console.log(
    `${archived}; checkpoint ${sequence}: ${plural(manifests, 'manifest')}, ${plural(events, 'event')}`,
  );
  return 0;
}
