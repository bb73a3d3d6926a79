/**
 * A fulfilment that waited for an operator until its reservations had expired was refused its stock for ever: the goods had
 * left, `retry` was refused as before, and `compensate` came after the point of no return.
 */
import { describe, expect, it } from 'vitest';
import { inventoryDecider } from '../../actors/inventory/decider.ts';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import { DEFINITION_LIST, DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { FULFILMENT_DEFINITION } from '../../schemas/saga.ts';
import { captured, Fulfilment } from '../support/fulfilment.ts';
import { receive, release, reserve } from '../support/inventory.ts';
import { ModelActor } from '../support/modelActor.ts';

const DAY_MS = 86_400_000;
const operator = { reason: 'it has left' };

/** A stock of ten, of which the order wants two. */
class Stock extends ModelActor<{ onHand: string; reserved: string }> {
  constructor() {
    super(inventoryDecider as AnyDecider);
    this.execute('c-1', receive('10'), Date.UTC(2026, 0, 1));
  }

  get level(): string {
    return `${this.state.onHand} - ${this.state.reserved}`;
  }
}

/** Everything has left, but the stock did not answer until its reservation had expired, and an operator was asked. */
function parked(version: number) {
  const stock = new Stock();
  const saga = new Fulfilment({ ...DEFINITIONS, newest: (name) => DEFINITIONS.find(name, version) });
  saga.toConfirmed(stock);
  saga.ship('2', 'SHIPPED');
  saga.answer('CapturePayment');
  saga.observe('PaymentCaptured', { standing: captured('2') });
  saga.pass(22 * DAY_MS);
  stock.fireTimers(saga.now);
  expect([saga.status, stock.level]).toEqual(['PARKED', '10 - 0']);
  return { stock, saga };
}

const versions = DEFINITION_LIST.filter(({ name }) => name === FULFILMENT_DEFINITION).map(
  ({ version }) => version,
);

describe.each(versions)('a parked fulfilment of version %i whose reservation has expired', (version) => {
  it('goes on with a retry, and the goods are off the books once', () => {
    const { stock, saga } = parked(version);
    expect(saga.operator('RetrySaga', operator)).toBe('accepted');
    expect(saga.send(stock)).toBe('accepted');
    expect([saga.status, stock.level]).toEqual(['COMPLETED', '8 - 0']);
  });

  it('waits on while the units are promised to others, and goes on once they are not', () => {
    const { stock, saga } = parked(version);
    stock.execute('c-2', reserve('other', '9'), saga.now);
    saga.operator('RetrySaga', operator);
    expect(saga.send(stock)).toBe('insufficient_stock');
    expect([saga.status, stock.level]).toEqual(['PARKED', '10 - 9']);
    stock.execute('c-3', release('other'), saga.now);
    saga.operator('RetrySaga', operator);
    expect(saga.send(stock)).toBe('accepted');
    expect([saga.status, stock.level]).toEqual(['COMPLETED', '8 - 0']);
  });
});
