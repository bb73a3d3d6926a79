/** Clients that never give up: what was not answered is sent again under the same command id. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Reply } from '../../../demo/client.ts';
import type { BatchResult } from '../../../demo/outcomes.ts';
import type { Random } from '../../../demo/random.ts';
import { singleRequest } from '../../../demo/routes.ts';
import type { CommandSource } from './commands.ts';
import type { Answer, Entry, Ledger } from './ledger.ts';

/** Pause after an attempt without an answer: a server that starts needs some seconds. */
const RETRY_MS = 100;

/** Without an answer for so long, with the server up again, something is wrong. */
const GIVE_UP_MS = 120_000;

/** Commands of the largest batch. After a restart it has to wake an actor for nearly each of them. */
const BATCH_MAX = 60;

/** Part of the requests whose client hangs up, after so long, and asks again. */
const IMPATIENT_SHARE = 0.05;
const PATIENCE_MS_MAX = 30;

/** Part of the requests that ask again for what was acknowledged long ago. */
const REPEAT_SHARE = 0.05;

/** Codes of a batch that say nothing about what became of the command. */
const UNANSWERED: ReadonlySet<unknown> = new Set(['internal_error', 'unavailable']);

/** What the clients share. */
export interface ClientsDeps {
  readonly client: Client;
  readonly source: CommandSource;
  readonly ledger: Ledger;
  readonly random: Random;
}

/** Some clients at work. */
export class Clients {
  readonly #deps: ClientsDeps;
  readonly #running: Promise<unknown>;
  #stopping = false;
  /** Nothing is sent before it resolves. */
  #held: Promise<void> = Promise.resolve();
  #letGo: () => void = () => undefined;

  constructor(deps: ClientsDeps, count: number) {
    this.#deps = deps;
    // Every second one sends single commands: they are answered where a batch still waits for its last account.
    this.#running = Promise.all(
      Array.from({ length: count }, (_, index) => this.#work(index % 2 === 0 ? 1 : BATCH_MAX)),
    );
    // `finish` reports a failure.
    this.#running.catch(() => undefined);
  }

  /** From now on nothing new is sent; what was not answered still is. */
  stop(): void {
    this.#stopping = true;
  }

  /** From now on nothing at all is sent, until `finish`: what is there must not be woken by asking again. */
  hold(): void {
    this.stop();
    this.#held = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  /** Resolves when everything sent was answered. */
  async finish(): Promise<void> {
    this.stop();
    this.#letGo();
    await this.#running;
  }

  async #work(batchMax: number): Promise<void> {
    const { ledger, random, source } = this.#deps;
    while (!this.#stopping) {
      const { acknowledged } = ledger;
      if (acknowledged.length > 0 && random.chance(REPEAT_SHARE)) {
        await this.#untilAnswered([random.pick(acknowledged)]);
      } else {
        const size = 1 + random.integer(batchMax);
        await this.#untilAnswered(Array.from({ length: size }, () => ledger.enter(source.next())));
      }
    }
  }

  async #untilAnswered(entries: readonly Entry[]): Promise<void> {
    const { ledger, random } = this.#deps;
    let open = entries;
    let isPatient = !random.chance(IMPATIENT_SHARE);
    for (let end = Date.now() + GIVE_UP_MS; ; await sleep(RETRY_MS)) {
      const held = Date.now();
      await this.#held;
      end += Date.now() - held;
      const patience = isPatient ? undefined : AbortSignal.timeout(1 + random.integer(PATIENCE_MS_MAX));
      for (const entry of open) entry.sentAt = Date.now();
      try {
        open = await this.#attempt(open, patience);
      } catch {
        // Killed, being started, or hung up on: the answer is lost, and the command may or may not have run.
        ledger.unanswered += open.length;
        if (patience?.aborted) for (const entry of open) entry.isUncertain = true;
      }
      if (open.length === 0) return;
      isPatient = true;
      if (Date.now() > end) throw new Error(`${open[0]?.command.commandId} is never answered`);
    }
  }

  /** Sends the commands once; answers those that are still open. */
  async #attempt(entries: readonly Entry[], signal: AbortSignal | undefined): Promise<readonly Entry[]> {
    const { client, ledger } = this.#deps;
    const patience = signal === undefined ? {} : { signal };
    const [first] = entries;
    if (first !== undefined && entries.length === 1) {
      const answer = singleAnswer(await client.send({ ...singleRequest(first.command), ...patience }));
      if (answer === undefined) return entries;
      ledger.answer(first, answer);
      return [];
    }
    const body = JSON.stringify({ commands: entries.map(({ command }) => command) });
    const reply = await client.send({ method: 'POST', path: '/v1/commands', body, ...patience });
    if (reply.status >= 500) return entries;
    if (reply.status !== 200) throw new Error(`a batch was answered ${reply.status}: ${reply.text}`);
    const { results } = JSON.parse(reply.text) as { results: BatchResult[] };
    return entries.filter((entry, place) => {
      const result = results[place];
      if (result === undefined || UNANSWERED.has(result.code)) return true;
      ledger.answer(entry, result as Answer);
      return false;
    });
  }
}

/** What the reply of a command's own route says; undefined where the server could not tell. */
function singleAnswer(reply: Reply): Answer | undefined {
  if (reply.status >= 500) return undefined;
  const body = JSON.parse(reply.text) as { version: number; code: string };
  if (reply.status >= 400) return { status: 'refused', code: body.code };
  const replayed = reply.headers['idempotency-replayed'] === 'true';
  return { status: replayed ? 'replayed' : 'accepted', version: body.version };
}
