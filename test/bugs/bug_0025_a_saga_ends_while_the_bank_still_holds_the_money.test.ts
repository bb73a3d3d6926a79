/**
 * A void counted as done once it had been asked for, and sagas were not told what the bank said to it. Where the bank declined,
 * the fulfilment ended COMPENSATED and the cancellation COMPLETED while the money was held, and nobody was asked.
 */
import { expect, it } from 'vitest';
import { sagaDecider } from '../../actors/saga/decider.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import { SandboxBank } from '../../actors/sandbox/bank.ts';
import type { ProjectedEvent } from '../../queues/kernel/projector.ts';
import { toldOf } from '../../queues/sagas/subscriptions.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import type { ProviderCall } from '../../schemas/paymentProvider.ts';
import { CANCELLATION_DEFINITION, FULFILMENT_DEFINITION } from '../../schemas/saga.ts';
import { ModelActor, type ModelCommand, type ModelOutcome } from '../support/modelActor.ts';
import { authorize, decider, notice } from '../support/payment.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const START = Date.UTC(2026, 0, 5, 9);
const VOID_DECLINES = 'tok_void_decline';
const INPUT = {
  orderId: 'o',
  customerId: 'c',
  currency: 'GBP',
  total: '2',
  payment: { method: 'card', token: VOID_DECLINES },
  items: [{ line: 1, productId: 'p', quantity: '2' }],
  reason: 'no longer wanted',
};

/** A saga with a payment at the bank of the sandbox; order and stock take whatever it asks of them, but for `refused`. */
class Shop {
  readonly saga: ModelActor<SagaState>;
  readonly payment = new ModelActor<object>(decider);
  /** Ids of the voids that the payment was asked for. */
  readonly voids = new Set<string>();
  readonly #bank = new SandboxBank(sqliteStorage(), () => START);
  readonly #sagaId: string;
  readonly #refused: string | undefined;
  #commands = 0;
  #told = 0;

  constructor(
    sagaId: string,
    { refused, definitions = DEFINITIONS }: { refused?: string; definitions?: typeof DEFINITIONS },
  ) {
    this.saga = new ModelActor<SagaState>(sagaDecider(definitions));
    this.#sagaId = sagaId;
    this.#refused = refused;
  }

  get status(): string {
    return this.saga.state.status;
  }

  get money(): string {
    return (this.payment.state as { standing: { status: string } }).standing.status;
  }

  toPayment(command: ModelCommand): Promise<void> {
    this.payment.execute(`c-${this.#commands++}`, command, START);
    return this.#settle();
  }

  toSaga(type: string, data: object): Promise<void> {
    this.#tell({ type, data });
    return this.#settle();
  }

  #tell(command: ModelCommand): ModelOutcome {
    return this.saga.execute(`c-${this.#commands++}`, command, START);
  }

  /** Until nothing is wanted any more. */
  async #settle(): Promise<void> {
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
    if (type === this.#refused) return { answer: 'refused', code: 'no', detail: 'No.', unheard: false };
    if (aggregateType !== 'payment') return { answer: 'accepted' };
    if (type === 'VoidPayment') this.voids.add(commandId);
    const outcome = this.payment.execute(commandId, { type, data }, START);
    if (outcome.status !== 'refused') return { answer: 'accepted' };
    return { answer: 'refused', code: outcome.code, detail: outcome.detail, unheard: false };
  }

  /** What the payment's events mean to the saga, as the queue of the sagas tells it. */
  async #deliver(): Promise<void> {
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

/** An order that was paid and could not be confirmed. */
async function undone(definitions = DEFINITIONS): Promise<Shop> {
  const shop = new Shop('fulfil-o', { refused: 'ConfirmOrder', definitions });
  await shop.toSaga('StartSaga', { sagaId: 'fulfil-o', definition: FULFILMENT_DEFINITION, input: INPUT });
  return shop;
}

/** An order that was cancelled after it had been paid. */
async function cancelled(definitions = DEFINITIONS): Promise<Shop> {
  const shop = new Shop('cancel-o', { definitions });
  await shop.toPayment(authorize({ orderId: 'o', amount: '2', token: VOID_DECLINES }));
  await shop.toSaga('StartSaga', { sagaId: 'cancel-o', definition: CANCELLATION_DEFINITION, input: INPUT });
  return shop;
}

const operator = { reason: 'I asked the bank' };
const letGo = (shop: Shop) => {
  const { reference } = shop.payment.state as { reference: string };
  return shop.toPayment(notice({ notice: 'voided', reference }));
};

it.each([
  ['fulfilment', undone, 'authorize-payment', 'undo authorize-payment', 'COMPENSATED'],
  ['cancellation', cancelled, 'void-payment', 'void-payment', 'COMPLETED'],
] as const)(
  'a %s whose void was declined waits for an operator while the money is held',
  async (_, begin, step, sent, ended) => {
    const shop = await begin();
    expect([shop.money, shop.status]).toEqual(['AUTHORIZED', 'PARKED']);
    expect(shop.saga.state.reason).toBe(`${step}: refused_by_event`);
    expect(shop.saga.events.at(-1)).toMatchObject({ type: 'SagaParked', data: { steps: [step] } });
    // Another try is another void, which the bank declines as well.
    await shop.toSaga('RetrySaga', operator);
    expect([shop.money, shop.status, shop.voids.size]).toEqual(['AUTHORIZED', 'PARKED', 2]);
    expect([...shop.voids].every((id) => id.startsWith(`saga ${shop.saga.state.sagaId} ${sent}`))).toBe(true);
    expect(shop.payment.events.filter(({ type }) => type === 'VoidFailed')).toHaveLength(2);
    await letGo(shop);
    if (shop.status === 'PARKED') await shop.toSaga('RetrySaga', operator);
    expect([shop.money, shop.status]).toEqual(['VOIDED', ended]);
  },
);

it.each([
  ['fulfilment', undone, 'COMPENSATED'],
  ['cancellation', cancelled, 'COMPLETED'],
] as const)('a %s ends where the money was taken otherwise meanwhile', async (_, begin, ended) => {
  const shop = await begin();
  await shop.toPayment({ type: 'CapturePayment', data: {} });
  await shop.toSaga('CompensateSaga', operator);
  await shop.toSaga('RetrySaga', operator);
  expect(shop.status).toBe(ended);
});

it.each([
  ['fulfilment', undone, 'COMPENSATED'],
  ['cancellation', cancelled, 'COMPLETED'],
] as const)('a %s of the version before ends as it began', async (_, begin, ended) => {
  const first = { ...DEFINITIONS, newest: (name: string) => DEFINITIONS.find(name, 1) };
  const shop = await begin(first);
  expect([shop.saga.state.definitionVersion, shop.status, shop.voids.size]).toEqual([1, ended, 1]);
});
