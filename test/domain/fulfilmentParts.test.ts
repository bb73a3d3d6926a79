/** An order that is shipped in parts: what has left is off the books with each of them, and the money is taken with the last. */
import { describe, expect, it } from 'vitest';
import { inventoryDecider } from '../../actors/inventory/decider.ts';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { captured, Fulfilment } from '../support/fulfilment.ts';
import { receive, release } from '../support/inventory.ts';
import { ModelActor } from '../support/modelActor.ts';

/** An order of two units, confirmed, and the stock of ten that it is reserved in. */
function confirmed(version: number) {
  const stock = new ModelActor<{ onHand: string; reserved: string }>(inventoryDecider as AnyDecider);
  stock.execute('c-1', receive('10'), 0);
  const saga = new Fulfilment({ ...DEFINITIONS, newest: (name) => DEFINITIONS.find(name, version) });
  saga.toConfirmed(stock);
  return { stock, saga, level: () => `${stock.state.onHand} - ${stock.state.reserved}` };
}

describe('an order that is shipped in parts', () => {
  it('leaves the books part by part, and is paid with the last one', () => {
    const { stock, saga, level } = confirmed(4);
    expect(level()).toBe('10 - 2');
    saga.ship('1', 'CONFIRMED');
    expect(saga.wants).toEqual(['IssueStock']);
    saga.send(stock);
    expect([level(), saga.status, saga.wants]).toEqual(['9 - 1', 'RUNNING', []]);
    saga.ship('1', 'SHIPPED');
    expect(saga.wants).toEqual(['IssueStock', 'CapturePayment']);
    saga.send(stock);
    expect([level(), saga.wants]).toEqual(['8 - 0', ['CapturePayment']]);
    saga.answer('CapturePayment');
    saga.observe('PaymentCaptured', { standing: captured('2') });
    expect(saga.status).toBe('COMPLETED');
  });

  it('is paid although its stock does not answer, and once where that was done by hand', () => {
    const { stock, saga, level } = confirmed(4);
    saga.ship('2', 'SHIPPED');
    saga.refuse('CapturePayment', 'nothing_to_capture');
    expect([saga.status, saga.wants]).toEqual(['RUNNING', ['IssueStock']]);
    saga.send(stock);
    expect([saga.status, level()]).toEqual(['COMPLETED', '8 - 0']);
  });

  it('is captured by its own command, though somebody captures a part by hand meanwhile', () => {
    const { stock, saga } = confirmed(4);
    saga.ship('2', 'SHIPPED');
    saga.send(stock);
    saga.refuse('CapturePayment', 'capture_in_progress');
    saga.observe('PaymentCaptured', { standing: captured('0.5') });
    saga.now += 60_000;
    saga.actor.fireTimers(saga.now);
    expect([saga.status, saga.wants]).toEqual(['RUNNING', ['CapturePayment']]);
    saga.answer('CapturePayment');
    saga.observe('PaymentCaptured', { standing: captured('2') });
    expect(saga.status).toBe('COMPLETED');
  });

  it('leaves the books though its reservation was released by hand: the units come out of what is available', () => {
    const { stock, saga, level } = confirmed(4);
    stock.execute('c-2', release('o-1'), 0);
    saga.ship('1', 'CONFIRMED');
    saga.send(stock);
    expect(level()).toBe('9 - 0');
    saga.ship('1', 'SHIPPED');
    saga.send(stock);
    expect(level()).toBe('8 - 0');
  });

  it('leaves them all at once where its fulfilment is of the second version', () => {
    const { stock, saga, level } = confirmed(2);
    saga.ship('1', 'CONFIRMED');
    expect([saga.wants, level()]).toEqual([[], '10 - 2']);
    saga.ship('1', 'SHIPPED');
    expect(saga.wants).toEqual(['CommitReservation', 'CapturePayment']);
    saga.send(stock);
    expect(level()).toBe('8 - 0');
  });
});
