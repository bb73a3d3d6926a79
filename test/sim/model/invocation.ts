/** A run of a Worker, of the queue's consumer or of the sweeper: it has no storage, and may die at any of its effects. */
import type { QueueMessage } from '../../../queues/kernel/consumer.ts';
import { type DeadLetterStore, consumeDead as keepDead } from '../../../queues/kernel/deadLetters.ts';
import type { DeadLetter } from '../../../schemas/deadLetter.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import type { SimQueue, StoredMessage } from './queue.ts';
import { type Caller, type Effect, settled, type World } from './world.ts';

/** Seconds before a message is seen again whose consumer died or threw: the queue's `retry_delay`. */
const RETRY_SECONDS = 5;

export class Invocation implements Caller {
  alive = true;
  readonly #world: World;
  readonly #name: string;
  readonly #onEnd: (died: boolean, error?: unknown) => void;

  constructor(world: World, name: string, onEnd: (died: boolean, error?: unknown) => void) {
    this.#world = world;
    this.#name = name;
    this.#onEnd = onEnd;
  }

  /** Begins; what it answers or throws ends it, unless it died before. */
  async run(body: () => Promise<void>): Promise<void> {
    body().then(
      () => this.#end(false),
      (error) => this.#end(false, error),
    );
    await settled();
  }

  emit(effect: Effect): void {
    this.#world.add(effect);
  }

  async deliver(_label: string, settle: () => void): Promise<void> {
    if (this.#world.strikes(this.#world.profile.faults.invocationDies)) {
      this.#end(true);
      return;
    }
    settle();
    await settled();
  }

  #end(died: boolean, error?: unknown): void {
    if (!this.alive) return;
    this.alive = false;
    this.#world.trace.note(this.#world.clock, this.#name, died ? 'dies' : 'ends', error ?? '');
    this.#onEnd(died, error);
  }
}

/** What a consumer group does with a batch. */
export type Consumer = (caller: Caller, messages: readonly QueueMessage[]) => Promise<void>;

/** Delivers some messages to their consumer. `done` is called when they are acked or given back. */
export async function consume(
  world: World,
  queue: SimQueue,
  messages: readonly StoredMessage[],
  consumer: Consumer,
  done: () => void,
): Promise<void> {
  const fates = new Map<string, 'acked' | { delaySeconds: number }>();
  const name = world.uniqueId('consumer');
  world.trace.note(world.clock, name, 'takes', ...messages.map(({ body }) => body.slice(0, 90)));
  const invocation = new Invocation(world, name, (died, error) => {
    for (const message of messages) {
      const fate = died ? undefined : fates.get(message.id);
      const returns = fate === undefined && !died && error === undefined;
      if (fate === 'acked' || returns) continue;
      queue.putBack(message, fate?.delaySeconds ?? RETRY_SECONDS);
    }
    done();
  });
  await invocation.run(() => consumer(invocation, handles(messages, fates)));
}

/** Letters in memory: what keeps them does not crash, since nothing else is asked of it here. */
export class KeptLetters implements DeadLetterStore {
  readonly letters = new Map<string, DeadLetter>();
  readonly #onWrite: (text: string) => void;

  /** `onWrite` is told of every letter that is kept. */
  constructor(onWrite: (text: string) => void) {
    this.#onWrite = onWrite;
  }

  park(letters: readonly DeadLetter[]): void {
    for (const letter of letters) {
      this.#onWrite(JSON.stringify(letter));
      this.letters.set(letter.letterId, letter);
    }
  }

  advance(): void {
    throw new Error('nobody delivers dead letters again here');
  }

  remove(): void {
    throw new Error('nobody delivers dead letters again here');
  }
}

/** Delivers messages of a group's dead-letter queue, whose last delivery fails as all before it. */
export function consumeDead(
  logger: Logger,
  store: DeadLetterStore,
  group: string,
  messages: readonly StoredMessage[],
): Promise<void> {
  const fail = () => Promise.reject(new Error('given up'));
  return keepDead(
    { logger, store, deliver: fail, readLog: fail, now: () => 0 },
    group,
    handles(messages, new Map()),
  );
}

/** The first of ack and retry wins, as on the platform. */
function handles(
  messages: readonly StoredMessage[],
  fates: Map<string, 'acked' | { delaySeconds: number }>,
): QueueMessage[] {
  return messages.map(({ id, body, attempt }) => ({
    id,
    body,
    attempts: attempt + 1,
    ack: () => void (fates.has(id) || fates.set(id, 'acked')),
    retry: (options) => void (fates.has(id) || fates.set(id, options)),
  }));
}
