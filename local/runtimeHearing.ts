/**
 * A runtime that somebody else told to end (a supervisor that frees memory, a mistaken `kill`) accepts nothing any more, and ends only when all
 * who are connected have gone: with a socket, or other shards, maybe never.
 */
import { connect } from 'node:net';
import { DEFAULT_HOST } from './types.ts';

/** Interval between two looks at whether a runtime still accepts. */
const LOOK_MS = 2_000;

/** Looks in a row at which it does not: together longer than requests in flight get at an orderly end. */
const DEAF_LOOKS = 3;

/** As much of a running runtime as is looked at. */
export interface Heard {
  /** Process id, while it runs. */
  pid(): number | undefined;
  /** Ends it at once. */
  kill(): void;
}

/**
 * Ends a runtime that refuses connections to a port though it has accepted them before, until what it gives is called. Only what the
 * system itself refuses counts: who is merely busy, or still starting, is left alone.
 */
export function endWhenDeaf(port: number, runtime: Heard, lookMs = LOOK_MS): () => void {
  let heard: number | undefined;
  let refusals = 0;
  const look = async () => {
    const pid = runtime.pid();
    const answer = await knock(port);
    if (answer === 'accepted') heard = pid;
    const isDeaf = answer === 'refused' && pid !== undefined && pid === heard && pid === runtime.pid();
    refusals = isDeaf ? refusals + 1 : 0;
    if (refusals < DEAF_LOOKS) return;
    heard = undefined;
    runtime.kill();
  };
  const timer = setInterval(() => void look(), lookMs).unref();
  return () => clearInterval(timer);
}

function knock(port: number): Promise<'accepted' | 'refused' | 'unknown'> {
  return new Promise((resolve) => {
    const socket = connect(port, DEFAULT_HOST);
    socket.once('connect', () => {
      socket.destroy();
      resolve('accepted');
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'ECONNREFUSED' ? 'refused' : 'unknown'),
    );
  });
}
