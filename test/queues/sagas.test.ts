/** The view of sagas: where each stands, found by status, definition and time, whatever became of the messages. */
import { beforeEach, expect, it } from 'vitest';
import { seededRandom } from '../../demo/random.ts';
import { CANCELLATION_DEFINITION } from '../../schemas/saga.ts';
import { readSagas, type SagaFilter, type SagaRow } from '../../workers/reads/sagas.ts';
import { readParkedCount } from '../../workers/reads/stale.ts';
import { upTo } from '../support/projection.ts';
import { refusedAs, SagaLog } from '../support/sagaLog.ts';
import { apply, applyAll, badDay, databases, emptyViews, rebuildEverywhere } from '../support/shopViews.ts';

beforeEach(() => emptyViews(['sagas']));

/** Every page of a list, one after the other. */
async function sagas(filter: Omit<SagaFilter, 'limit' | 'after'> = {}, limit = 100): Promise<SagaRow[]> {
  const rows: SagaRow[] = [];
  for (let after: SagaFilter['after']; ; ) {
    const page = await readSagas(databases, { ...filter, after, limit });
    rows.push(...page.rows);
    if (page.next === null) return rows;
    expect(page.rows.length).toBe(limit);
    after = page.next;
  }
}

const idsOf = (rows: readonly SagaRow[]) => rows.map(({ sagaId }) => sagaId);

it('shows a saga as its last event left it, through every status', async () => {
  const log = new SagaLog('s-1').at('2026-03-01T10:00:00Z').start();
  await applyAll(log);
  const started = {
    sagaId: 's-1',
    definition: 'funds-transfer',
    definitionVersion: 2,
    status: 'RUNNING',
    reason: null,
    startedAt: Date.parse('2026-03-01T10:00:00Z'),
    endedAt: null,
    staleSince: null,
  };
  expect(await sagas()).toMatchObject([{ ...started, version: log.head }]);
  await applyAll(log.at('2026-03-01T10:00:01Z').turnBack());
  const turned = { status: 'COMPENSATING', reason: 'accept-transfer: account_closed', endedAt: null };
  expect(await sagas()).toMatchObject([{ ...started, ...turned, version: log.head }]);
  await applyAll(
    log.answer('undo reserve-funds 1', { answer: 'refused', code: 'x', detail: '', unheard: false }),
  );
  expect(await sagas()).toMatchObject([{ status: 'PARKED', reason: 'reserve-funds: x', endedAt: null }]);
  await applyAll(log.retry());
  expect(await sagas()).toMatchObject([{ status: 'COMPENSATING' }]);
  await applyAll(log.at('2026-03-01T11:00:00Z').answer('undo reserve-funds 1'));
  const [ended] = await sagas();
  expect(ended).toMatchObject({ status: 'COMPENSATED', startedAt: started.startedAt, version: log.head });
  expect(ended?.endedAt).toBeGreaterThanOrEqual(Date.parse('2026-03-01T11:00:00Z'));
  const other = new SagaLog('s-2').start().complete();
  await applyAll(other);
  expect(await sagas({ status: 'COMPLETED' })).toMatchObject([{ sagaId: 's-2', reason: null }]);
});

it('shows a saga that had ended and waits again as one that has not ended', async () => {
  const log = new SagaLog('cancel-o').start(CANCELLATION_DEFINITION, {
    orderId: 'o',
    items: [],
    reason: 'r',
  });
  log.answer('do void-payment', refusedAs('payment_voided'));
  await applyAll(log.answer('do refund-payment', refusedAs('nothing_to_refund')));
  expect(await sagas()).toMatchObject([{ status: 'COMPLETED', reason: null }]);
  const data = { eventType: 'RefundFailed', aggregateId: 'o', data: { refundId: 'by-hand' } };
  await applyAll(log.run({ type: 'ObserveEvent', data }));
  const parked = { status: 'PARKED', reason: 'refund-payment: RefundFailed', endedAt: null };
  expect(await sagas()).toMatchObject([{ ...parked, version: log.head }]);
});

