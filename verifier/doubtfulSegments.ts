/**
 * Segments that are not what a signed manifest says. Their bytes may be anybody's, and a reader that is given such can run in
 * circles or ask for all memory there is: they are looked at in a thread of its own that has to be done in time.
 */
import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Position } from './heads.ts';
import type { Manifest } from './manifest.ts';
import type { SegmentReport } from './segment.ts';

/** Memory of the thread, in megabytes: many times that of any segment. */
const MEMORY_MB = 512;

/** What the thread is asked. */
export interface Question {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
  /** The event before each head's first. */
  readonly before: readonly Position[];
}

/** The thread, kept for the next question unless the last one was too much for it. */
let thread: Worker | undefined;

/** The same as `checkSegment`, for bytes that nobody vouches for, within `patienceMs`. */
export async function checkDoubtful(
  manifest: Manifest,
  bytes: Uint8Array,
  before: readonly Position[],
  patienceMs: number,
): Promise<SegmentReport> {
  thread ??= await startThread();
  const worker = thread;
  worker.postMessage({ manifest, bytes: new Uint8Array(bytes), before } satisfies Question);
  try {
    const [report] = await once(worker, 'message', { signal: AbortSignal.timeout(patienceMs) });
    return report as SegmentReport;
  } catch {
    thread = undefined;
    await worker.terminate();
    const detail = 'its bytes were altered so that its rows cannot be read at all';
    return {
      events: 0,
      recordedAt: [],
      findings: [{ kind: 'unreadable_object', object: manifest.segment.key, detail }],
    };
  }
}

async function startThread(): Promise<Worker> {
  const worker = new Worker(path.join(import.meta.dirname, 'segmentThread.ts'), {
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  });
  await once(worker, 'online');
  // Whoever has nothing left to do may end, thread or not.
  worker.unref();
  return worker;
}
