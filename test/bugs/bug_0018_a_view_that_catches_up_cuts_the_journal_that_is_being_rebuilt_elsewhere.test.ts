/**
 * A live view that had fallen behind the others was brought up from the log. Where a rebuild was going on that had not come to
 * that aggregate, its journal took these events too, in the portions that the log gave: rows that no row of the live journal
 * covers lost their positions, and after the switch readers of the feed met their events a second time.
 */
import { expect, it } from 'vitest';
import { project } from '../../queues/kernel/runner.ts';
import { projectors } from '../../queues/projectors/index.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import type { EventsMessage } from '../../schemas/message.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteViews } from '../support/sqliteViews.ts';

const key = { aggregateType: 'inventory', aggregateId: 'tea' };
const HEAD = 4;
const hashOf = (version: number) => version.toString(16).padStart(64, '0');

/** What the log says from a version on, in one message. */
function messageFrom(fromVersion: number, toVersion: number): EventsMessage {
  const level = { onHand: '9', reserved: '0', available: '9' };
  const events = Array.from({ length: toVersion - fromVersion + 1 }, (_, index) => ({
    version: fromVersion + index,
    eventType: 'StockReceived',
    schemaVersion: 1,
    recordedAt: 0,
    data: { quantity: '1', reference: null, ...level },
    metadata: { correlationId: 'c' },
    hash: hashOf(fromVersion + index),
  }));
  return { ...key, fromVersion, toVersion, previousHash: hashOf(fromVersion - 1), events };
}

it('a rebuilt journal has the rows of the live one, though another view was brought up meanwhile', async () => {
  const deps: RebuildDeps = {
    database: sqliteViews(),
    projectors: projectors.filter(({ view }) => view === 'journal'),
    logger: createLogger('test', 'error', () => undefined),
    knowsEvent: () => true,
    readLog: async (_, from) => (from > HEAD ? [] : [messageFrom(from, HEAD)]),
    newClaim: () => crypto.randomUUID(),
    now: () => 0,
    portion: (full) => full,
    letOthersGoFirst: async () => undefined,
    directoryParts: 1,
    directory: async () => [key],
    owns: () => true,
    head: async () => HEAD,
    owner: async (_, version) => ({ state: {}, hash: hashOf(version) }),
  };
  // The journal has a row for each event; the view of stock has none of them yet.
  for (let version = 1; version <= HEAD; version++) await project(deps, [messageFrom(version, version)]);
  await startRebuild(deps, { id: 'r', kind: 'rebuild', views: ['journal'] });
  while ((await stepOf(deps))?.phase === 'CLEARING');
  // Its catching up: what its messages announce is read from the log in one piece.
  const all = {
    ...deps,
    projectors: projectors.filter(({ view }) => ['journal', 'inventory'].includes(view)),
  };
  await project(all, [{ ...messageFrom(HEAD, HEAD), events: [] }]);
  expect(await advanceRebuild(deps, () => false)).toMatchObject({ phase: 'SWITCHED', differences: [] });
  const rows = (colour: string) =>
    deps.database.all({
      sql: `SELECT from_version, to_version, position FROM journal_${colour} ORDER BY position`,
      parameters: [],
    });
  expect(await rows('green')).toEqual(await rows('blue'));
});

/** One step of a rebuild. */
async function stepOf(deps: RebuildDeps) {
  let looks = 0;
  return advanceRebuild(deps, () => looks++ > 0);
}
