/** What runs went through and what came of it, in figures. */

import { TRANSFER_DEFINITION } from '../../schemas/saga.ts';
import type { Auditor } from './audit/auditor.ts';
import { isOfBefore } from './audit/eras.ts';
import { OrderBook } from './audit/orderBook.ts';
import { SagaBook } from './audit/sagaBook.ts';
import { SubjectBook } from './audit/subjectBook.ts';
import type { World } from './model/world.ts';

const FIGURES = [
  'evictions',
  'crashes',
  'failedAlarms',
  'alarmsGivenUp',
  'timersFired',
  'timersLost',
  'ordersPlaced',
  'ordersShipped',
  'ordersCancelled',
  'sagasCompleted',
  'sagasUndone',
  'sagasParked',
  'sagasUnfinished',
  'subjectsErased',
  'ordersOfErased',
  'eventsOfBefore',
  'transfersOfBefore',
] as const;

/** Figures by name. */
export type Tally = Record<(typeof FIGURES)[number], number>;

/** What platform commands of timers begin with. */
const TIMER_ID = /^timer /;

/** Nothing at all. */
export function emptyTally(): Tally {
  return Object.fromEntries(FIGURES.map((figure) => [figure, 0])) as Tally;
}

/** Adds what one run has to what others had. */
export function addTally(sum: Tally, other: Tally): void {
  for (const figure of FIGURES) sum[figure] += other[figure];
}

/** Evictions, crashes and failed alarms together. */
export function lossesOf({ evictions, crashes, failedAlarms }: Tally): number {
  return evictions + crashes + failedAlarms;
}

/** A run's figures at its end, from the auditor's books. */
export function tallyOf({ losses, clock }: World, auditor: Auditor): Tally {
  const orders = Array.from(auditor.books(OrderBook).values(), ({ status }) => status);
  const sagas = Array.from(auditor.books(SagaBook).values(), ({ status }) => status);
  const count = (all: readonly string[], ...wanted: string[]) =>
    all.filter((status) => wanted.includes(status)).length;
  const customers = [...auditor.books(OrderBook).values()].flatMap(({ placed }) =>
    placed === undefined ? [] : [String(placed.data.customerId)],
  );
  const subjects = [...auditor.books(SubjectBook)].filter(([, { isErased }]) => isErased);
  const erased = new Set(subjects.map(([subjectId]) => subjectId));
  let [timersFired, timersLost] = [0, 0];
  for (const { runs, book } of auditor.ledgers.values()) {
    for (const commandId of runs.keys()) if (TIMER_ID.test(commandId)) timersFired++;
    for (const { at } of book.due()) if (at <= clock) timersLost++;
  }
  return {
    ...losses,
    timersFired,
    timersLost,
    ordersPlaced: orders.length - count(orders, 'UNPLACED'),
    ordersShipped: count(orders, 'SHIPPED', 'DELIVERED'),
    ordersCancelled: count(orders, 'CANCELLED'),
    sagasCompleted: count(sagas, 'COMPLETED'),
    sagasUndone: count(sagas, 'COMPENSATED'),
    sagasParked: count(sagas, 'PARKED'),
    sagasUnfinished: count(sagas, 'RUNNING', 'COMPENSATING'),
    subjectsErased: erased.size,
    eventsOfBefore: [...auditor.ledgers.values()].flatMap(({ events }) => events.filter(isOfBefore)).length,
    transfersOfBefore: [...auditor.books(SagaBook).values()].filter(isFirstTransfer).length,
    ordersOfErased: customers.filter((customerId) => erased.has(customerId)).length,
  };
}

function isFirstTransfer({ definition, version }: SagaBook): boolean {
  return definition === TRANSFER_DEFINITION && version === 1;
}

/** The figures in words, a line for each subject. */
export function tallyLines(tally: Tally): string[] {
  const { evictions, crashes, failedAlarms, alarmsGivenUp, timersFired, timersLost } = tally;
  const { sagasCompleted, sagasUndone, sagasParked, sagasUnfinished } = tally;
  return [
    `evictions, crashes and failed alarms: ${lossesOf(tally)} (${evictions}, ${crashes} and ${failedAlarms}; ` +
      `${alarmsGivenUp} alarms given up or lost)`,
    `timers: ${timersFired} fired, ${timersLost} lost`,
    `orders: ${tally.ordersPlaced} placed, ${tally.ordersShipped} shipped, ${tally.ordersCancelled} cancelled`,
    `sagas: ${sagasCompleted} completed, ${sagasUndone} undone, ${sagasParked} parked since the bank says no for good, ` +
      `${sagasUnfinished} unfinished`,
    `personal data: ${tally.subjectsErased} subjects erased, who had placed ${tally.ordersOfErased} orders`,
    `of before: ${tally.eventsOfBefore} events of old schema versions, ${tally.transfersOfBefore} transfers of the first version`,
  ];
}
