/** A platform made up for the typed client's streams: one log of deposits, behind sockets that break when a test says so. */
import { FolioClient, type FolioProblem } from '../../client/index.ts';

/** A frame of the client's. */
export type Frame = Record<string, unknown> & { type: string; id: string };
type Listener = (event: { data?: unknown; code?: number }) => void;

/** What its welcome says. */
export const LIMITS = { frameBytes: 1_000_000, frameCommands: 3, commandsInFlight: 6 };

/** Codes with which the platform says that it has begun with nothing of a frame. */
const TURNED_AWAY = ['rate_limited', 'overloaded', 'too_many_in_flight', 'out_of_turn'];

/** A platform with one log of deposits, behind sockets that break when a test says so. */
export class MadeUpPlatform {
  readonly log: string[] = [];
  readonly sockets: MadeUpSocket[] = [];
  /** Frames after which each connection breaks, in turn; then they last. */
  breaks: number[] = [];
  answersWith: ((frame: Frame) => object | undefined) | undefined;
  status = 426;
  /** Headers of the document that says why a socket was not opened. */
  headers: Record<string, string> = {};
  /** Whether sockets have died without anybody having been told. */
  isSilent = false;
  /** Whether requests are never answered, as on a network that was left. */
  isDeaf = false;
  readonly pauses: number[] = [];

  readonly client = new FolioClient({
    url: 'https://folio.test',
    token: (refused) => this.tokenFor(refused),
    timeoutMs: 50,
    random: () => 0,
    sleep: (milliseconds) => {
      this.pauses.push(milliseconds);
      return this.pause(milliseconds);
    },
    fetch: async (_, init) => {
      if (this.isDeaf) await new Promise((_, reject) => init?.signal?.addEventListener('abort', reject));
      const headers = { 'Content-Type': 'application/problem+json', ...this.headers };
      const { status } = this;
      return new Response(JSON.stringify({ status, code: 'unauthenticated' }), { status, headers });
    },
    WebSocket: platformSocket(this),
  });

  /** Waits as its clients do, a fiftieth of the time. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds / 50));
  }

  tokenFor: (refused?: FolioProblem) => string | Promise<string> = () => 'token';

  run(commandId: string): object {
    const known = this.log.indexOf(commandId) + 1;
    if (known > 0) return { commandId, status: 'replayed', version: known };
    this.log.push(commandId);
    return { commandId, status: 'accepted', version: this.log.length };
  }
}

/** One of its sockets, as the client has it and a test can break it. */
export class MadeUpSocket {
  readonly #listeners = new Map<string, Listener[]>();
  readonly #platform: MadeUpPlatform;
  readonly received: Frame[] = [];
  readonly offered: string[];
  #left: number;
  /** Frames of commands that were turned away. */
  #refusals = 0;
  isOpen = true;

  constructor(platform: MadeUpPlatform, protocols: string[]) {
    this.#platform = platform;
    this.offered = protocols;
    this.#left = platform.breaks.shift() ?? Number.POSITIVE_INFINITY;
    platform.sockets.push(this);
    setTimeout(() => (this.#left < 0 ? this.break() : this.tell({ type: 'welcome', limits: LIMITS })));
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  /** Sends a frame to the client, later as a network does; nothing once the connection is gone. */
  tell(frame: object): void {
    setTimeout(() => {
      if (this.isOpen) this.#emit('message', { data: JSON.stringify(frame) });
    });
  }

  send(text: string): void {
    if (!this.isOpen || this.#platform.isSilent) return;
    if (text === 'ping') {
      this.#emit('message', { data: 'pong' });
      return;
    }
    const frame = JSON.parse(text) as Frame;
    this.received.push(frame);
    // What was sent before the break may have been run or not: here it was, and its answer is lost.
    this.#answer(frame);
    if (this.#left-- <= 0) this.break();
  }

  /** Something on the way sends this in place of what the platform does. */
  garble(data: string): void {
    this.#emit('message', { data });
  }

  close(): void {
    // Whoever says goodbye over a network that is gone waits long for the answer.
    if (this.#platform.isSilent) this.isOpen = false;
    else this.break();
  }

  break(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    setTimeout(() => this.#emit('close', { code: 1006 }));
  }

  /** The client cannot have known that a frame was turned away which this one comes after. */
  #outOfTurn({ type, id, afterRefusal }: Frame): object | undefined {
    if (type !== 'commands' || (afterRefusal as number) >= this.#refusals) return undefined;
    return { type: 'error', id, code: 'out_of_turn', detail: 'a frame before it was turned away' };
  }

  /** What answers a frame; with its number, where that turns commands away. */
  #numbered({ type }: Frame, answer: object & { code?: string }): object {
    const isTurnedAway = type === 'commands' && TURNED_AWAY.includes(answer.code ?? '');
    return isTurnedAway ? { ...answer, refusal: ++this.#refusals } : answer;
  }

  #emit(type: string, event: { data?: unknown; code?: number }): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  #answer(frame: Frame): void {
    const own = this.#outOfTurn(frame) ?? this.#platform.answersWith?.(frame);
    if (own !== undefined) this.tell(this.#numbered(frame, own));
    else if (frame.type === 'commands') {
      const commands = frame.commands as { commandId: string }[];
      this.tell({
        type: 'results',
        id: frame.id,
        results: commands.map(({ commandId }) => this.#platform.run(commandId)),
      });
    } else if (frame.type === 'subscribe') {
      const { log } = this.#platform;
      const after = (frame.afterVersion as number | undefined) ?? log.length;
      this.tell({ type: 'subscribed', id: frame.id, afterVersion: after, version: log.length });
      const events = log.map((commandId, index) => ({ version: index + 1, commandId })).slice(after);
      if (events.length > 0) this.tell({ type: 'events', id: frame.id, version: log.length, events });
    }
  }
}

function platformSocket(platform: MadeUpPlatform) {
  return class {
    constructor(_url: string, protocols: string[]) {
      // biome-ignore lint/correctness/noConstructorReturn: the platform keeps the very socket that the client has
      return new MadeUpSocket(platform, protocols) as never;
    }
  } as never;
}

/** A deposit. */
export const command = (commandId: string) =>
  ({
    commandId,
    aggregateType: 'account',
    aggregateId: 'a',
    type: 'DepositFunds',
    data: { amount: '1' },
  }) as const;

/** Refuses frames of commands as a whole. */
export const refusing =
  (isRefused: (frame: Frame) => boolean, code: string, retryAfterSeconds?: number) =>
  (frame: Frame): object | undefined =>
    frame.type === 'commands' && isRefused(frame)
      ? { type: 'error', id: frame.id, code, detail: 'not now', retryAfterSeconds }
      : undefined;
