/**
 * States of the past: which one a request may ask for, and why it does not get it. A version or time that is still to come is
 * the request's fault and never an answer, since another one would be right later.
 */
import { Time } from '../../schemas/scalars.ts';
import type { Owner } from '../aggregates.ts';
import { invalidRequest } from './problem.ts';
import { QueryVersion } from './query.ts';

/** A moment in the life of an aggregate, as a query names it. */
export const MOMENT = {
  version: QueryVersion.optional().meta({ description: 'As of this version.' }),
  at: Time.optional().meta({ description: 'As of this time, which must have passed.' }),
};

/** The same as a request has it: at most one of the two. */
export interface Moment {
  readonly version?: number | undefined;
  readonly at?: string | undefined;
}

/** What is wrong with a query that names a moment in two ways. */
export const ONE_MOMENT = { path: ['at'], message: 'cannot be given together with version' };

/** Whether a query names its moment in one way, or not at all. */
export function isOneMoment({ version, at }: Moment): boolean {
  return version === undefined || at === undefined;
}

/** 400 where a time is still to come. */
export function requirePassed(path: string, time: string | undefined): void {
  const now = Date.now();
  if (time === undefined || Date.parse(time) <= now) return;
  const message = `must have passed: it is ${new Date(now).toISOString()}`;
  throw invalidRequest([{ path, message }]);
}

/** A moment as actors are asked for it. */
export function asOf({ version, at }: Moment): { version?: number; at?: number } {
  return {
    ...(version === undefined ? {} : { version }),
    ...(at === undefined ? {} : { at: Date.parse(at) }),
  };
}

/** The state at a moment; null where there was none yet. Ends with 400 where the moment is still to come. */
export async function readMoment<State>(
  owner: Pick<Owner<State>, 'read' | 'head'>,
  moment: Moment,
): ReturnType<Owner<State>['read']> {
  requirePassed('at', moment.at);
  const read = await owner.read(asOf(moment));
  if (read === null && moment.version !== undefined) await requireReached(owner, 'version', moment.version);
  return read;
}

/** 400 where an aggregate that there is has not come to a version. */
export async function requireReached(
  owner: Pick<Owner, 'head'>,
  path: string,
  version: number,
): Promise<void> {
  const head = await owner.head();
  if (head === 0 || version <= head) return;
  throw invalidRequest([{ path, message: `must be at most ${head}, the newest version` }]);
}
