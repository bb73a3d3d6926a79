/**
 * Logs as three older releases wrote them (`olderLogs.ndjson`, a log a line), and what these releases said of them: hashes, states and
 * running sagas are today what they were. Lines are only added.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import type { AccountState } from '../../actors/account/state.ts';
import { inventoryDecider } from '../../actors/inventory/decider.ts';
import { Aggregate } from '../../actors/kernel/aggregate.ts';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import { decodeEvent } from '../../actors/kernel/eventLog.ts';
import type { NewEvent } from '../../actors/kernel/insertEvents.ts';
import { verifyChain } from '../../actors/kernel/verify.ts';
import { orderDecider } from '../../actors/order/decider.ts';
import { paymentDecider } from '../../actors/payment/decider.ts';
import { sagaDecider } from '../../actors/saga/decider.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import { serviceKeyDecider } from '../../actors/serviceKey/decider.ts';
import { shipmentDecider } from '../../actors/shipment/decider.ts';
import { subjectDecider } from '../../actors/subject/decider.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import { timeText } from '../../schemas/time.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

interface OlderLog {
  readonly release: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** What the release answered to whoever asked for the aggregate, as far as it is compared. */
  readonly shown: object;
  readonly events: readonly Pick<
    EventEnvelope,
    'version' | 'eventType' | 'schemaVersion' | 'recordedAt' | 'data' | 'metadata' | 'hash'
  >[];
}

const DECIDERS: Readonly<Record<string, AnyDecider>> = {
  account: accountDecider,
  inventory: inventoryDecider,
  order: orderDecider,
  payment: paymentDecider({ provider: 'sandbox' }),
  saga: sagaDecider(DEFINITIONS),
  serviceKey: serviceKeyDecider,
  shipment: shipmentDecider,
  subject: subjectDecider,
};

const LOGS = readFileSync(path.join(import.meta.dirname, 'olderLogs.ndjson'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as OlderLog)
  .map((log) => [`${log.aggregateType}/${log.aggregateId} of the ${log.release} release`, log] as const);

/** The log in the storage of today's aggregate. */
function stored({ aggregateType, aggregateId, events }: OlderLog): Aggregate<object> {
  const decider = DECIDERS[aggregateType] as AnyDecider;
  const storage = sqliteStorage();
  const rows = events.map(
    ({ data, metadata, recordedAt, ...event }): NewEvent => ({
      ...event,
      data: canonicalJson(data),
      metadata: canonicalJson(metadata),
      recordedAt: Date.parse(recordedAt),
      commandId: null,
      resourceId: null,
      fingerprint: null,
    }),
  );
  storage.transactionSync(() => new Aggregate(storage, decider, aggregateId).restore(rows));
  return new Aggregate<object>(storage, decider, aggregateId);
}

/** What is compared of a state, under the names that replies have for it. */
function shownOf(aggregateType: string, state: object): object {
  switch (aggregateType) {
    case 'account': {
      const { positions } = state as AccountState;
      const held = Object.entries(positions).map(([symbol, { costBasis: _, ...position }]) => [
        symbol,
        position,
      ]);
      return { ...state, positions: Object.fromEntries(held) };
    }
    case 'order': {
      const { items } = state as { items: readonly { shipped: string }[] };
      return { ...state, shipped: items.map(({ shipped }) => shipped) };
    }
    case 'payment':
      return { ...state, ...(state as { standing: object }).standing };
    case 'saga': {
      const steps = (state as SagaState).stages
        .flat()
        .map((step) => [step.name, [step.status, step.attempts, step.startedAt, step.endedAt]]);
      return { ...state, steps: Object.fromEntries(steps) };
    }
    case 'serviceKey': {
      const { previous } = state as { previous: { validUntil: string } | null };
      return { ...state, previousValidUntil: previous?.validUntil ?? null };
    }
    default:
      return state;
  }
}

describe('a log of an older release', () => {
  it.each(LOGS)('%s has the hashes that it had', (_, older) => {
    const { log } = stored(older);
    const report = verifyChain(older, log);
    expect(report).toMatchObject({ ok: true, eventsChecked: older.events.length });
    expect(log.head().hash).toBe(older.events.at(-1)?.hash);
  });

  it.each(LOGS)('%s is the state that it was', (_, older) => {
    const { state } = stored(older).current();
    expect(shownOf(older.aggregateType, state)).toMatchObject(older.shown);
  });
});

/**
 * What the logs above fold to, event by event, under each `stateVersion`: 64 bits of a SHA-256. A snapshot is such a state, stored. Whoever
 * changes what `evolve` makes of an event has to raise `stateVersion`, or a log would have two states: one of its snapshot, one of its events.
 * Then the new version gets a line of its own. A line changes only where logs were added above.
 */
const FOLDED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  account: { 3: '9bb611abc36d8eae' },
  inventory: { 2: '78a5586b5fb5cff7' },
  order: { 2: '04eb14c06030a42a' },
  payment: { 3: 'c6e469dc441332d9' },
  saga: { 6: '1995f5b208f62628' },
  serviceKey: { 1: '049bde147321e597' },
  shipment: { 1: 'a5e2cb2d04276e7f' },
  subject: { 4: '4cb47c5bfe8baa45' },
};

describe('the states of older logs, from which snapshots are', () => {
  it.each(Object.entries(DECIDERS))('%s: are what they were under this stateVersion', (type, decider) => {
    const folded = createHash('sha256');
    for (const [, older] of LOGS) {
      if (older.aggregateType !== type) continue;
      let state: unknown = decider.initial();
      for (const event of stored(older).log.readStored(1, older.events.length)) {
        state = decider.evolve(state, decodeEvent(event));
        folded.update(`${JSON.stringify(state)}\n`);
      }
    }
    const hint = `evolve of ${type} makes other states: raise stateVersion, and enter what it folds to`;
    expect({ [decider.stateVersion]: folded.digest('hex').slice(0, 16) }, hint).toEqual({
      [decider.stateVersion]: FOLDED[type]?.[decider.stateVersion],
    });
  });
});

describe('a saga that an older release began', () => {
  const sagas = LOGS.filter(([, { aggregateType }]) => aggregateType === 'saga');

  it.each(sagas)('%s has its definition still', (_, older) => {
    const { definition, definitionVersion } = older.shown as SagaState;
    const found = DEFINITIONS.find(definition, definitionVersion);
    const names = found.stages.flat().map(({ name }) => name);
    const steps = Object.keys((older.shown as { steps: object }).steps);
    expect(names).toEqual(expect.arrayContaining(steps.map((step) => step.split(':')[0])));
  });

  const running = sagas.filter(([, { shown }]) => (shown as SagaState).status === 'RUNNING');

  it.each(running)('%s goes on when its time is up', (_, older) => {
    const decider = DECIDERS.saga as AnyDecider;
    const { state } = stored(older).current();
    const timers = [...(decider.timers?.(state) ?? [])];
    expect(timers.map(({ timer }) => timer)).toEqual(['timeout await-shipment']);
    for (const { command, dueAt } of timers)
      expect(decider.decide({ ...command, at: timeText(dueAt) }, state)).toMatchObject({ accepted: true });
  });
});
