/**
 * Commands on their way over a stream: gathered into frames, sent without waiting for each other, and sent again under their
 * own ids after a break, and where the platform was too busy to begin. Their order is kept, so that those of one aggregate run in
 * the order in which they were given.
 */
import { FolioProblem, FolioUnreachable } from './errors.ts';
import type { Command, ServerFrame, StreamLimits } from './frames.ts';
import type { BatchResult } from './generated/api.ts';
import type { Settings } from './options.ts';
import { isOfTheAttempt, isPassing, pauseMs } from './retry.ts';

/** Commands of a frame at most: enough to share a frame's costs, few enough that the first result comes soon. */
const FRAME_COMMANDS = 500;

/** Bytes that a frame needs around its commands. */
const FRAME_MARGIN_BYTES = 1_000;

/** A character, as JavaScript counts them, takes that many bytes at most. */
const CHARACTER_BYTES = 3;

/** What stands in the place of a result where the aggregate did not answer, or the frame failed: the command may have been run. */
const UNANSWERED: readonly string[] = ['unavailable', 'internal_error'];

const encoder = new TextEncoder();

interface Waiting {
  readonly text: string;
  /** How often it went over a connection that broke before its answer: each time it may have been run. */
  unheard: number;
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (error: Error) => void;
}

interface Frame {
  readonly commands: readonly Waiting[];
  /** Why the platform did not begin with it, where that passes: it waits to be sent again. */
  turnedAway?: FolioProblem;
}

/** Frames that were sent and have no results yet, by their ids and in the order in which they were sent. */
type Unanswered = Map<string, Frame>;

/** What a pipeline needs of the client's options. */
type Persistence = Pick<Settings, 'retry' | 'random' | 'sleep'>;

export class CommandPipeline {
  readonly #sendText: (text: string) => void;
  readonly #nextId: () => string;
  readonly #unanswered: Unanswered = new Map();
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #limits: StreamLimits | undefined;
  #isScheduled = false;
  /** Frames that the platform has still to answer, in whatever way. */
  #underWay = 0;
  /**
   * Whether frames were turned away and wait to be sent again. What comes later does not overtake them: here it waits, and what is
   * under way the platform turns away as well, since it says that it knows of no refusal.
   */
  #isHeld = false;
  /** The last refusal that is known of, of this connection. */
  #refusal = 0;
  /** Times in a row that frames were turned away. */
  #refusals = 0;
  readonly #persistence: Persistence;

  /** `sendText` sends a frame now; it is only called between {@link connected} and {@link broken}. */
  constructor(sendText: (text: string) => void, nextId: () => string, persistence: Persistence) {
    this.#sendText = sendText;
    this.#nextId = nextId;
    this.#persistence = persistence;
  }

