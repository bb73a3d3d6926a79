/** What of a log is kept in memory after it was appended. */
import { expect, it } from 'vitest';
import { EventLog } from '../../actors/kernel/eventLog.ts';
import type { NewEvent } from '../../actors/kernel/insertEvents.ts';
import { CARRIED_EVENTS_MAX } from '../../actors/kernel/outbox.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';
import { notedEvent } from '../support/storedEvent.ts';

/** A log to which so many events were appended at a time, and what of it is read without a statement. */
function logOf(...turns: readonly number[]) {
  const storage = sqliteStorage();
  let statements = 0;
  const { sql } = storage;
  const counting: typeof sql = {
    exec: (query, ...bindings) => {
      statements++;
      return sql.exec(query, ...bindings);
    },
  };
  const log = new EventLog({ ...storage, sql: counting });
  let version = 0;
  for (const count of turns) {
    const events = Array.from({ length: count }, (): NewEvent => {
      version++;
      return { ...notedEvent(version), commandId: `c-${version}`, resourceId: null };
    });
    log.append(events);
    log.appended(events);
  }
  return {
    head: version,
    isInMemory: (from: number) => {
      const before = statements;
      const read = log.read(from, -1);
      expect(read.map((event) => event.version)).toEqual(
        Array.from({ length: version - from + 1 }, (_, index) => from + index),
      );
      return statements === before;
    },
  };
}

it('what an announcement carries is read from memory, with the event before it', () => {
  const log = logOf(1, ...Array.from({ length: CARRIED_EVENTS_MAX }, () => 1));
  expect(log.isInMemory(log.head - CARRIED_EVENTS_MAX)).toBe(true);
});

it('of more events than announcements carry the newest alone is kept, and the next ones with it', () => {
  const batch = 10 * CARRIED_EVENTS_MAX;
  const log = logOf(3, batch, 2);
  expect(log.isInMemory(3 + batch)).toBe(true);
  expect(log.isInMemory(2 + batch)).toBe(false);
  expect(log.isInMemory(1)).toBe(false);
});

it('however many come one after another, no more are kept', () => {
  const log = logOf(...Array.from({ length: 5 * CARRIED_EVENTS_MAX }, () => 1));
  expect(log.isInMemory(log.head)).toBe(true);
  expect(log.isInMemory(log.head - CARRIED_EVENTS_MAX - 1)).toBe(false);
});
