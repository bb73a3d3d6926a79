/**
 * Sends the commands at full speed: accounts are spread over lanes, a lane has one batch under way at a time. So each
 * account's commands arrive in their order, which its outcomes depend on, while different accounts run side by side.
 */
import type { Client } from './client.ts';
import { PlatformError, quote } from './client.ts';
import type { Expected } from './dispatcher.ts';
import { type BatchResult, Outcomes } from './outcomes.ts';
import { singleFault, singleRequest } from './routes.ts';

/** Batches under way at a time: enough to keep two cores busy while answers travel. */
export const LANES = 8;

/** Commands that go before each batch one by one, through the routes of their accounts: 2 % of all. */
const SINGLES_PER_BATCH = 20;

/** Every second lane sends NDJSON: both forms of the batch are exercised. */
const NDJSON = 'application/x-ndjson';

/** Called when an account's newest version is known to be committed. */
export type OnCommitted = (accountId: string, version: number) => void;

/** What sending took. */
export interface SendFigures {
  readonly batches: number[];
  readonly singles: number[];
  /** Milliseconds from the first request to the last answer. */
  ms: number;
}

/** Give it everything with {@link add}, at any time, then await {@link finish}. */
export class Sender {
  readonly outcomes = new Outcomes();
  readonly figures: SendFigures = { batches: [], singles: [], ms: 0 };
  readonly #batchSize: number;
  readonly #onCommitted: OnCommitted;
  readonly #lanes: Expected[][] = Array.from({ length: LANES }, () => []);
  readonly #laneOf = new Map<string, number>();
  #waiting = 0;
  #added = 0;
  #complete = false;
  #failed = false;
  #running: Promise<unknown> | undefined;
  #startedAt = 0;
  #wake: (() => void)[] = [];

  constructor(batchSize: number, onCommitted: OnCommitted) {
    this.#batchSize = batchSize;
    this.#onCommitted = onCommitted;
  }

  /** Commands added and not yet sent. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Commands added and not yet answered: those that wait and those under way. */
  get unanswered(): number {
    return this.#added - this.outcomes.answered - this.outcomes.faults;
  }

  /** Queues a command behind the earlier ones of its account. */
  add(expected: Expected): void {
    const { aggregateId } = expected.command;
    let lane = this.#laneOf.get(aggregateId);
    if (lane === undefined) {
      lane = this.#laneOf.size % LANES;
      this.#laneOf.set(aggregateId, lane);
    }
    this.#lanes[lane]?.push(expected);
    this.#waiting += 1;
    this.#added += 1;
  }

  /** Starts sending what is there; lanes wait for full batches until {@link finish}. */
  start(client: Client): void {
    if (this.#running !== undefined) {
      this.#wakeLanes();
      return;
    }
    this.#startedAt = performance.now();
    this.#running = Promise.all(this.#lanes.map((lane, index) => this.#drive(client, lane, index % 2 === 1)));
    // `finish` reports a failure; until then it only ends the other lanes.
    this.#running.catch(() => {
      this.#failed = true;
    });
  }

  /** Starts sending and resolves when fewer than `below` commands wait. Rejects where sending failed. */
  async room(client: Client, below: number): Promise<void> {
    this.start(client);
    while (this.#waiting >= below) {
      const sent = new Promise<void>((resolve) => this.#wake.push(resolve));
      await Promise.race([sent, this.#running]);
    }
  }

  /** Sends the rest and resolves with the last answer. Rejects where the platform stopped answering. */
  async finish(client: Client): Promise<void> {
    this.#complete = true;
    this.start(client);
    await this.#running;
    this.figures.ms = performance.now() - this.#startedAt;
  }

  async #drive(client: Client, lane: Expected[], ndjson: boolean): Promise<void> {
    while (!this.#failed) {
      if (lane.length >= this.#batchSize || (this.#complete && lane.length > 0)) {
        for (const expected of this.#take(lane, SINGLES_PER_BATCH)) await this.#sendSingle(client, expected);
        await this.#sendBatch(client, this.#take(lane, this.#batchSize), ndjson);
        this.#wakeLanes();
      } else if (this.#complete) return;
      else await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #take(lane: Expected[], most: number): Expected[] {
    const taken = lane.splice(0, most);
    this.#waiting -= taken.length;
    return taken;
  }

  #wakeLanes(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  async #sendBatch(client: Client, sent: readonly Expected[], ndjson: boolean): Promise<void> {
    if (sent.length === 0) return;
    const texts = sent.map(({ command }) => JSON.stringify(command));
    const reply = await client.send({
      method: 'POST',
      path: '/v1/commands',
      ...(ndjson
        ? { body: `${texts.join('\n')}\n`, contentType: NDJSON }
        : { body: `{"commands":[${texts.join(',')}]}` }),
    });
    if (reply.status !== 200) throw new PlatformError(`POST /v1/commands answered ${quote(reply)}`);
    this.figures.batches.push(reply.ms);
    this.outcomes.addBatch(sent, (JSON.parse(reply.text) as { results: BatchResult[] }).results);
    const newest = new Map<string, number>();
    for (const { command, outcome } of sent) {
      if (outcome.status === 'accepted') newest.set(command.aggregateId, outcome.version);
    }
    for (const [accountId, version] of newest) this.#onCommitted(accountId, version);
  }

  async #sendSingle(client: Client, { command, outcome }: Expected): Promise<void> {
    const reply = await client.send(singleRequest(command));
    this.figures.singles.push(reply.ms);
    const fault = singleFault(command, outcome, reply);
    if (fault === undefined) this.outcomes.add(outcome);
    else this.outcomes.addFault(command, outcome, fault);
    if (outcome.status === 'accepted') this.#onCommitted(command.aggregateId, outcome.version);
  }
}
