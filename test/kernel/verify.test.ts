import { describe, expect, it } from 'vitest';
import { EventLog } from '../../actors/kernel/eventLog.ts';
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { VERIFY_EVENTS_MAX, verifyChain } from '../../actors/kernel/verify.ts';
import { localCore } from '../support/localCore.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const CONTEXT = { userId: 'u', correlationId: 'c', causationId: null };
const EVENTS = 2 * VERIFY_EVENTS_MAX + 10;

/** A toy with a log of more than two ranges. */
async function longLog() {
  const { core, world } = localCore<ToyState>(toyDecider);
  const add = (first: number, count: number) =>
    core.execute(
      Array.from({ length: count }, (_, index) => ({
        commandId: `a-${first + index}`,
        type: 'Add',
        data: { amount: 1 },
      })),
      CONTEXT,
    );
  await add(1, EVENTS);
  return { core, add, sql: world.storage.sql, storage: world.storage };
}

describe('a long chain', () => {
  it('is verified in ranges, while commands go on', async () => {
    const { core, add } = await longLog();
    const first = core.verify();
    const head = { version: EVENTS, headHash: first.headHash, ok: true };
    expect(first).toMatchObject({ ...head, eventsChecked: VERIFY_EVENTS_MAX });
    await add(EVENTS + 1, 5);
    const second = core.verify(first.next);
    expect(second).toMatchObject({ ...head, eventsChecked: 2 * VERIFY_EVENTS_MAX });
    const third = core.verify(second.next);
    expect(third).toEqual({ ...head, eventsChecked: EVENTS });
  });

  it.each([
    ['first', 7],
    ['second', VERIFY_EVENTS_MAX + 7],
    ['last', EVENTS],
  ])('shows a change in its %s range', async (_, version) => {
    const { core, sql } = await longLog();
    sql.exec('DROP TRIGGER events_no_update');
    sql.exec(`UPDATE events SET data = '{"amount":2}' WHERE version = ?`, version);
    let report = core.verify();
    while (report.next !== undefined) report = core.verify(report.next);
    expect(report).toMatchObject({ ok: false, firstBadVersion: version, eventsChecked: version - 1 });
  });

  it.each([
    ['within a range', 7],
    ['where a range begins', VERIFY_EVENTS_MAX + 1],
  ])('shows a time that goes back %s, however well all is hashed', async (_, version) => {
    const { sql, storage } = await longLog();
    sql.exec('DROP TRIGGER events_no_update');
    const source = { aggregateType: toyDecider.aggregateType, aggregateId: 'local' };
    const log = new EventLog(storage);
    const late = version - 1;
    let hash = log.readStored(late - 1, 1)[0]?.hash as string;
    for (const event of log.readStored(late, -1)) {
      const recordedAt = event.version === late ? event.recordedAt + 1 : event.recordedAt;
      hash = eventHash(hash, { ...source, ...event, recordedAt });
      sql.exec(
        'UPDATE events SET recorded_at = ?, hash = ? WHERE version = ?',
        recordedAt,
        hash,
        event.version,
      );
    }
    const forged = new EventLog(storage);
    let report = verifyChain(source, forged);
    while (report.next !== undefined) report = verifyChain(source, forged, report.next);
    expect(report).toMatchObject({ ok: false, firstBadVersion: version, eventsChecked: version - 1 });
  });

  it('shows a version that is missing where a range begins', async () => {
    const { core, sql } = await longLog();
    sql.exec('DROP TRIGGER events_no_delete');
    sql.exec('DELETE FROM events WHERE version = ?', VERIFY_EVENTS_MAX + 1);
    const report = core.verify(core.verify().next);
    expect(report).toMatchObject({ ok: false, firstBadVersion: VERIFY_EVENTS_MAX + 1 });
  });
});
