/** The matrix of access as tests walk it: every role, confined to its own account or not, and what the table says of each. */
import { ROLES, type Role } from '../../schemas/role.ts';
import { ACCESS, type AccessRow } from '../../workers/access/table.ts';

/** A caller of the matrix: its role, and whether it is confined to the account that is its own. */
export const CALLERS = ROLES.flatMap((role) => [
  { role, isConfined: true },
  ...(role === 'trader' ? [] : [{ role, isConfined: false }]),
]);

/** Operations that decide about each aggregate in them. */
const OPEN_TO_WHOEVER_MAY_ANYTHING = [
  ...['runCommands', 'openStream', 'getEvents', 'getAccounts'],
  ...['queryGraphQl', 'runGraphQl', 'callMethod', 'queryMethod'],
];

/** What the table says, read once more: this is not the code that decides. */
export function expected(
  row: AccessRow,
  role: Role,
  isConfined: boolean,
  isMine: boolean,
): 'passes' | 'forbidden' {
  const cell = row[role];
  if (cell === undefined) return 'forbidden';
  if (row.of === 'catalogue') return 'passes';
  if (row.of === 'platform') return isConfined ? 'forbidden' : 'passes';
  // A batch, a stream and lists take anybody who may do something, and answer about each aggregate.
  if (OPEN_TO_WHOEVER_MAY_ANYTHING.some((name) => ACCESS[name] === row)) return 'passes';
  return (cell === 'own' || isConfined) && !isMine ? 'forbidden' : 'passes';
}
