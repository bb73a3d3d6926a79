/** `npm run archive -- sign`: archives what waits and has a checkpoint signed. */
import type { ArchiveClient, Checkpoint } from './client.ts';

const number = (value: number) => value.toLocaleString('en-US');

/** Answers the exit code. */
export async function sign(client: ArchiveClient): Promise<number> {
  const reply = await client.json<{ segments: number; events: number; signed: Checkpoint | null }>(
    '/v1/audit/checkpoints',
    { method: 'POST' },
  );
  const archived = `${number(reply.events)} events archived in ${number(reply.segments)} segments`;
  if (reply.signed === null) {
    console.log(`${archived}; there is no checkpoint`);
    return 1;
  }
  const { sequence, manifests, events } = reply.signed.checkpoint;
  console.log(
    `${archived}; checkpoint ${sequence}: ${number(manifests)} manifests, ${number(events)} events`,
  );
  return 0;
}
