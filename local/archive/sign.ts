/** `npm run archive -- sign`: archives what waits and has a checkpoint signed. */

import type { Unsigned } from '../../queues/archive/notary.ts';
import { plural } from '../../verifier/counts.ts';
import type { ArchiveClient, Checkpoint } from './client.ts';

interface Reply {
  readonly segments: number;
  readonly events: number;
  readonly signed: Checkpoint | null;
  /** Absent where the platform is of an older release, which does not say. */
  readonly unsigned?: Unsigned | null;
}

const REASONS: Readonly<Record<Unsigned, string>> = {
  no_notary_key: 'there is no notary key',
  replaced_notary_key: 'another key has taken over from the first one of NOTARY_KEYS',
  broken_archive: 'the archive is broken, as the log says',
  manifests_unread: 'manifests are still to be read: run it again',
};

/** Answers the exit code: 1 where something is not signed. */
export async function sign(client: ArchiveClient): Promise<number> {
  const reply = await client.json<Reply>('/v1/audit/checkpoints', { method: 'POST' });
  const archived = `${plural(reply.events, 'event')} archived in ${plural(reply.segments, 'segment')}`;
  const unsigned = reply.unsigned ?? null;
  if (unsigned !== null) {
    // A newer release may have reasons that this one has no words for.
    console.log(`${archived}; not signed: ${REASONS[unsigned] ?? unsigned}`);
    return 1;
  }
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
