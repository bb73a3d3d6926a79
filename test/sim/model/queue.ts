/** A queue: it loses nothing that it has stored, and promises nothing else. */
import type { Caller, World } from './world.ts';

/** Deliveries after which a message goes to the dead-letter queue. */
const RETRIES_MAX = 4;
/** Messages in one delivery. */
const BATCH_MAX = 8;

export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly attempt: number;
  /** Not delivered before this time. */
  readonly visibleAt: number;
}

export class SimQueue {
  /** While true, every send fails. */
  down = false;
  readonly name: string;
  readonly #world: World;
  readonly #onStored: (body: string) => void;
  #messages: StoredMessage[] = [];
  #dead: StoredMessage[] = [];

  /** A queue of a consumer group. */
  constructor(world: World, group: string, onStored: (body: string) => void) {
    this.name = `queue ${group}`;
    this.#world = world;
    this.#onStored = onStored;
  }

  /** Messages that are not being delivered. */
  get waiting(): number {
    return this.#messages.length + this.#dead.length;
  }

  /** Sends a batch: before, after or in the midst of storing it, the send may fail. */
  send(caller: Caller, bodies: readonly string[]): Promise<void> {
    const world = this.#world;
    return new Promise((resolve, reject) => {
      const settle = (stored: number, failed: boolean) => async () => {
        for (const body of bodies.slice(0, stored)) this.#store(body);
        world.trace.note(
          world.clock,
          this.name,
          `stores ${stored} of ${bodies.length}`,
          failed ? 'and fails' : '',
        );
        const answer = failed ? () => reject(new Error('queue is unavailable')) : resolve;
        const run = async () => void (caller.alive && (await caller.deliver('sent', () => answer())));
        world.add({ label: 'send ←', at: world.soon(), run });
      };
      const run = async () => {
        if (this.down || world.strikes(world.profile.faults.sendFails)) {
          await settle(this.down ? 0 : world.random.integer(bodies.length + 1), true)();
        } else await settle(bodies.length, false)();
      };
      caller.emit({ label: 'send', at: world.soon(), run });
    });
  }

  /** When the next message can be delivered; undefined where there is none. */
  nextAt(): number | undefined {
    let next: number | undefined;
    for (const messages of [this.#messages, this.#dead])
      for (const { visibleAt } of messages) if (next === undefined || visibleAt < next) next = visibleAt;
    return next;
  }

  /** Takes some visible messages, in any order. */
  take(): StoredMessage[] {
    return this.#takeFrom(this.#messages);
  }

  /** The same from the dead-letter queue. */
  takeDead(): StoredMessage[] {
    return this.#takeFrom(this.#dead);
  }

  /** Gives a message back that was not acked. */
  putBack(message: StoredMessage, delaySeconds: number): void {
    const attempt = message.attempt + 1;
    const visibleAt = this.#world.clock + delaySeconds * 1_000;
    const target = attempt > RETRIES_MAX ? this.#dead : this.#messages;
    if (target === this.#dead) this.#world.trace.note(this.#world.clock, message.id, 'is dead');
    target.push({ ...message, attempt, visibleAt });
  }

  #store(body: string): void {
    this.#onStored(body);
    const copies = this.#world.strikes(this.#world.profile.faults.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const id = this.#world.uniqueId('message');
      this.#messages.push({ id, body, attempt: 0, visibleAt: this.#world.soon() });
    }
  }

  #takeFrom(messages: StoredMessage[]): StoredMessage[] {
    const visible = messages.filter((message) => message.visibleAt <= this.#world.clock);
    const wanted = Math.min(visible.length, 1 + this.#world.random.integer(BATCH_MAX));
    const taken: StoredMessage[] = [];
    while (taken.length < wanted) {
      const [message] = visible.splice(this.#world.random.integer(visible.length), 1);
      if (message === undefined) break;
      taken.push(message);
      messages.splice(messages.indexOf(message), 1);
    }
    return taken;
  }
}
