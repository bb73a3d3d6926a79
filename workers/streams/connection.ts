/** One socket: who is behind it, what it is subscribed to, how far each subscription has come, and whether it keeps up. */
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { Principal, ShownKey } from '../access/principal.ts';
import { Flow, type FlowState, RECEIPT_MS_MAX } from './flow.ts';
import type { ClientFrame, ServerFrame, SubscribeFrame, TopicName } from './frames.ts';
import { errorFrame, type FrameError } from './incoming.ts';
import { Lanes } from './lanes.ts';
import { Line } from './line.ts';
import type { Clock, Sink, Subscription } from './subscription.ts';
import type { Page } from './topics.ts';

/** A hibernatable socket, as much of it as is used. */
export interface Socket {
  send(text: string): void;
  close(code: number, reason: string): void;
  serializeAttachment(value: string): void;
}

/** Why the server ends a connection: close codes of the range that is the application's (RFC 6455, 7.4.2). */
export const CLOSE_CODES = {
  /** The token has ended, or the connection has lasted as long as one may. */
  session_ended: 4001,
  /** A receipt has not come for too long, or too much was sent without one. */
  slow_consumer: 4008,
} as const;

/** Subscriptions of a connection: their ids, names and versions must fit into the 16 KB of an attachment. */
export const SUBSCRIPTIONS_MAX = 50;

/** What names a connection for as long as it lasts. */
export interface Session {
  readonly connectionId: string;
  readonly correlationId: string;
  /** Key of the caller in the hub's store. */
  readonly principalKey: string;
  /** Milliseconds since 1970. Nothing is sent or taken after it. */
  readonly endsAt: number;
  /** The key of the service that opened it; absent where somebody else did. */
  readonly serviceKey?: ShownKey | undefined;
}

/** A subscription as an attachment carries it; the last member: whether it had not sent all that it knew of. */
export type SavedSubscription = readonly [
  id: string,
  topic: TopicName,
  aggregateType: string,
  aggregateId: string,
  version: number,
  isBehind: 0 | 1,
];

/** What survives hibernation. */
export interface Attachment extends Session {
  readonly flow: FlowState;
  /** Absent in one that an instance of an older release has left. */
  readonly refusals?: number;
  readonly subscriptions: readonly SavedSubscription[];
  /** Those that were being set up: they begin anew. */
  readonly opening: readonly SubscribeFrame[];
}

/** How a connection stood when its instance was evicted. */
export type LeftBehind = Required<Pick<Attachment, 'flow' | 'refusals'>>;

/** What a connection is made from. */
export interface ConnectionSettings {
  readonly socket: Socket;
  readonly session: Session;
  readonly principal: Principal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes that may be without a receipt, now. */
  readonly window: () => number;
  /** By the instance before, where the socket outlived it. */
  readonly left?: LeftBehind | undefined;
  /** Called where it has more subscriptions than before, begun or being set up; with a negative number where it has fewer. */
  readonly onHeld: (more: number) => void;
  /** Called where one of its subscriptions is over, though it is not. */
  readonly onDrop: (subscription: Subscription) => void;
  /** Called once, when it is over. */
  readonly onEnd: (connection: Connection) => void;
}

