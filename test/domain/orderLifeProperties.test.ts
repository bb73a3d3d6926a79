/**
 * Whatever happens to an order, its sagas come to rest: at their end, at the wait for its shipment, or before an operator, never in
 * a wait for what will not come. And what they leave is right to the last unit.
 */
import { expect, it } from 'vitest';
import type { SagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import { seededRandom } from '../../demo/random.ts';
import { FULFILMENT_DEFINITION } from '../../schemas/saga.ts';
import { OrderLife } from '../support/orderLife.ts';
import { OBEDIENT } from '../support/unsteadyBank.ts';

const SEEDS = 1_500;
const STEPS_MAX = 200;

/** Lives that begin where all has gone well until the order is confirmed. */
const CONFIRMED_SHARE = 0.6;

/** An order after a life of its own, once everything under way has come to its end. */
async function lived(seed: number, definitions: SagaDefinitions = DEFINITIONS): Promise<OrderLife> {
  const random = seededRandom(seed);
  const life = new OrderLife(random, definitions);
  if (random.chance(CONFIRMED_SHARE)) await life.calm(OBEDIENT);
  for (let steps = random.integer(STEPS_MAX); steps > 0; steps--) await life.step();
  await life.calm();
  return life;
}

/** Steps that a saga waits for though nothing is under way. */
function waiting(life: OrderLife): string[] {
  return ['fulfil-o', 'cancel-o'].flatMap((name) => {
    const { status, stages } = life.saga(name);
    if (status !== 'RUNNING' && status !== 'COMPENSATING') return [];
    const open = stages.flat().filter((step) => ['RUNNING', 'WAITING', 'COMPENSATING'].includes(step.status));
    return open.map((step) => `${step.name} ${step.status}`);
  });
}

/** What is not as it must be of an order whose sagas have ended. */
function faults(life: OrderLife): string[] {
  const { status } = life.of<{ status: string }>('order').state;
  const { held, kept } = life.money;
  const { committed, shipped } = life.units;
  const found: string[] = [];
  if (held !== 0) found.push(`${status}, ${held} held`);
  if (life.reserved !== 0) found.push(`${status}, ${life.reserved} reserved`);
  if (committed !== shipped) found.push(`${committed} off the stock, ${shipped} shipped`);
  if (status === 'CANCELLED' && kept !== 0) found.push(`CANCELLED, ${kept} kept`);
  if (kept !== life.bank.captured - life.bank.refunded) found.push(`${kept} kept, other than the bank has`);
  return found;
}

it('comes to rest, and leaves what is right', async () => {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const life = await lived(seed);
    const { status } = life.of<{ status: string }>('order').state;
    const open = waiting(life);
    if (open.length > 0)
      expect([seed, open, status]).toEqual([seed, ['await-shipment WAITING'], 'CONFIRMED']);
    const [fulfilment, cancellation] = [life.saga('fulfil-o').status, life.saga('cancel-o').status];
    if (open.length === 0 && fulfilment !== 'PARKED' && cancellation !== 'PARKED')
      expect([seed, ...faults(life)]).toEqual([seed]);
    const end = `${status} ${fulfilment} ${cancellation}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  // What is looked at is there: each of these, some of them parked.
  for (const end of [
    'CANCELLED COMPENSATED UNSTARTED',
    'CANCELLED COMPLETED COMPLETED',
    'CANCELLED COMPLETED PARKED',
  ])
    expect(ends.get(end), end).toBeGreaterThan(2);
  for (const end of [
    'SHIPPED COMPLETED UNSTARTED',
    'SHIPPED PARKED UNSTARTED',
    'CONFIRMED RUNNING UNSTARTED',
  ])
    expect(ends.get(end), end).toBeGreaterThan(2);
}, 60_000);

it('is ended by an operator once the bank does as it is told, also where goods have left that nobody pays for', async () => {
  const settled = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const life = await lived(seed);
    await life.mend();
    for (const name of ['fulfil-o', 'cancel-o']) {
      const { status, stages } = life.saga(name);
      expect([seed, name, status]).not.toContain('PARKED');
      for (const step of stages.flat()) if (step.status === 'SETTLED') settled.add(step.name);
    }
    expect([seed, ...waiting(life), ...faults(life)]).toEqual([seed]);
  }
  // Everything else could be done.
  expect([...settled]).toEqual(['capture-payment']);
}, 60_000);

it('shows a saga that waits for what will not come', async () => {
  const before: SagaDefinitions = {
    ...DEFINITIONS,
    newest: (name) => (name === FULFILMENT_DEFINITION ? DEFINITIONS.find(name, 4) : DEFINITIONS.newest(name)),
  };
  const stuck = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++)
    for (const step of waiting(await lived(seed, before))) stuck.add(step);
  expect([...stuck].sort()).toEqual(['authorize-payment COMPENSATING', 'await-shipment WAITING']);
}, 60_000);
