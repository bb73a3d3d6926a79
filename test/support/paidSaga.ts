/** A saga of an order with its payment at the bank of the sandbox, told of the payment's events as the queue of the sagas tells it. */
import { sagaDecider } from '../../actors/saga/decider.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import { SandboxBank } from '../../actors/sandbox/bank.ts';
import type { ProjectedEvent } from '../../queues/kernel/projector.ts';
import { toldOf } from '../../queues/sagas/subscriptions.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import type { ProviderCall } from '../../schemas/paymentProvider.ts';
import { ModelActor, type ModelCommand, type ModelOutcome } from './modelActor.ts';
import { decider } from './payment.ts';
import { sqliteStorage } from './sqliteStorage.ts';

const START = Date.UTC(2026, 0, 5, 9);

/** What such a saga of the order `o`, of 2 pounds, is started with. */
export function orderInput(token: string) {
  return {
    orderId: 'o',
    customerId: 'c',
    currency: 'GBP',
    total: '2',
    payment: { method: 'card', token },
    items: [{ line: 1, productId: 'p', quantity: '2' }],
    reason: 'no longer wanted',
  };
}

/** What a test has to say in it. */
export interface PaidSagaOptions {
  /** The type of a command that is refused. */
  readonly refused?: string;
  readonly definitions?: typeof DEFINITIONS;
  /** Called as a command of the saga arrives, before it is taken. */
  readonly arrives?: (type: string, saga: PaidSaga) => void;
}

/** Order and stock take whatever the saga asks of them, but for what is `refused`. */
export class PaidSaga {
  readonly saga: ModelActor<SagaState>;
  readonly payment = new ModelActor<object>(decider);
  /** Ids of the voids that the payment was asked for. */
  readonly voids = new Set<string>();
  /** Whether the queue is held up. */
  isHeldUp = false;
  readonly #bank = new SandboxBank(sqliteStorage(), () => START);
  readonly #sagaId: string;
  readonly #options: PaidSagaOptions;
  #commands = 0;
  #told = 0;

  constructor(sagaId: string, options: PaidSagaOptions = {}) {
    this.saga = new ModelActor<SagaState>(sagaDecider(options.definitions ?? DEFINITIONS));
    this.#sagaId = sagaId;
    this.#options = options;
  }

  get status(): string {
    return this.saga.state.status;
  }

  get money(): string {
    return this.standing.status as string;
  }

  get standing(): Readonly<Record<string, string>> {
    return (this.payment.state as { standing: Record<string, string> }).standing;
  }

  /** A command of somebody else to the payment, of which nothing follows yet. */
  byHand(command: ModelCommand): ModelOutcome {
    return this.payment.execute(`c-${this.#commands++}`, command, START);
  }

  toPayment(command: ModelCommand): Promise<void> {
    this.byHand(command);
    return this.settle();
  }

  toSaga(type: string, data: object): Promise<void> {
    this.#tell({ type, data });
    return this.settle();
  }

  #tell(command: ModelCommand): ModelOutcome {
    return this.saga.execute(`c-${this.#commands++}`, command, START);
  }

  /** The queue delivers everything from the beginning once more. */
  tellAgain(): Promise<void> {
    this.#told = 0;
    this.isHeldUp = false;
    return this.settle();
  }

  /** Until nothing is wanted any more. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.#commands; ) {
      before = this.#commands;
      for (const { effect, request } of [...(this.payment.decider.effects?.(this.payment.state) ?? [])]) {
        const result = this.#bank.perform(request as ProviderCall, 'o');
        const data = { operation: effect, result };
        this.payment.execute(`c-${this.#commands++}`, { type: 'RecordProviderResult', data }, START);
      }
      for (const { effect, request } of [...(this.saga.decider.effects?.(this.saga.state) ?? [])])
        this.#tell({ type: 'RecordAnswer', data: { effect, answer: this.#send(request as CommandRequest) } });
      await this.#deliver();
    }
  }

  #send({ aggregateType, commandId, type, data }: CommandRequest): ReceiverAnswer {
    this.#options.arrives?.(type, this);
    if (type === this.#options.refused)
      return { answer: 'refused', code: 'no', detail: 'No.', unheard: false };
    if (aggregateType !== 'payment') return { answer: 'accepted' };
    if (type === 'VoidPayment') this.voids.add(commandId);
    const outcome = this.payment.execute(commandId, { type, data }, START);
    if (outcome.status !== 'refused') return { answer: 'accepted' };
    return { answer: 'refused', code: outcome.code, detail: outcome.detail, unheard: false };
  }

  /** What the payment's events mean to the saga, as the queue of the sagas tells it. */
  async #deliver(): Promise<void> {
    if (this.isHeldUp) return;
    for (const { type, data, version } of this.payment.events.slice(this.#told)) {
      this.#told = version;
      const published = { hash: version.toString(16).padStart(64, '0'), metadata: {} };
      const event = { aggregateType: 'payment', aggregateId: 'o', eventType: type, current: data, published };
      const told = await toldOf(event as unknown as ProjectedEvent, () =>
        Promise.reject(new Error('not asked for')),
      );
      for (const { sagaId, command } of told)
        if (sagaId === this.#sagaId) this.#tell(command as ModelCommand);
    }
  }
}