export class Connection implements Sink {
  readonly principal: Principal;
  readonly subscriptions = new Map<string, Subscription>();
  /** Subscriptions that are being set up, by their ids. */
  readonly opening = new Map<string, SubscribeFrame>();
  readonly lanes = new Lanes();
  commandsInFlight = 0;
  /** Frames of commands with which nothing was begun, and which may be sent again. */
  refusals: number;
  isOpen = true;
  readonly #settings: ConnectionSettings;
  readonly #flow: Flow;
  readonly #line: Line;
  #session: Session;
  /** The members of the session as JSON: an attachment is written with every event that is sent. */
  #sessionText: string;
  #isWatched = false;
  /** Subscriptions that `onHeld` was told of. */
  #held = 0;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#session = settings.session;
    this.refusals = settings.left?.refusals ?? 0;
    this.#sessionText = membersText(settings.session);
    this.principal = settings.principal;
    this.#flow = new Flow(settings.window, settings.left?.flow);
    this.#line = new Line(() => settings.clock.now(), this.#flow.state);
    this.#watchReceipts();
  }

  get session(): Session {
    return this.#session;
  }

  /** Whether results of commands have room. */
  hasRoomForResults(): boolean {
    return this.isOpen && this.#flow.hasRoom;
  }

  /** Whether a frame only makes less work: a receipt, which was asked for, and the end of a subscription. All else is a request, good or bad. */
  isGivingBack(frame: ClientFrame): boolean {
    if (frame.type !== 'unsubscribe') return frame.type === 'receipt';
    return this.subscriptions.has(frame.id) || this.opening.has(frame.id);
  }

  hasRoom(): boolean {
    return this.isOpen && this.#line.hasRoom(this.#flow);
  }

  beginPage(): number {
    return this.isOpen ? this.#line.beginPage(this.#flow) : 0;
  }

  endPage(characters: number): void {
    if (!this.#line.endPage(characters)) return;
    for (const subscription of this.subscriptions.values()) subscription.pump();
  }

  /** Sends a frame; where that is time, asks for a receipt after it. */
  send(frame: ServerFrame): void {
    this.#sendText(JSON.stringify(frame));
  }

  /** Refuses a frame of commands that may be sent again; whoever sends the next ones says whether it knows of that. */
  turnAway(id: string, error: FrameError): void {
    this.refusals++;
    this.save();
    this.send(errorFrame(id, { ...error, refusal: this.refusals }));
  }

  deliver({ id, topic }: Subscription, { version, member }: Page): void {
    if (this.isPast()) return;
    const text = `{"type":"${topic}","id":"${id}","version":${version},${member}}`;
    this.#line.sent(text.length);
    this.#sendText(text);
    this.save();
  }

  failed(subscription: Subscription, error: unknown): void {
    const { connectionId, correlationId } = this.session;
    const { aggregateType, aggregateId } = subscription.watch.target;
    const fields = { correlationId, connectionId, aggregateType, aggregateId, ...errorFields(error) };
    this.#settings.logger.log('warn', 'subscription failed', fields);
    this.drop(subscription);
    const { id, version } = subscription;
    const detail = `The aggregate does not answer. Subscribe again after version ${version}.`;
    this.send({ type: 'ended', id, code: 'unavailable', detail, version });
  }

  /** Ends a subscription. */
  drop(subscription: Subscription): void {
    subscription.close();
    this.subscriptions.delete(subscription.id);
    this.#settings.onDrop(subscription);
    this.save();
  }

  /** Whether the connection has lasted as long as it may; it is then closed. */
  isPast(): boolean {
    if (!this.isOpen || this.#settings.clock.now() < this.session.endsAt) return !this.isOpen;
    this.close('session_ended', 'connect again with a fresh token');
    return true;
  }

  /** Ends it at a time at the latest, milliseconds since 1970. */
  endBy(time: number): void {
    if (time >= this.session.endsAt) return;
    this.#session = { ...this.session, endsAt: time };
    this.#sessionText = membersText(this.#session);
    this.save();
  }

  /** Takes a receipt; false where none of this number was asked for. */
  confirm(receipt: number): boolean {
    const { confirmed } = this.#flow;
    if (!this.#flow.confirm(receipt)) return false;
    this.#line.confirmed(receipt, receipt - confirmed);
    for (const subscription of this.subscriptions.values()) subscription.pump();
    this.save();
    return true;
  }

  /** Ends the connection and tells why; whoever resumes its subscriptions has lost nothing. */
  close(reason: keyof typeof CLOSE_CODES, detail: string): void {
    if (!this.isOpen) return;
    this.end();
    this.#settings.socket.close(CLOSE_CODES[reason], `${reason}: ${detail}`);
  }

  /** The socket is gone. */
  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#hold(0);
    for (const subscription of this.subscriptions.values()) subscription.close();
    this.#settings.onEnd(this);
  }

  /** To be called where subscriptions have come or gone, unless it is saved: counts them. */
  count(): void {
    this.#hold(this.subscriptions.size + this.opening.size);
  }

  #hold(held: number): void {
    if (held === this.#held) return;
    this.#settings.onHeld(held - this.#held);
    this.#held = held;
  }

  /** Writes down what has to survive hibernation: an {@link Attachment} as JSON, put together from what does not change. */
  save(): void {
    if (!this.isOpen) return;
    this.count();
    const subscriptions = Array.from(this.subscriptions.values(), (each) => each.savedText()).join();
    const opening = JSON.stringify([...this.opening.values()]);
    const flow = `"flow":[${this.#flow.state}],"refusals":${this.refusals}`;
    const text = `{${this.#sessionText},${flow},"subscriptions":[${subscriptions}],"opening":${opening}}`;
    this.#settings.socket.serializeAttachment(text);
  }

  #sendText(text: string): void {
    if (!this.isOpen) return;
    const receipt = this.#flow.sent(text, this.#line.receiptEvery);
    if (receipt !== undefined) this.#line.asked(receipt, this.#flow.unconfirmed);
    try {
      this.#settings.socket.send(text);
      if (receipt !== undefined) {
        this.#settings.socket.send(
          JSON.stringify({ type: 'receiptRequested', receipt } satisfies ServerFrame),
        );
      }
    } catch {
      // It broke a moment ago and the runtime has not said so yet. The client resumes; nobody else must suffer.
      this.end();
      return;
    }
    this.#watchReceipts();
    if (this.#flow.isOverrun) this.close('slow_consumer', 'too much was sent without a receipt');
  }

  /** Closes the connection where no receipt comes for too long. */
  #watchReceipts(): void {
    if (this.#isWatched || !this.#flow.isAwaiting) return;
    this.#isWatched = true;
    const { confirmed } = this.#flow;
    this.#settings.clock.after(() => {
      this.#isWatched = false;
      if (!this.isOpen) return;
      if (this.#flow.isAwaiting && this.#flow.confirmed === confirmed) {
        this.close('slow_consumer', `no receipt within ${RECEIPT_MS_MAX / 1_000} s`);
      } else this.#watchReceipts();
    }, RECEIPT_MS_MAX);
  }
}

function membersText(session: Session): string {
  return JSON.stringify(session).slice(1, -1);
}
