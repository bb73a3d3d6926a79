/** Pages of a log: as far as a number of events and of characters goes, and one event at least. */
import { describe, expect, it } from 'vitest';
import { eventPage } from '../../actors/kernel/eventPage.ts';
import type { StoredEvent } from '../../actors/kernel/storedEvents.ts';

const source = { aggregateType: 'order', aggregateId: 'a' };
const hashOf = (version: number) => String(version).padStart(64, '0');

/** A log whose events have data of these lengths, and the versions up to which it was read. */
function logOf(lengths: readonly number[]) {
  const events = lengths.map((length, index) => ({
    version: index + 1,
    eventType: 'Happened',
    schemaVersion: 1,
    recordedAt: 0,
    data: JSON.stringify('x'.repeat(length)),
    metadata: '{}',
    hash: hashOf(index + 1),
  })) as unknown as StoredEvent[];
  let lastRead = 0;
  const page = (fromVersion: number, eventsMax: number, charactersMax: number) => {
    const read = (from: number, limit: number) => {
      const found = events.slice(from - 1, from - 1 + limit);
      lastRead = found.at(-1)?.version ?? lastRead;
      return { previousHash: hashOf(from - 1), events: found };
    };
    const { toVersion, events: text } = eventPage(source, read, { fromVersion, eventsMax, charactersMax });
    return { toVersion, length: text.length, shown: JSON.parse(text) as { version: number }[], lastRead };
  };
  return { page };
}

describe('a page of a log', () => {
  it('has as many events as are wanted, or as there are, each with the hash before it', () => {
    const { page } = logOf(Array(130).fill(10));
    const { toVersion, shown } = page(3, 120, 1_000_000);
    expect(toVersion).toBe(122);
    expect(shown.map(({ version }) => version)).toEqual(Array.from({ length: 120 }, (_, index) => index + 3));
    expect(shown).toMatchObject(shown.map(({ version }) => ({ previousHash: hashOf(version - 1) })));
    expect(page(100, 200, 1_000_000).toVersion).toBe(130);
    expect(page(131, 200, 1_000_000)).toMatchObject({ toVersion: 130, shown: [] });
  });

  it('has no more characters than it may, and does not read what comes long after', () => {
    const { page } = logOf(Array(1_000).fill(10_000));
    const { toVersion, length, lastRead } = page(1, 200, 128 * 1024);
    expect(toVersion).toBe(12);
    expect(length).toBeLessThan(128 * 1024);
    expect(lastRead).toBeLessThan(100);
  });

  it('has one event at least, however large, so that who follows the log comes past it', () => {
    const { page } = logOf([10, 500_000, 10]);
    const versions: number[] = [];
    for (let version = 0; version < 3; version = page(version + 1, 200, 128 * 1024).toVersion)
      versions.push(version);
    expect(versions).toEqual([0, 1, 2]);
  });
});