  /** What became of a command, once it is durable. */
  add(command: Command): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text: JSON.stringify(command), unheard: 0, resolve, reject });
      this.#flushSoon();
    });
  }

  /** A connection is there: what has no result yet goes out again, then what came meanwhile. */
  connected(limits: StreamLimits): void {
    this.#limits = limits;
    this.#refusal = 0;
    this.#sendAgain();
  }

  /** The connection is gone, or none could be made. What was under way may have been run. */
  broken(): void {
    if (this.#limits === undefined) return;
    this.#limits = undefined;
    for (const { commands, turnedAway } of this.#unanswered.values()) {
      if (turnedAway === undefined) for (const waiting of commands) waiting.unheard++;
    }
  }

  /** Gives every command its result. */
  answered({ id, results }: Extract<ServerFrame, { type: 'results' }>): void {
    this.#refusals = 0;
    for (const [index, waiting] of this.#taken(id).entries()) settle(waiting, results[index] as BatchResult);
    this.#goOn();
  }

  /** A frame was refused as a whole; false where the id is none of a frame of commands. */
  refused(id: string, problem: FolioProblem, refusal = this.#refusal): boolean {
    this.#refusal = refusal;
    const frame = this.#unanswered.get(id);
    if (frame === undefined) return false;
    if (isPassing(problem)) {
      frame.turnedAway = problem;
      this.#isHeld = true;
      this.#underWay--;
    } else for (const waiting of this.#taken(id)) refuse(waiting, problem);
    this.#goOn();
    return true;
  }

  /** Nothing more will be sent. */
  fail(error: Error): void {
    for (const waiting of [...this.#withdrawn(), ...this.#waiting.splice(0)]) giveUp(waiting, error);
  }

  /** A frame is answered. */
  #taken(id: string): readonly Waiting[] {
    const { commands } = this.#unanswered.get(id) ?? { commands: [] };
    if (this.#unanswered.delete(id)) this.#underWay--;
    this.#inFlight -= commands.length;
    return commands;
  }

  /** All that was sent and has no result, in its order; nothing of it is waited for any more. */
  #withdrawn(): readonly Waiting[] {
    const sent = [...this.#unanswered.values()].flatMap(({ commands }) => commands);
    this.#unanswered.clear();
    this.#inFlight = 0;
    this.#underWay = 0;
    this.#isHeld = false;
    return sent;
  }

  /** What has no result goes out again, then what came meanwhile. */
  #sendAgain(): void {
    this.#waiting = [...this.#withdrawn(), ...this.#waiting];
    this.#flush();
  }

  /** Sends more; or, once nothing is under way but what was turned away, that again after a while. */
  #goOn(): void {
    if (!this.#isHeld) this.#flush();
    else if (this.#underWay === 0) void this.#tryAgain([...this.#unanswered.values()]);
  }

  async #tryAgain(frames: readonly Frame[]): Promise<void> {
    const { retry, random, sleep } = this.#persistence;
    // The first one has the reason; those after it were turned away because it was.
    const problems = frames.map(({ turnedAway }) => turnedAway as FolioProblem);
    if (++this.#refusals >= retry.attempts) {
      this.#refusals = 0;
      for (const waiting of this.#withdrawn()) giveUp(waiting, problems[0] as FolioProblem);
      this.#flush();
      return;
    }
    const chance = random();
    await sleep(Math.max(...problems.map((problem) => pauseMs(retry, this.#refusals, chance, problem))));
    // Unless a break came first, after which all of it was sent again.
    if (frames[0] === this.#unanswered.values().next().value) this.#sendAgain();
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
    const limits = this.#isHeld ? undefined : this.#limits;
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
    const text = `{"type":"commands","id":"${id}","afterRefusal":${this.#refusal},"commands":[${commands}]}`;
    // The platform reads none that is too large, and so cannot say whose it was. Of several it is known that they fit.
    if (text.length * CHARACTER_BYTES > bytesMax && encoder.encode(text).length > bytesMax) {
      const detail = `A frame has at most ${bytesMax} bytes, and the command alone more.`;
      for (const { reject } of frame) reject(new FolioProblem({ code: 'request_too_large', detail }));
      return;
    }
    this.#unanswered.set(id, { commands: frame });
    this.#inFlight += frame.length;
    this.#underWay++;
    this.#sendText(text);
  }
}

/** Whether a refusal says nothing of whether the command was run, now or in an attempt before that had no answer. */
function isUntold({ unheard }: Waiting, problem: FolioProblem): boolean {
  return UNANSWERED.includes(problem.code) || (unheard > 0 && isOfTheAttempt(problem));
}

/** Tells a result, unless nothing is known of what became of the command. */
function settle(waiting: Waiting, result: BatchResult): void {
  const { status, code = '', detail = '' } = result;
  // Most results are no refusals: an error, with its stack, is made for those alone.
  const problem = status === 'refused' ? new FolioProblem({ code, detail }) : undefined;
  if (problem !== undefined && isUntold(waiting, problem)) refuse(waiting, problem);
  else waiting.resolve(result);
}

/** Tells why there is no result. */
function refuse(waiting: Waiting, problem: FolioProblem): void {
  const { unheard, reject } = waiting;
  reject(isUntold(waiting, problem) ? new FolioUnreachable('a command', unheard + 1, problem) : problem);
}

/** Nothing was begun now. What went out before may have been run then, which is another thing to be told. */
function giveUp(waiting: Waiting, error: Error): void {
  if (error instanceof FolioProblem && waiting.unheard > 0) {
    waiting.reject(new FolioUnreachable('a command', waiting.unheard + 1, error));
  } else waiting.reject(error);
}