it('lists by status, definition and time, newest first, page after page over all databases', async () => {
  const logs = upTo(30).map((number) => {
    // Some of the same moment: then the id decides.
    const at = new Date(Date.UTC(2026, 0, 1) + Math.floor(number / 3) * 60_000).toISOString();
    const log = new SagaLog(`s-${number}`).at(at);
    if (number % 5 === 0)
      return log.start(CANCELLATION_DEFINITION, { orderId: `o-${number}`, items: [], reason: 'r' });
    return number % 4 === 0 ? log.start().park() : log.start();
  });
  await applyAll(...logs);
  const everything = await sagas({}, 7);
  const sorted = everything.toSorted((one, other) =>
    one.startedAt === other.startedAt
      ? one.sagaId < other.sagaId
        ? 1
        : -1
      : other.startedAt - one.startedAt,
  );
  expect(idsOf(everything)).toEqual(idsOf(sorted));
  expect(new Set(idsOf(everything)).size).toBe(30);
  const from = Date.UTC(2026, 0, 1, 0, 3);
  const to = Date.UTC(2026, 0, 1, 0, 8);
  const filters: Omit<SagaFilter, 'limit'>[] = [
    { status: 'PARKED' },
    { definition: CANCELLATION_DEFINITION },
    { from, to },
    { status: 'RUNNING', definition: 'funds-transfer', from },
    { definition: 'nothing' },
  ];
  for (const filter of filters) {
    const wanted = everything.filter(
      (row) =>
        (filter.status === undefined || row.status === filter.status) &&
        (filter.definition === undefined || row.definition === filter.definition) &&
        row.startedAt >= (filter.from ?? 0) &&
        row.startedAt < (filter.to ?? Number.POSITIVE_INFINITY),
    );
    expect(await sagas(filter, 3)).toEqual(wanted);
  }
  expect(idsOf(await sagas({ status: 'PARKED' })).sort()).toEqual([
    's-12',
    's-16',
    's-24',
    's-28',
    's-4',
    's-8',
  ]);
});

it('says which saga it cannot go on with, and since which version', async () => {
  const log = new SagaLog('s-1').start();
  await applyAll(log, new SagaLog('s-2').start());
  const { head } = log;
  await applyAll(log.add('SagaDanced', {}));
  // What comes after it waits, however plain it is.
  await applyAll(log.add('SagaCompleted', { at: new Date(log.now).toISOString() }));
  const rows = await sagas();
  expect(rows.find(({ sagaId }) => sagaId === 's-1')).toMatchObject({ staleSince: head + 1, version: head });
  expect(rows.find(({ sagaId }) => sagaId === 's-2')).toMatchObject({ staleSince: null });
  expect(await readParkedCount(databases, 'sagas')).toBe(1);
});

it.each([31, 32, 33])('is right whatever becomes of the messages (seed %i)', async (seed) => {
  const random = seededRandom(seed);
  const logs = upTo(20).map((number) => {
    const log = new SagaLog(`s-${number}`).start();
    switch (random.integer(5)) {
      case 0:
        return log;
      case 1:
        return log.complete();
      case 2:
        return log.turnBack();
      case 3:
        return log.park();
      default:
        return log.park().retry().answer('undo reserve-funds 1');
    }
  });
  const messages = badDay(random, logs);
  while (messages.length > 0) {
    const batches = [1, 2].map(() => messages.splice(0, 1 + random.integer(20)));
    await Promise.all(batches.map((batch) => apply(logs, batch)));
  }
  const shown = new Map((await sagas()).map((row) => [row.sagaId, row]));
  for (const { aggregateId, state, head } of logs) {
    const { status, reason, endedAt } = state;
    expect(shown.get(aggregateId)).toMatchObject({ status, reason, version: head });
    expect(shown.get(aggregateId)?.endedAt === null).toBe(endedAt === null);
  }
  await rebuildEverywhere(logs, ['sagas'], `sagas-${seed}`);
});
