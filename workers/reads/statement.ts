/** Reads what a statement is made of: the account at both ends of its period, and its log in between. */
import { buildStatement, type StatedVersion } from '../../reports/statement/build.ts';
import { MovementLedger } from '../../reports/statement/movements.ts';
import type { Statement } from '../../reports/statement/statement.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import type { Owner } from '../aggregates.ts';

/** Events of one statement: with the pages of a PDF they take some 50 MB of the 128 MB of an isolate, and seconds of its processor. */
export const STATEMENT_EVENTS_MAX = 25_000;

/** Events read at a time: a megabyte of JSON. */
const PAGE_EVENTS = 1_000;

/** Which statement is wanted. Times are RFC 3339; undefined: as far as the log goes. */
export interface StatementRequest {
  readonly accountId: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** The version of the account that the statement may cover at most. */
  readonly version: number | undefined;
}

/** A statement, or why there is none. */
export type StatementRead =
  | { readonly status: 'made'; readonly statement: Statement }
  /** There was no such account, or no such version of it, by the end of the period. */
  | { readonly status: 'not_found' }
  | { readonly status: 'too_large'; readonly events: number };

type AccountOwner = Pick<Owner<StatedVersion['state']>, 'read' | 'head' | 'events'>;

/**
 * Reads and makes a statement. The version that it covers is the last one recorded before the period's end, and not beyond
 * the one asked for: with the version that a statement names, it is made again to the letter whatever came later.
 * `makeRoom` is told of how many events it will be before they are read, and may throw.
 */
export async function readStatement(
  owner: AccountOwner,
  request: StatementRequest,
  eventsMax = STATEMENT_EVENTS_MAX,
  makeRoom: (events: number) => void = () => undefined,
): Promise<StatementRead> {
  const { accountId, from, to, version } = request;
  const closing = await readClosing(owner, to, version);
  if (closing === null) return { status: 'not_found' };
  const before = from === undefined ? null : await owner.read({ at: Date.parse(from) - 1 });
  // Events between the one and the other may have come since: the version counts.
  const opening = before === null ? undefined : before.version > closing.version ? closing : before;
  const events = closing.version - (opening?.version ?? 0);
  if (events > eventsMax) return { status: 'too_large', events };
  makeRoom(events);
  const ledger = new MovementLedger(opening?.version ?? 0, opening?.state.cash ?? '0');
  while (ledger.version < closing.version) {
    const limit = Math.min(PAGE_EVENTS, closing.version - ledger.version);
    ledger.add(JSON.parse(await owner.events(ledger.version + 1, limit)) as EventEnvelope[]);
  }
  const period = { accountId, from: from ?? null, to: to ?? null };
  return { status: 'made', statement: buildStatement(period, opening, closing, ledger) };
}

/** The account at the end of the period, as of a version at most. */
async function readClosing(
  owner: AccountOwner,
  to: string | undefined,
  version: number | undefined,
): Promise<StatedVersion | null> {
  const last = await owner.read(to === undefined ? {} : { at: Date.parse(to) - 1 });
  if (last === null || version === undefined || version === last.version) return last;
  if (version < last.version) return owner.read({ version });
  return version <= (await owner.head()) ? last : null;
}
