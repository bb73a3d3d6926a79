/**
 * Commands on their way over a stream: gathered into frames, sent without waiting for each other, and sent again under their
 * own ids after a break. Their order is kept, so that those of one aggregate run in the order in which they were given.
 */
import { FolioProblem } from './errors.ts';
import type { Command, ServerFrame, StreamLimits } from './frames.ts';
import type { BatchResult } from './generated/api.ts';

/** Commands of a frame at most: enough to share a frame's costs, few enough that the first result comes soon. */
const FRAME_COMMANDS = 500;

/** Bytes that a frame needs around its commands. */
const FRAME_MARGIN_BYTES = 1_000;

/** A character, as JavaScript counts them, takes that many bytes at most. */
const CHARACTER_BYTES = 3;

const encoder = new TextEncoder();

interface Waiting {
  readonly text: string;
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (error: Error) => void;
}

/** Frames that were sent and have no results yet, by their ids and in the order in which they were sent. */
type Unanswered = Map<string, readonly Waiting[]>;

export class CommandPipeline {
  readonly #sendText: (text: string) => void;
  readonly #nextId: () => string;
  readonly #unanswered: Unanswered = new Map();
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #limits: StreamLimits | undefined;
  #isScheduled = false;

  /** `sendText` sends a frame now; it is only called between {@link connected} and {@link broken}. */
  constructor(sendText: (text: string) => void, nextId: () => string) {
    this.#sendText = sendText;
    this.#nextId = nextId;
  }

  /** What became of a command, once it is durable. */
  add(command: Command): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text: JSON.stringify(command), resolve, reject });
      this.#flushSoon();
    });
  }

  /** A connection is there: what has no result yet goes out again, then what came meanwhile. */
  connected(limits: StreamLimits): void {
    this.#limits = limits;
    const again = [...this.#unanswered.values()].flat();
    this.#unanswered.clear();
    this.#inFlight = 0;
    this.#waiting = [...again, ...this.#waiting];
    this.#flush();
  }

  /** The connection is gone. */
  broken(): void {
    this.#limits = undefined;
  }

  /** Gives every command its result. */
  answered({ id, results }: Extract<ServerFrame, { type: 'results' }>): void {
    for (const [index, waiting] of this.#taken(id).entries()) waiting.resolve(results[index] as BatchResult);
    this.#flush();
  }

  /** A frame was refused as a whole; false where the id is none of a frame of commands. */
  refused(id: string, problem: FolioProblem): boolean {
    if (!this.#unanswered.has(id)) return false;
    for (const waiting of this.#taken(id)) waiting.reject(problem);
    this.#flush();
    return true;
  }

  /** Nothing more will be sent. */
  fail(error: Error): void {
    const all = [...[...this.#unanswered.values()].flat(), ...this.#waiting];
    this.#unanswered.clear();
    this.#waiting = [];
    for (const { reject } of all) reject(error);
  }

  #taken(id: string): readonly Waiting[] {
    const frame = this.#unanswered.get(id) ?? [];
    this.#unanswered.delete(id);
    this.#inFlight -= frame.length;
    return frame;
  }

  /** Commands that are given in one turn share a frame. */
  #flushSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const limits = this.#limits;
    while (limits !== undefined && this.#waiting.length > 0) {
      const count = Math.min(FRAME_COMMANDS, limits.frameCommands, limits.commandsInFlight - this.#inFlight);
      if (count <= 0) return;
      this.#sendFrame(this.#waiting.splice(0, this.#fitting(count, limits.frameBytes)), limits.frameBytes);
    }
  }

  /** How many of the next commands fit into a frame; at least one, which may be too large for any. */
  #fitting(count: number, bytesMax: number): number {
    let bytes = FRAME_MARGIN_BYTES;
    for (const [index, { text }] of this.#waiting.slice(0, count).entries()) {
      bytes += text.length * CHARACTER_BYTES + 1;
      if (bytes > bytesMax) return Math.max(1, index);
    }
    return count;
  }

  #sendFrame(frame: readonly Waiting[], bytesMax: number): void {
    const id = this.#nextId();
    const commands = frame.map(({ text }) => text).join(',');
    const text = `{"type":"commands","id":"${id}","commands":[${commands}]}`;
    // The platform reads none that is too large, and so cannot say whose it was. Of several it is known that they fit.
    if (text.length * CHARACTER_BYTES > bytesMax && encoder.encode(text).length > bytesMax) {
      const detail = `A frame has at most ${bytesMax} bytes, and the command alone more.`;
      for (const { reject } of frame) reject(new FolioProblem({ code: 'request_too_large', detail }));
      return;
    }
    this.#unanswered.set(id, frame);
    this.#inFlight += frame.length;
    this.#sendText(text);
  }
}
