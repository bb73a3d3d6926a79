/** The thread of `checkDoubtful`: answers each question with what is wrong with its segment. */
import { parentPort } from 'node:worker_threads';
import type { Question } from './doubtfulSegments.ts';
import { checkSegment } from './segment.ts';

parentPort?.on('message', ({ manifest, bytes, before }: Question) => {
  void checkSegment(manifest, bytes, before).then((report) => parentPort?.postMessage(report));
});
