/**
 * Notices connections that have died without a word: a network that was left, a machine that slept. Nothing tells of them, and
 * what waits on one would wait for ever. The platform answers `ping` with `pong` without waking anything.
 */

/** Milliseconds between two looks. After one without a word there is a ping, after the next without one the connection is dead. */
export const BEAT_MS = 15_000;

export class Heartbeat {
  #timer: ReturnType<typeof setInterval> | undefined;
  #isHeard = false;
  #isAsked = false;

  /** Watches a new connection; the one before is watched no more. */
  start(ping: () => void, dead: () => void): void {
    this.stop();
    this.heard();
    this.#timer = setInterval(() => {
      if (this.#isHeard) this.#isHeard = false;
      else if (this.#isAsked) dead();
      else {
        this.#isAsked = true;
        ping();
      }
    }, BEAT_MS);
  }

  /** Something came. */
  heard(): void {
    this.#isHeard = true;
    this.#isAsked = false;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
