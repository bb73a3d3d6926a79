/**
 * One WebSocket for commands and subscriptions, that is opened again whenever it breaks: commands without a result are sent
 * again under their ids, subscriptions go on after the last version that came. Nothing is lost, and nothing comes twice.
 */
import { FolioClosed, FolioProblem, FolioUnreachable, problemOf } from './errors.ts';
import { type ClientFrame, type Command, heardIn, type ServerFrame, type Topics } from './frames.ts';
import type { BatchResult } from './generated/api.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Settings, Socket, SocketConstructor } from './options.ts';
import { CommandPipeline } from './pipeline.ts';
import { Receipts } from './receipts.ts';
import { isFinal, isPassing, pauseMs } from './retry.ts';
import { type AnySubscription, type Followed, Subscription } from './subscription.ts';
import { unlessAborted } from './unlessAborted.ts';

const SUBPROTOCOL = 'folio.v1';

/** Milliseconds after which a subscription that the platform had to end is begun again. */
const RESUBSCRIBE_MS = 1_000;

const NO_WEB_SOCKET =
  'a stream needs a WebSocket, which this runtime does not have: give one in the option `WebSocket` of the client, such as ' +
  'that of the package ws, or use Node 22 or newer';

const NO_UPGRADE =
  'the platform answers, and no WebSocket gets through to it: a proxy in between has to pass upgrades of /v1/stream on';

/**
 * How a stream stands. `connected`: what is sent goes out at once. `disconnected`: the connection broke, another is being
 * opened. `ended`: nothing more comes.
 */
export type StreamState = 'connected' | 'disconnected' | 'ended';

/** What a stream may be told beside the client's options. */
export interface StreamOptions {
  /** Told of every change, for whoever shows it; with `ended`, why, unless its owner closed the stream. */
  readonly onState?: ((state: StreamState, error?: Error) => void) | undefined;
}

/** A stream: made by `FolioClient.stream()`. */
export class FolioStream {
  readonly #settings: Settings;
  readonly #onState: NonNullable<StreamOptions['onState']>;
  readonly #WebSocket: SocketConstructor;
  readonly #pipeline: CommandPipeline;
  readonly #receipts: Receipts;
  readonly #heartbeat = new Heartbeat();
  readonly #subscriptions = new Map<string, AnySubscription>();
  /** Ids of those that this connection was asked for. */
  readonly #asked = new Set<string>();
  #socket: Socket | undefined;
  #isReady = false;
  /** Why nothing more is sent or comes. */
  #ending: Error | undefined;
  /** Whether a connection was of use: then the platform is there, and comes back. */
  #isProven = false;
  #failures = 0;
  /** The refusal of the token, while another is asked for in its place. */
  #refusedToken: FolioProblem | undefined;
  #ids = 0;

