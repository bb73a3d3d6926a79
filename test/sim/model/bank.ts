/**
 * The sandbox's bank as an outside party: the product's own books behind calls that may be lost either way, and webhooks that
 * come late, several times, or never.
 */
import { SandboxBank } from '../../../actors/sandbox/bank.ts';
import { noticeCommand } from '../../../payments/provider.ts';
import type { Delivery } from '../../../payments/sandbox/bank.ts';
import { readSandboxWebhook, sandboxWebhook } from '../../../payments/sandbox/webhook.ts';
import type { CommandEnvelope } from '../../../schemas/envelope.ts';
import { partOf, SANDBOX_PARTS, sandboxName } from '../../../schemas/partition.ts';
import type { ProviderCall, ProviderResult } from '../../../schemas/paymentProvider.ts';
import { NetworkFault, type ObjectContext } from './application.ts';
import { SimObject } from './durableObject.ts';
import { StorageFault } from './storage.ts';
import { type Caller, settled, type World } from './world.ts';

/** What webhooks are signed with. */
const SECRET = 'webhooks-of-a-test';

/** Chance that the bank tells a payment once more of something that it has told before, just as it is asked for more. */
const TOLD_AGAIN_CHANCE = 0.2;

/** Chance that a call without an answer is one to its caller, as over HTTP; else it throws, as over RPC. */
const HTTP_CHANCE = 0.5;

/** Chance that a bank which says no, or nothing of use, names the card. */
const WORDY_CHANCE = 0.3;

/** Whoever watches the bank. */
export interface BankWatcher {
  /** A part has committed something. */
  committed(part: number): void;
  /** Somebody asks it for something. */
  asked(paymentId: string, call: ProviderCall): void;
}

/** Hands a payment a command; resolves once that was answered. */
export type Deliver = (caller: Caller, paymentId: string, command: CommandEnvelope) => Promise<void>;

/** A part of the bank as the platform starts it. */
interface BankApp {
  perform(call: ProviderCall, paymentId: string): ProviderResult;
  alarm(): Promise<void>;
}

/** The parts of the bank. */
export class SimBank {
  readonly parts: readonly SimObject<BankApp>[];
  readonly #world: World;
  readonly #deliver: Deliver;
  readonly #watcher: BankWatcher;
  /** What was delivered, by payment. */
  readonly #told = new Map<string, Delivery[]>();
  /** Where webhooks come from that are sent once more: what is answered to them matters to nobody. */
  readonly #repeater: Caller = {
    alive: true,
    emit: (effect) => this.#world.add(effect),
    deliver: async (_label, settle) => {
      settle();
      await settled();
    },
  };

  constructor(world: World, deliver: Deliver, watcher: BankWatcher) {
    this.#world = world;
    this.#watcher = watcher;
    this.#deliver = deliver;
    this.parts = Array.from({ length: SANDBOX_PARTS }, (_, part) => {
      return new SimObject<BankApp>(
        world,
        `bank ${sandboxName(part)}`,
        (context) => this.#start(context),
        () => watcher.committed(part),
      );
    });
  }

  /** A call of a payment, over a network that loses what it likes. */
  async perform(caller: Caller, call: ProviderCall, paymentId: string): Promise<ProviderResult> {
    const part = this.parts[partOf(paymentId, SANDBOX_PARTS)] as SimObject<BankApp>;
    this.#watcher.asked(paymentId, call);
    this.#tellAgain(paymentId);
    try {
      const result = await part.call(caller, call.operation, (app) => app.perform(call, paymentId));
      return this.#wordy(result, call);
    } catch (error) {
      const isFault = error instanceof NetworkFault || error instanceof StorageFault;
      if (!isFault || !this.#world.random.chance(HTTP_CHANCE)) throw error;
      return { outcome: 'unanswered', code: 'timeout', detail: error.message };
    }
  }

  /** Some providers repeat in an error what they were asked with. */
  #wordy(result: ProviderResult, { token }: ProviderCall): ProviderResult {
    if (!('detail' in result) || token === '' || !this.#world.strikes(WORDY_CHANCE)) return result;
    return { ...result, detail: `${result.detail} The card was ${token}.` };
  }

  /** A webhook may come once more at any time: here it races with the next call. */
  #tellAgain(paymentId: string): void {
    const told = this.#told.get(paymentId);
    if (told === undefined || !this.#world.strikes(TOLD_AGAIN_CHANCE)) return;
    const delivery = this.#world.random.pick(told);
    const run = () => void this.#send(this.#repeater, delivery, this.#world.clock).catch(() => undefined);
    this.#world.add({ label: `webhook ${delivery.deliveryId} again`, at: this.#world.soon(), run });
  }

  #start({ storage, caller, now }: ObjectContext): BankApp {
    const bank = new SandboxBank(storage, now);
    const rearm = () => {
      const at = bank.nextDeliveryAt();
      if (at !== undefined) storage.setAlarm(at);
    };
    return {
      perform: (call, paymentId) => {
        const result = bank.perform(call, paymentId);
        rearm();
        return result;
      },
      alarm: async () => {
        try {
          await bank.deliver((delivery) => this.#send(caller, delivery, now()));
        } finally {
          rearm();
        }
      },
    };
  }

  async #send(caller: Caller, delivery: Delivery, now: number): Promise<boolean> {
    const { body, headers } = sandboxWebhook(delivery, SECRET, Math.floor(now / 1_000));
    const webhook = { body: new TextEncoder().encode(body), header: (name: string) => headers[name] };
    const reading = readSandboxWebhook(webhook, [SECRET], Math.floor(this.#world.clock / 1_000));
    if (reading.status !== 'notice') throw new Error(`a webhook of the bank is ${reading.status}`);
    const { paymentId } = reading;
    this.#told.set(paymentId, [...(this.#told.get(paymentId) ?? []), delivery]);
    await this.#deliver(caller, paymentId, noticeCommand('sandbox', reading));
    return true;
  }
}
