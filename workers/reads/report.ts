/**
 * Reports over accounts, read from the accounts' own logs: exact and complete for the versions that they name, which no view is
 * that follows the logs. Accounts come in the order of their ids, the events of each in theirs.
 */
import type { EventKind, ReportedAccount, Row, StateKind } from '../../reports/kinds/kind.ts';
import type { Head } from '../../reports/report.ts';
import type { StatedAccount } from '../../reports/statement/build.ts';
import { tradeEventOf } from '../../reports/trades.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import type { Owner } from '../aggregates.ts';

/** Accounts of one page: each is asked two or three times, and one that sleeps takes milliseconds to wake. */
export const REPORT_ACCOUNTS_MAX = 500;

/** Accounts asked at a time. */
const ACCOUNTS_AT_A_TIME = 25;

/** Events read at a time: a megabyte of JSON. */
const PAGE_EVENTS = 1_000;

/**
 * Events read for one page: an account may have a million of which none is about a trade, and a page is not to take longer
 * for that than some seconds.
 */
export const REPORT_EVENTS_MAX = 25_000;

/** Where a report goes on: after an account, or within one after a version. */
export interface ReportPosition {
  readonly accountId: string;
  /** The last version looked at; null: all of the account was. */
  readonly version: number | null;
}

/** What a page of a report is to cover. Times in milliseconds since 1970. */
export interface ReportRequest {
  /** Undefined: the period begins with each account. */
  readonly from: number | undefined;
  /** Events recorded before this are covered. */
  readonly end: number;
  /** This account alone. */
  readonly accountId: string | undefined;
  readonly after: ReportPosition | undefined;
  /** Rows at most, but that what belongs to one event or one account is not cut in two. */
  readonly limit: number;
}

/** Rows, the logs that they cover, and where the next page begins; undefined on the last. */
export interface ReportRead {
  readonly rows: readonly Row[];
  readonly heads: readonly Head[];
  readonly next: ReportPosition | undefined;
}

type AccountOwner = Pick<Owner<StatedAccount>, 'read' | 'events'>;

/** What the reader asks: which accounts there are after an id, in their order, and each of them. */
export interface ReportSource {
  list(afterId: string, limit: number): Promise<readonly string[]>;
  owner(accountId: string): AccountOwner;
}

/** How rows are made from an account: the events of a period, or the state at its end. */
export type RowMaking =
  | { readonly of: 'events'; readonly kind: EventKind }
  | { readonly of: 'state'; readonly rowsOf: (account: ReportedAccount) => readonly Row[] };

/** The making of a report of states with its options. */
export function stateRows<Options>(kind: StateKind<Options>, options: Options): RowMaking {
  return { of: 'state', rowsOf: (account) => kind.rowsOfState(account, options) };
}

/** An account at both ends of the period. */
export interface Covered {
  readonly account: ReportedAccount;
  readonly owner: AccountOwner;
  /** The last version before the period, and the last one in it. */
  readonly before: number;
  readonly head: Head;
}

/** What of a page is still to be had. */
interface Room {
  readonly rows: number;
  /** Goes down with what is read. */
  events: number;
}

/**
 * Reads a page. It ends with the limit of rows, of accounts or of events read; accounts that did not exist at the end of the period count for
 * neither, so that those opened since change nothing.
 */
export async function readReport(
  source: ReportSource,
  request: ReportRequest,
  making: RowMaking,
): Promise<ReportRead> {
  const rows: Row[] = [];
  const heads: Head[] = [];
  const room: Room = { rows: request.limit, events: REPORT_EVENTS_MAX };
  for await (const covered of coveredAccounts(source, request)) {
    const { accountId } = covered.account;
    const { after } = request;
    heads.push(covered.head);
    const resumed = after?.accountId === accountId ? after.version : null;
    const stopped = await addRows(rows, covered, making, room, resumed ?? 0);
    if (stopped !== undefined) return { rows, heads, next: { accountId, version: stopped } };
    const isFull = rows.length >= room.rows || heads.length >= REPORT_ACCOUNTS_MAX;
    if (isFull && request.accountId === undefined) return { rows, heads, next: { accountId, version: null } };
  }
  return { rows, heads, next: undefined };
}

/** Adds the rows of an account; answers the version after which there was no more room, undefined where there was. */
async function addRows(
  rows: Row[],
  { account, owner, before, head }: Covered,
  making: RowMaking,
  room: Room,
  resumed: number,
): Promise<number | undefined> {
  if (making.of === 'state') {
    for (const row of making.rowsOf(account)) rows.push(row);
    return undefined;
  }
  for (let version = Math.max(before, resumed); version < head.version; ) {
    if (room.events <= 0) return version;
    const count = Math.min(PAGE_EVENTS, head.version - version, room.events);
    const page = await owner.events(version + 1, count);
    room.events -= count;
    for (const event of JSON.parse(page) as EventEnvelope[]) {
      const traded = tradeEventOf(event);
      const made = traded === undefined ? [] : making.kind.rowsOf(traded, account);
      if (made.length > 0 && rows.length > 0 && rows.length + made.length > room.rows) return version;
      rows.push(...made);
      version = event.version;
    }
  }
  return undefined;
}

/** The accounts that existed at the end of the period, from where the page begins. */
export async function* coveredAccounts(
  source: ReportSource,
  request: ReportRequest,
): AsyncGenerator<Covered> {
  const { accountId, after } = request;
  if (accountId !== undefined) {
    const only = await coverOf(source.owner(accountId), accountId, request);
    if (only !== undefined) yield only;
    return;
  }
  if (after !== undefined && after.version !== null) {
    const begun = await coverOf(source.owner(after.accountId), after.accountId, request);
    if (begun !== undefined) yield begun;
  }
  for (let afterId = after?.accountId ?? ''; ; ) {
    const ids = await source.list(afterId, ACCOUNTS_AT_A_TIME);
    const covered = await Promise.all(ids.map((id) => coverOf(source.owner(id), id, request)));
    for (const one of covered) if (one !== undefined) yield one;
    if (ids.length < ACCOUNTS_AT_A_TIME) return;
    afterId = ids.at(-1) as string;
  }
}

async function coverOf(
  owner: AccountOwner,
  accountId: string,
  { from, end }: ReportRequest,
): Promise<Covered | undefined> {
  const [closing, opening] = await Promise.all([
    owner.read({ at: end - 1 }),
    from === undefined ? null : owner.read({ at: from - 1 }),
  ]);
  if (closing === null) return undefined;
  const { state, version, hash } = closing;
  // A period that begins after the report's own time has nothing in it.
  const began = opening !== null && opening.version > version ? closing : opening;
  return {
    account: { accountId, closing: state, opening: began?.state },
    owner,
    before: began?.version ?? 0,
    head: { aggregateType: 'account', aggregateId: accountId, version, hash },
  };
}
