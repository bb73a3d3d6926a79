/** What the table says of a caller: pure, and the same for every way in. */
import type { AggregateType } from '../../schemas/aggregates.ts';
import { owns, type Principal, type Target } from './principal.ts';
import { ACCESS, type AccessRow, LOG_ROWS, type Reach } from './table.ts';

/** The row of a command's type or an operation's id. Throws where there is none: a bug that no request may meet. */
export function accessRow(operation: string): AccessRow {
  const row = Object.hasOwn(ACCESS, operation) ? ACCESS[operation] : undefined;
  if (row === undefined) {
    throw new Error(`${operation} has no row in workers/access/table.ts: say there who may do it`);
  }
  return row;
}

/**
 * How far the caller reaches by the best of its roles; undefined: it may not at all. Whoever is confined to some accounts
 * reaches to those alone, and so not to what concerns everybody's.
 */
export function reachOf({ roles, accounts }: Principal, row: AccessRow): Reach | undefined {
  const reaches = roles.map((role) => row[role]);
  const isConfined = accounts !== undefined && row.of !== 'catalogue';
  if (!isConfined && reaches.includes('all')) return 'all';
  const reachesAny = reaches.some((reach) => reach !== undefined);
  return reachesAny && row.of !== 'platform' ? 'own' : undefined;
}

/** Whether the caller may do this to this aggregate; without one the handler asks for each. */
export function mayReach(principal: Principal, operation: string, target: Target | undefined): boolean {
  const reach = reachOf(principal, accessRow(operation));
  if (reach === undefined || target === undefined) return reach !== undefined;
  return reach === 'all' ? !isWithheld(principal, target.aggregateType) : owns(principal, target);
}

/** Types of aggregates whose events the caller is not shown, though it reads across the platform. */
export function withheldTypes(principal: Principal): readonly string[] {
  return Object.keys(LOG_ROWS).filter((type) => isWithheld(principal, type));
}

function isWithheld(principal: Principal, aggregateType: string): boolean {
  const row = Object.hasOwn(LOG_ROWS, aggregateType) ? LOG_ROWS[aggregateType as AggregateType] : undefined;
  return row !== undefined && reachOf(principal, accessRow(row)) !== 'all';
}

/** Whether the caller may send a command of a type to an aggregate. */
export type CommandGate = (type: string, target: Target) => boolean;

/** The gate of one caller, for many commands: each type is looked up once. */
export function commandGate(principal: Principal): CommandGate {
  const reaches = new Map<string, Reach | undefined>();
  return (type, target) => {
    let reach = reaches.get(type);
    if (reach === undefined && !reaches.has(type)) {
      reach = reachOf(principal, accessRow(type));
      reaches.set(type, reach);
    }
    return reach === 'all' || (reach === 'own' && owns(principal, target));
  };
}