  constructor(settings: Settings, { onState = () => undefined }: StreamOptions = {}) {
    if (settings.WebSocket === undefined) throw new Error(NO_WEB_SOCKET);
    this.#settings = settings;
    this.#onState = onState;
    this.#WebSocket = settings.WebSocket;
    this.#pipeline = new CommandPipeline(
      (text) => this.#socket?.send(text),
      () => this.#nextId(),
      settings,
    );
    this.#receipts = new Receipts((receipt) => this.#send({ type: 'receipt', receipt }));
    void this.#connect();
  }

  /**
   * Sends a command without waiting for others, and answers what became of it once that is durable. Commands of one aggregate
   * run in the order in which they are given. `replayed` may mean that it took effect just before the connection broke.
   */
  command(command: Command): Promise<BatchResult> {
    if (this.#ending !== undefined) return Promise.reject(this.#ending);
    return this.#pipeline.add(command);
  }

  /** Follows an aggregate: see {@link Subscription}. */
  subscribe<Topic extends keyof Topics>(followed: Followed<Topic>): Subscription<Topic> {
    if (this.#ending !== undefined) throw this.#ending;
    const subscription = new Subscription(this.#nextId(), followed, {
      emptied: (own) => this.#ask(own),
      closed: (own) => this.#unsubscribe(own),
    });
    this.#subscriptions.set(subscription.id, subscription as unknown as AnySubscription);
    this.#ask(subscription as unknown as AnySubscription);
    return subscription;
  }

  /** Ends everything: commands without a result reject with {@link FolioClosed}, subscriptions end. */
  close(): void {
    if (this.#ending !== undefined) return;
    this.#end(new FolioClosed());
    this.#socket?.close(1000, 'done');
  }

  /** In a turn of its own: what a listener throws is its own fault, and breaks nothing here. */
  #tell(...change: Parameters<NonNullable<StreamOptions['onState']>>): void {
    queueMicrotask(() => this.#onState(...change));
  }

  #nextId(): string {
    return `${++this.#ids}`;
  }

  #send(frame: ClientFrame): void {
    if (this.#isReady) this.#socket?.send(JSON.stringify(frame));
  }

  /**
   * Asks for a subscription, once on each connection. What came over the one before is read first: else a reader that is too slow
   * for the platform would be sent more after every break, and all of it kept here.
   */
  #ask(subscription: AnySubscription): void {
    const { id } = subscription;
    if (!this.#isReady || subscription.hasUnread || this.#asked.has(id)) return;
    if (!this.#subscriptions.has(id)) return;
    this.#asked.add(id);
    this.#send(subscription.request);
  }

  async #connect(): Promise<void> {
    const { url, token, timeoutMs } = this.#settings;
    try {
      const bearer = await unlessAborted(token(this.#refusedToken), AbortSignal.timeout(timeoutMs));
      const protocols = [SUBPROTOCOL, `bearer.${bearer}`];
      if (this.#ending !== undefined) return;
      const socket = new this.#WebSocket(`${url.replace(/^http/, 'ws')}/v1/stream`, protocols);
      this.#socket = socket;
      socket.addEventListener('message', ({ data }) => this.#heard(socket, String(data)));
      socket.addEventListener('close', ({ code }) => this.#lost(socket, `the connection ended with ${code}`));
      // Every error is followed by the end of the connection, which says as much.
      socket.addEventListener('error', () => undefined);
      this.#heartbeat.start(
        () => this.#isReady && socket.send('ping'),
        () => this.#lost(socket, 'nothing was heard from the platform'),
      );
    } catch (error) {
      await this.#broken(error);
    }
  }

  #heard(socket: Socket, text: string): void {
    if (socket !== this.#socket) return;
    this.#heartbeat.heard();
    const heard = heardIn(text);
    if (heard.kind === 'garbled') {
      this.#lost(socket, 'what came is no frame');
      return;
    }
    // A connection that breaks right after its welcome was of no use, and the next one must not be opened at once.
    if (heard.kind === 'pong' || heard.frame.type !== 'welcome') {
      this.#failures = 0;
      this.#isProven = true;
    }
    if (heard.kind === 'frame') this.#take(heard.frame);
  }

  /** The connection is over. One that has died is not waited for: its own end could take minutes to be told. */
  #lost(socket: Socket, cause: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#heartbeat.stop();
    socket.close();
    void this.#broken(cause);
  }

  async #broken(cause: unknown): Promise<void> {
    const wasReady = this.#isReady;
    this.#isReady = false;
    this.#asked.clear();
    this.#pipeline.broken();
    this.#receipts.broken();
    if (this.#ending !== undefined) return;
    if (wasReady) this.#tell('disconnected');
    const failure = wasReady ? undefined : await this.#failure();
    if (this.#ending !== undefined) return;
    const refusal = failure instanceof FolioProblem ? failure : undefined;
    if (refusal !== undefined && isFinal(refusal, this.#isProven)) {
      // Another token is asked for once: the clock here may be behind the platform's.
      if (this.#refusedToken !== undefined || !this.#settings.isRenewable(refusal)) return this.#end(refusal);
      this.#refusedToken = refusal;
      return await this.#connect();
    }
    const { retry, random, sleep } = this.#settings;
    this.#failures++;
    if (!this.#isProven && this.#failures >= retry.attempts) {
      const why = refusal?.code === 'upgrade_required' ? NO_UPGRADE : (failure ?? cause);
      this.#end(new FolioUnreachable('the stream', this.#failures, why));
      return;
    }
    await sleep(pauseMs(retry, this.#failures, random(), refusal));
    if (this.#ending === undefined) await this.#connect();
  }

  /** Why a socket was not opened, which sockets do not tell: asked for as a document, the platform does, or why nobody answers. */
  async #failure(): Promise<unknown> {
    try {
      const { url, token, timeoutMs } = this.#settings;
      // On a network that was left, nothing would ever say that no answer comes.
      const signal = AbortSignal.timeout(timeoutMs);
      const bearer = await unlessAborted(token(), signal);
      const headers = { Authorization: `Bearer ${bearer}` };
      const init = { headers, signal, redirect: 'manual' } as const;
      const response = await this.#settings.fetch(`${url}/v1/stream`, init);
      return problemOf(response, await response.text());
    } catch (error) {
      // Not reachable either: that passes, or the attempts come to an end.
      return error;
    }
  }

  #end(error: Error): void {
    this.#ending = error;
    this.#heartbeat.stop();
    this.#pipeline.fail(error);
    const reason = error instanceof FolioClosed ? undefined : error;
    this.#tell('ended', reason);
    for (const subscription of this.#subscriptions.values()) subscription.finish(reason);
    this.#subscriptions.clear();
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#isReady = true;
        this.#refusedToken = undefined;
        this.#tell('connected');
        this.#pipeline.connected(frame.limits);
        for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
        return;
      case 'results':
        this.#pipeline.answered(frame);
        return;
      case 'subscribed':
        this.#subscriptions.get(frame.id)?.begun(frame.afterVersion);
        return;
      case 'events':
        for (const event of frame.events) this.#deliver(frame.id, event.version, event);
        return;
      case 'portfolio':
        this.#deliver(frame.id, frame.version, frame.portfolio);
        return;
      case 'receiptRequested':
        this.#receipts.asked(frame.receipt);
        return;
      case 'ended':
        void this.#beginAgain(frame.id, RESUBSCRIBE_MS);
        return;
      case 'error': {
        const problem = { ...frame, errors: [...(frame.errors ?? [])] };
        this.#refused(frame.id, new FolioProblem(problem, frame.retryAfterSeconds), frame.refusal);
        return;
      }
      case 'unsubscribed':
        return;
    }
  }

  #deliver(id: string, version: number, value: unknown): void {
    const done = this.#receipts.arrived();
    if (this.#subscriptions.get(id)?.push(version, value, done) !== true) done();
  }

  /** Asks again after a while, unless a new connection was asked meanwhile. */
  async #beginAgain(id: string, pause: number): Promise<void> {
    this.#asked.delete(id);
    await this.#settings.sleep(pause);
    const subscription = this.#subscriptions.get(id);
    if (subscription !== undefined) this.#ask(subscription);
  }

  #refused(id: string | null, problem: FolioProblem, refusal: number | undefined): void {
    if (id === null || this.#pipeline.refused(id, problem, refusal)) return;
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    const { retry, random } = this.#settings;
    if (isPassing(problem) && ++subscription.failures < retry.attempts) {
      void this.#beginAgain(id, pauseMs(retry, subscription.failures, random(), problem));
      return;
    }
    subscription.finish(problem);
    this.#subscriptions.delete(id);
    this.#asked.delete(id);
  }

  #unsubscribe({ id }: AnySubscription): void {
    // Where it was not asked for on this connection, the platform knows of none.
    if (this.#subscriptions.delete(id) && this.#asked.delete(id)) this.#send({ type: 'unsubscribe', id });
  }
}
