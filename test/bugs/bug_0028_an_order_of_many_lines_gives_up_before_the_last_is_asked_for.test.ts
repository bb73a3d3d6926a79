/**
 * Every line had a minute from the moment at which all of them began, and they are asked for a few at a time: an order of 527
 * lines was undone on a busy machine, though nothing that it asked for was refused or late.
 */
import { expect, it } from 'vitest';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { Fulfilment } from '../support/fulfilment.ts';

const LINES = 527;

/** How long an answer takes on a busy machine, milliseconds. */
const ANSWER_MS = 400;

it('has time for each of its lines', () => {
  const saga = new Fulfilment(DEFINITIONS, LINES);
  for (let line = 0; line < LINES; line++) {
    saga.now += ANSWER_MS;
    saga.actor.fireTimers(saga.now);
    saga.answer('ReserveStock');
  }
  expect([saga.status, saga.wants]).toEqual(['RUNNING', ['AuthorizePayment']]);
});

it('gives up in the end where nobody answers', () => {
  const saga = new Fulfilment(DEFINITIONS, LINES);
  saga.actor.fireTimers(saga.now + 60_000 + LINES * 500 + 1_000);
  expect(saga.status).toBe('COMPENSATING');
});
