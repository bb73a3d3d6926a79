/** Every route and every command has a row in the table of access, and every row is somebody's. */
import { describe, expect, it } from 'vitest';
import { AGGREGATE_TYPES } from '../../schemas/aggregates.ts';
import { ROLES } from '../../schemas/role.ts';
import { ACCESS, LOG_ROWS, PERSONAL_DATA_ROW } from '../../workers/access/table.ts';
import { INTROSPECTION } from '../../workers/graphql/engine.ts';
import { guarded as behindItsRow, rowName } from '../../workers/http/access.ts';
import { application } from '../../workers/http/app.ts';
import { BATCH_COMMANDS } from '../../workers/http/batch.ts';
import { isPublic, type Route } from '../../workers/http/operation.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';

const guarded = ROUTES.filter((route) => !isPublic(route));
const names = new Set([...guarded.map(rowName), ...BATCH_COMMANDS.keys(), INTROSPECTION, PERSONAL_DATA_ROW]);

describe('the table of access (workers/access/table.ts)', () => {
  it('has a row for every route and command', () => {
    const missing = [...names].filter((name) => !Object.hasOwn(ACCESS, name));
    expect(missing, 'say in workers/access/table.ts who may do it').toEqual([]);
  });

  it('serves no route without a row: the application does not even start', () => {
    const route = {
      ...(guarded[0] as Route),
      operationId: 'somethingNew',
      command: undefined,
    } as unknown as Route;
    expect(() => application({ middleware: [], guard: () => behindItsRow(route) })).toThrow(
      'somethingNew has no row in workers/access/table.ts: say there who may do it',
    );
  });

  it('has no row of which there is no route and no command', () => {
    expect(Object.keys(ACCESS).filter((name) => !names.has(name))).toEqual([]);
  });

  it('lets every role do something', () => {
    const idle = ROLES.filter((role) => Object.values(ACCESS).every((row) => row[role] === undefined));
    expect(idle, 'say in workers/access/table.ts what they may do').toEqual([]);
  });

  it('lets somebody do each thing, and the administrator everything', () => {
    for (const [name, row] of Object.entries(ACCESS)) expect(row.admin, name).toBe('all');
  });

  it('lets nobody reach to its own of what concerns everybody or nobody', () => {
    const shared = Object.entries(ACCESS).filter(([, { of }]) => of === 'platform' || of === 'catalogue');
    for (const [name, row] of shared)
      expect(
        ROLES.map((role) => row[role]),
        name,
      ).not.toContain('own');
  });

  it('lets nobody read the events of what it may not see', () => {
    const readers = (name: string) => ROLES.filter((role) => ACCESS[name]?.[role] === 'all');
    for (const type of AGGREGATE_TYPES) {
      const own = `get${type.charAt(0).toUpperCase()}${type.slice(1)}`;
      // The log of denials has no state that is shown.
      if (type === 'accessLog') continue;
      const seenBy = readers(own);
      const isForFewer = readers('getEvents').some((role) => !seenBy.includes(role));
      expect(LOG_ROWS[type], `say in LOG_ROWS who may read the events of ${type}`).toBe(
        isForFewer ? own : undefined,
      );
    }
  });

  it('finds what a row concerns in the path', () => {
    for (const route of guarded) {
      const { of } = ACCESS[rowName(route)] ?? {};
      if (of === 'account') expect(route.path).toContain('/accounts/{id}');
      if (of === 'aggregate') expect(route.path).toContain('/{aggregateType}/{id}');
    }
  });
});
