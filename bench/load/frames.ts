/** Drives frames of commands over sockets: as many as the server answers, or at a given rate. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../servers/server.ts';
import { type LoadResult, Meter } from './loops.ts';
import { nextStamp, STAMP } from './requests.ts';
import { type Frame, LoadSocket } from './socket.ts';

/** Timers have a resolution of a millisecond: what is due within it goes out together. */
const TICK_MS = 1;

/** How long the last answers are waited for. */
const LAST_ANSWER_MS = 30_000;

/** A load of frames. */
export interface FrameLoad {
  readonly texts: readonly string[];
  /** Commands of a frame. */
  readonly size: number;
  readonly sockets: number;
  /** Frames on their way over one socket at most. */
  readonly depth: number;
  /** Frames a second over all sockets; absent: as many as are answered. */
  readonly framesPerSecond?: number;
}

/** One socket with the times at which its unanswered frames were due, oldest first: results come in that order. */
interface Lane {
  readonly socket: LoadSocket;
  readonly due: number[];
}

/** Runs the load for some seconds, then waits for the last answer. Throws where a command is not accepted. */
export async function frameLoop(server: Server, load: FrameLoad, seconds: number): Promise<LoadResult> {
  const meter = new Meter();
  const lanes: Lane[] = [];
  let failure: Error | undefined;
  for (let index = 0; index < load.sockets; index++) {
    const due: number[] = [];
    const onFrame = (frame: Frame) => {
      if (frame.type !== 'results') return;
      if (frame.accepted !== load.size)
        failure ??= new Error(`not all accepted: ${JSON.stringify(frame).slice(0, 300)}`);
      meter.count(due.shift() ?? 0, load.size);
    };
    lanes.push({ socket: await LoadSocket.open(server, onFrame), due });
  }
  const feeder = new Feeder(lanes, load);
  const start = performance.now();
  for (let now = start; now < start + seconds * 1_000 && failure === undefined; now = performance.now()) {
    feeder.feed(now - start, start);
    await sleep(TICK_MS);
  }
  const end = performance.now() + LAST_ANSWER_MS;
  while (lanes.some(({ due }) => due.length > 0) && performance.now() < end && failure === undefined)
    await sleep(TICK_MS);
  for (const { socket } of lanes) socket.close();
  if (failure !== undefined) throw failure;
  const offered = Math.round(seconds * (load.framesPerSecond ?? 0));
  return { ...meter.result(), unsent: Math.max(0, offered - feeder.sent) };
}

class Feeder {
  sent = 0;
  readonly #lanes: readonly Lane[];
  readonly #load: FrameLoad;

  constructor(lanes: readonly Lane[], load: FrameLoad) {
    this.#lanes = lanes;
    this.#load = load;
  }

  /** Sends what is due after some milliseconds, as far as the sockets have room. */
  feed(elapsed: number, start: number): void {
    const { framesPerSecond, depth } = this.#load;
    const due =
      framesPerSecond === undefined ? Number.POSITIVE_INFINITY : (elapsed * framesPerSecond) / 1_000;
    while (this.sent < due) {
      const lane = this.#lanes[this.sent % this.#lanes.length] as Lane;
      // Lanes are served in turn, so that a full one means that all are busy.
      if (lane.due.length >= depth) return;
      const dueAt =
        framesPerSecond === undefined ? performance.now() : start + (this.sent * 1_000) / framesPerSecond;
      lane.due.push(dueAt);
      lane.socket.send(this.#text());
    }
  }

  #text(): string {
    const { texts } = this.#load;
    const text = texts[this.sent++ % texts.length] as string;
    return text.replaceAll(STAMP, nextStamp());
  }
}
