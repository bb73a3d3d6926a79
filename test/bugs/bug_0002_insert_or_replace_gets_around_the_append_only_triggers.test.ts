/**
 * The log's triggers refuse UPDATE and DELETE, but SQLite does not ask a DELETE trigger about the rows that INSERT OR REPLACE
 * removes, unless recursive triggers are on: a stored event could be overwritten, or vanish by its command id.
 */
import { expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import { Aggregate } from '../../actors/kernel/aggregate.ts';
import { deposit, open } from '../support/account.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const context = { userId: 'u', correlationId: 'c', causationId: null };

it.each([
  ['of the same version', "SELECT 1, type, 1, 0, NULL, NULL, '{}', '{}', '' FROM events WHERE version = 1"],
  ['of the same command id', "SELECT 3, type, 1, 0, 'open', 0, '{}', '{}', '' FROM events WHERE version = 1"],
])('a row %s replaces nothing', (_name, row) => {
  const storage = sqliteStorage();
  const aggregate = () => new Aggregate(storage, accountDecider, 'a');
  const commands = [
    { ...open(), commandId: 'open' },
    { ...deposit('1'), commandId: 'deposit' },
  ];
  aggregate().execute(
    commands.map((command) => ({ command, context })),
    0,
  );
  const before = storage.sql.exec('SELECT * FROM events').toArray();
  expect(before).toHaveLength(2);
  const replace = () => storage.sql.exec(`INSERT OR REPLACE INTO events ${row}`);
  expect(replace).toThrow(/append-only/);
  // After waking as well, since the setting belongs to the connection.
  storage.sql.exec('PRAGMA recursive_triggers = OFF');
  aggregate();
  expect(replace).toThrow(/append-only/);
  expect(storage.sql.exec('SELECT * FROM events').toArray()).toEqual(before);
});
