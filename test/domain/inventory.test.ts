/** The rules of a product's stock, given/when/then: every event, every refusal. */
import { describe, expect, it } from 'vitest';
import { inventoryDecider } from '../../actors/inventory/decider.ts';
import { RECEIVED_AT } from '../support/given.ts';
import {
  adjust,
  barred,
  commit,
  committed,
  expire,
  expired,
  given,
  issue,
  receive,
  received,
  release,
  released,
  reserve,
  reserved,
  stateAfter,
} from '../support/inventory.ts';

const LATER = '2026-01-02T03:04:05.679Z';

describe('the stock of a product', () => {
  it('begins with what is received, and adds up', () => {
    given()
      .when(receive('10', 'delivery 17'))
      .events({
        type: 'StockReceived',
        data: { quantity: '10', reference: 'delivery 17', onHand: '10', reserved: '0', available: '10' },
      });
    given(received('10')).when(receive('5')).event('StockReceived', { onHand: '15', available: '15' });
  });

  it('is corrected up and down, never below what is promised', () => {
    given(received('10'), reserved('r', '4', '10'))
      .when(adjust('-6'))
      .events({
        type: 'StockAdjusted',
        data: { quantity: '-6', reason: 'counted', onHand: '4', reserved: '4', available: '0' },
      });
    given(received('10'), reserved('r', '4', '10'))
      .when(adjust('-7'))
      .refused('insufficient_stock');
    given(received('10')).when(adjust('3')).event('StockAdjusted', { onHand: '13' });
  });

  it('is promised to the last unit, and not one more', () => {
    given(received('10'))
      .when(reserve('r', '10', LATER))
      .events({
        type: 'StockReserved',
        data: {
          reservationId: 'r',
          quantity: '10',
          expiresAt: LATER,
          onHand: '10',
          reserved: '10',
          available: '0',
        },
      });
    given(received('10'))
      .when(reserve('r', '11'))
      .refused('insufficient_stock', /Available are 10/);
    given(received('10'), reserved('r', '10', '10'))
      .when(reserve('s', '1'))
      .refused('insufficient_stock');
  });

  it('is free again once a reservation is released', () => {
    given(received('10'), reserved('r', '10', '10'))
      .when(release('r', 'declined'))
      .events({
        type: 'ReservationReleased',
        data: {
          reservationId: 'r',
          quantity: '10',
          reason: 'declined',
          onHand: '10',
          reserved: '0',
          available: '10',
        },
      });
  });

  it('leaves when a reservation is committed, in one go or in parts', () => {
    const history = [received('10'), reserved('r', '6', '10')];
    given(...history)
      .when(commit('r'))
      .events({
        type: 'ReservationCommitted',
        data: {
          reservationId: 'r',
          quantity: '6',
          remaining: '0',
          onHand: '4',
          reserved: '0',
          available: '4',
        },
      });
    given(...history)
      .when(commit('r', '2'))
      .event('ReservationCommitted', { remaining: '4', onHand: '8', reserved: '4', available: '4' });
    given(...history, committed('r', '2', '4', '8'))
      .when(commit('r', '5'))
      .refused('insufficient_reservation');
    given(...history, committed('r', '2', '4', '8'))
      .when(release('r'))
      .event('ReservationReleased', { quantity: '4', onHand: '8', reserved: '0' });
  });

  it('is free again once a reservation expires', () => {
    given(received('10'), reserved('r', '6', '10', '6', LATER))
      .when(expire('r'))
      .events({
        type: 'ReservationExpired',
        data: { reservationId: 'r', quantity: '6', onHand: '10', reserved: '0', available: '10' },
      });
  });

  it('tells whoever comes too late what has become of a reservation', () => {
    const history = [received('10'), reserved('r', '6', '10')];
    for (const late of [release('r'), expire('r'), reserve('r', '1')])
      given(...history, expired('r', '6', '10'))
        .when(late)
        .refused('reservation_expired');
    for (const late of [release('r'), commit('r'), expire('r'), reserve('r', '1')]) {
      given(...history, released('r', '6', '10'))
        .when(late)
        .refused('reservation_ended', /released/);
      given(...history, committed('r', '6', '0', '4'))
        .when(late)
        .refused('reservation_ended', /left/);
    }
    for (const late of [commit('r'), expire('r')])
      given(received('10')).when(late).refused('reservation_not_found');
  });

  it('lets goods leave after their reservation has expired, once, out of what is promised to nobody', () => {
    const history = [received('10'), reserved('r', '6', '10'), expired('r', '6', '10')];
    const level = { onHand: '4', reserved: '0', available: '4' };
    given(...history)
      .when(commit('r'))
      .events({
        type: 'ReservationCommitted',
        data: { reservationId: 'r', quantity: '6', remaining: '0', ...level },
      });
    given(...history, committed('r', '6', '0', '4'))
      .when(commit('r'))
      .refused('reservation_ended', /left/);
    given(...history, committed('r', '2', '0', '8'))
      .when(commit('r'))
      .event('ReservationCommitted', { quantity: '4', onHand: '4' });
    given(...history)
      .when(commit('r', '7'))
      .refused('insufficient_reservation', /holds 6/);
    const promised = [...history, reserved('s', '5', '10')];
    given(...promised)
      .when(commit('r'))
      .refused('insufficient_stock', /6 of 6 units .* 5 are available/);
    given(...promised)
      .when(commit('r', '5'))
      .event('ReservationCommitted', { remaining: '0', onHand: '5', reserved: '5', available: '0' });
  });

  it('issues what is known to have left, reserved units first, and never units that others were promised', () => {
    const history = [received('10'), reserved('r', '6', '10')];
    given(...history)
      .when(issue('r', '2'))
      .event('ReservationCommitted', { remaining: '4', onHand: '8', reserved: '4', available: '4' });
    given(...history)
      .when(issue('r', '8'))
      .event('ReservationCommitted', { quantity: '8', remaining: '0', onHand: '2', reserved: '0' });
    for (const ending of [released('r', '6', '10'), expired('r', '6', '10')])
      given(...history, ending)
        .when(issue('r', '6'))
        .event('ReservationCommitted', { remaining: '0', onHand: '4', available: '4' });
    given(received('10'))
      .when(issue('never made', '3'))
      .event('ReservationCommitted', { remaining: '0', onHand: '7' });
    given(received('10'), committed('never made', '3', '0', '7'))
      .when(reserve('never made', '1'))
      .refused('reservation_ended', /left/);
    given(...history, reserved('s', '4', '10', '10'))
      .when(issue('r', '7'))
      .refused('insufficient_stock', /1 of 7 units .* 0 are available/);
  });

  it('bars a reservation that is given up before it was made', () => {
    given(received('10'))
      .when(release('r', 'too late'))
      .events({
        type: 'ReservationBarred',
        data: { reservationId: 'r', reason: 'too late', onHand: '10', reserved: '0', available: '10' },
      });
    given(received('10'), barred('r', '10'))
      .when(reserve('r', '1'))
      .refused('reservation_ended', /barred/);
    given(received('10'), barred('r', '10')).when(reserve('s', '1')).event('StockReserved', {});
  });

  it('remembers a thousand that ended', () => {
    const endings = Array.from({ length: 1_001 }, (_, index) => barred(`r-${index}`, '10'));
    given(received('10'), ...endings)
      .when(commit('r-0'))
      .refused('reservation_not_found');
    given(received('10'), ...endings)
      .when(commit('r-1'))
      .refused('reservation_ended');
  });

  it('refuses a reservation whose time is up before it begins', () => {
    given(received('10'))
      .when(reserve('r', '1', RECEIVED_AT))
      .refused('reservation_expired');
    given(received('10'))
      .when(reserve('r', '1', LATER))
      .event('StockReserved', { expiresAt: LATER });
  });

  it('refuses everything of a product that was never received', () => {
    for (const command of [
      adjust('1'),
      reserve('r', '1'),
      release('r'),
      commit('r'),
      issue('r', '1'),
      expire('r'),
    ])
      given().when(command).refused('inventory_not_found');
  });

  it('stays within the digits of a quantity', () => {
    const most = '999999999999999';
    given(received(most)).when(receive('1')).refused('quantity_out_of_range');
    given(received(most)).when(adjust('1')).refused('quantity_out_of_range');
  });

  it('takes ids for reservations that objects have ideas of their own about', () => {
    for (const id of ['__proto__', 'constructor', '17', 'toString']) {
      given(received('10')).when(commit(id)).refused('reservation_not_found');
      const state = structuredClone(stateAfter([received('10'), reserved(id, '6', '10')]));
      expect([...(inventoryDecider.timers?.(state) ?? [])]).toEqual([]);
      given(received('10'), reserved(id, '6', '10'))
        .when(commit(id))
        .event('ReservationCommitted', {});
    }
  });

  it('waits for reservations that expire', () => {
    const state = stateAfter([
      received('10'),
      reserved('r', '1', '10', '1', LATER),
      reserved('s', '1', '10', '2'),
    ]);
    expect([...(inventoryDecider.timers?.(state) ?? [])]).toEqual([
      {
        timer: 'expire r',
        dueAt: Date.parse(LATER),
        command: { type: 'ExpireReservation', data: { reservationId: 'r' } },
      },
    ]);
  });
});
