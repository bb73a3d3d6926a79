/** The fulfilment of one order, of two units on each of its lines, a command at a time: what it sends is answered by whom a test says. */
import { sagaDecider } from '../../actors/saga/decider.ts';
import type { SagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import { FULFILMENT_DEFINITION, type SagaCommand } from '../../schemas/saga.ts';
import { ModelActor, type ModelOutcome } from './modelActor.ts';

/** A command that the saga wants sent. */
interface Wanted {
  readonly effect: string;
  readonly request: CommandRequest;
}

export class Fulfilment {
  readonly actor: ModelActor<SagaState>;
  now = Date.UTC(2026, 0, 5, 9);
  #shipments = 0;

  constructor(definitions: SagaDefinitions, lines = 1) {
    this.actor = new ModelActor<SagaState>(sagaDecider(definitions));
    const payment = { method: 'card', token: 'tok_ok' };
    const items = Array.from({ length: lines }, (_, place) => ({
      line: place + 1,
      productId: place === 0 ? 'p' : `p-${place}`,
      quantity: '2',
    }));
    const input = { orderId: 'o', customerId: 'c', currency: 'GBP', total: '2', payment, items };
    this.tell({ type: 'StartSaga', data: { sagaId: 'fulfil-o', definition: FULFILMENT_DEFINITION, input } });
  }

  /** Through everything before the shipment; the stock, where one is given, takes the reservation. */
  toConfirmed(stock?: ModelActor<object>): void {
    if (stock === undefined) this.answer('ReserveStock');
    else this.send(stock);
    this.answer('AuthorizePayment');
    this.observe('PaymentAuthorized', { standing: { status: 'AUTHORIZED' } });
    this.answer('ConfirmOrder');
  }

  get status(): string {
    return this.actor.state.status;
  }

  /** Types of the commands that it wants sent. */
  get wants(): string[] {
    return this.#wanted().map(({ request }) => request.type);
  }

  #wanted(): Wanted[] {
    const { decider, state } = this.actor;
    return Array.from(decider.effects?.(state) ?? [], ({ effect, request }) => ({
      effect,
      request: request as CommandRequest,
    }));
  }

  tell(command: SagaCommand): ModelOutcome {
    return this.actor.execute(`c-${this.now++}`, command, this.now);
  }

  /** What becomes of an operator's command. */
  operator(type: 'RetrySaga' | 'CompensateSaga' | 'SettleSaga', data: { reason: string }): string {
    return codeOf(this.tell({ type, data }));
  }

  /** Answers the first command of a type. */
  answer(type: string, answer: ReceiverAnswer = { answer: 'accepted' }): void {
    const wanted = this.#wanted().find(({ request }) => request.type === type);
    if (wanted === undefined) throw new Error(`${type} is not wanted, but ${this.wants}`);
    this.tell({ type: 'RecordAnswer', data: { effect: wanted.effect, answer } });
  }

  /** Refuses the first command of a type. */
  refuse(type: string, code: string): void {
    this.answer(type, { answer: 'refused', code, detail: 'No.', unheard: false });
  }

  /** Sends the first thing that is wanted of a stock, tells the saga the answer, and answers what it was. */
  send(stock: ModelActor<object>): string {
    const wanted = this.#wanted().find(({ request }) => request.aggregateType === 'inventory');
    if (wanted === undefined) throw new Error(`nothing is wanted of the stock, but ${this.wants}`);
    const { commandId, type, data } = wanted.request;
    const outcome = stock.execute(commandId, { type, data }, this.now);
    const answer: ReceiverAnswer =
      outcome.status === 'refused'
        ? { answer: 'refused', code: outcome.code, detail: outcome.detail, unheard: false }
        : { answer: 'accepted' };
    this.tell({ type: 'RecordAnswer', data: { effect: wanted.effect, answer } });
    return codeOf(outcome);
  }

  observe(eventType: string, data: Record<string, unknown>): string {
    return codeOf(this.tell({ type: 'ObserveEvent', data: { eventType, aggregateId: 'o', data } }));
  }

  /** Units leave with the next shipment; the order has then the status. */
  ship(quantity: string, status: 'CONFIRMED' | 'SHIPPED'): string {
    const items = [{ line: 1, productId: 'p', quantity }];
    return this.observe('OrderShipped', { shipmentId: `o-${++this.#shipments}`, items, status });
  }

  /** Time passes, and whatever is due by then happens. */
  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.actor.fireTimers(this.now);
  }
}

function codeOf(outcome: ModelOutcome): string {
  return outcome.status === 'refused' ? outcome.code : outcome.status;
}

/** How the payment of two stands once so much of it has been taken. */
export function captured(amount: string) {
  return {
    status: amount === '2' ? 'CAPTURED' : 'AUTHORIZED',
    authorized: '2',
    captured: amount,
    released: '0',
  };
}
