/**
 * Reports about holders, over all of their accounts. First every account is read, page by page as for other reports, and what it
 * held is gathered in the order of the holders; then come the rows. Which page comes after which depends on the logs and the
 * moment alone, not on what was gathered before.
 */
import type { Row } from '../../reports/kinds/kind.ts';
import type { Head } from '../../reports/report.ts';
import type { GatheredAccounts, HolderKey, Holding, Taken } from '../../schemas/holding.ts';
import { type Covered, coveredAccounts, REPORT_ACCOUNTS_MAX, type ReportSource } from './report.ts';

/** Holdings that one page looks at: some megabytes. */
export const REPORT_HOLDINGS_MAX = 25_000;

/** Holdings read at a time. */
const HOLDINGS_AT_A_TIME = 5_000;

/** Where holdings of the moment are gathered. */
export interface HoldingsStore {
  take(accounts: GatheredAccounts): Promise<Taken>;
  /** Undefined where accounts are missing, or nothing is kept any more. */
  page(after: HolderKey | null, limit: number, customerId: string | null): Promise<Holding[] | undefined>;
}

/** Where a report goes on: with the accounts after one, or with the holders after one. */
export type HoldersPosition =
  | { readonly accountId: string }
  | { readonly customerId: string; readonly symbol: string };

/** What a page is to cover. */
export interface HoldersRequest {
  /** Events recorded before this are covered, milliseconds since 1970. */
  readonly end: number;
  /** Instead, where something has to be kept for later pages: the same, or an earlier time that other reports share. */
  readonly keptEnd: number;
  /** This customer alone. */
  readonly customerId: string | undefined;
  readonly after: HoldersPosition | undefined;
  /** Rows at most, but that those of one customer in one symbol stay together. */
  readonly limit: number;
}

/**
 * A page; `expired` where what was gathered is no longer kept, and the report has to be begun again; `full` where too many reports
 * are kept for one more.
 */
export type HoldersRead =
  | {
      readonly status: 'read';
      /** Events recorded before this are covered, milliseconds since 1970. */
      readonly end: number;
      readonly rows: readonly Row[];
      /** Of the accounts that were read for this page. */
      readonly heads: readonly Head[];
      readonly next: HoldersPosition | undefined;
    }
  | { readonly status: 'expired' }
  | Extract<Taken, { status: 'full' }>;

/** Makes rows of the holdings of one customer in one symbol. */
type RowsOf = (holdings: readonly Holding[]) => readonly Row[];

/** Reads a page. `storeAt`: where holdings are gathered of what was recorded before a time. */
export async function readHolders(
  source: ReportSource,
  storeAt: (end: number) => HoldingsStore,
  request: HoldersRequest,
  rowsOf: RowsOf,
): Promise<HoldersRead> {
  const { after, end, keptEnd } = request;
  if (after !== undefined && 'symbol' in after) {
    return holderRows(storeAt(end), request, { after, heads: [] }, rowsOf);
  }
  const gathered = await gather(source, end, after?.accountId);
  if (after !== undefined) return takenRows(storeAt(end), request, gathered, rowsOf);
  const whole = await wholeRows(request, gathered, rowsOf);
  if (whole !== undefined) return whole;
  const shared = keptEnd === end ? gathered : await gather(source, keptEnd);
  return takenRows(storeAt(keptEnd), { ...request, end: keptEnd }, shared, rowsOf);
}

/** Accounts that were read, and how far their logs were. */
interface Gathered {
  readonly heads: readonly Head[];
  readonly accounts: GatheredAccounts;
}

/** All rows, where one page has them: nobody will ask for another, so that nothing is kept. */
async function wholeRows(
  request: HoldersRequest,
  { heads, accounts: { isLast, holdings } }: Gathered,
  rowsOf: RowsOf,
): Promise<HoldersRead | undefined> {
  if (!isLast) return undefined;
  const { customerId } = request;
  const own = holdings.filter((holding) => customerId === undefined || holding.customerId === customerId);
  own.sort(inOrder);
  const page = async (after: HolderKey | null) => (after === null ? own : []);
  const read = await holderRows({ page }, request, { after: null, heads }, rowsOf);
  return read.status === 'read' && read.next === undefined ? read : undefined;
}

/** The order of holdings that are kept. */
function inOrder(a: Holding, b: Holding): number {
  for (const name of ['customerId', 'symbol', 'currency', 'accountId'] as const) {
    if (a[name] !== b[name]) return a[name] < b[name] ? -1 : 1;
  }
  return 0;
}

/** Has accounts kept for later pages; the rows once all are there. */
async function takenRows(
  store: HoldingsStore,
  request: HoldersRequest,
  { heads, accounts }: Gathered,
  rowsOf: RowsOf,
): Promise<HoldersRead> {
  const taken = await store.take(accounts);
  if (taken.status === 'full') return taken;
  if (taken.status === 'missing') return { status: 'expired' };
  if (accounts.isLast) return holderRows(store, request, { after: null, heads }, rowsOf);
  const next = { accountId: accounts.lastAccountId };
  return { status: 'read', end: request.end, rows: [], heads, next };
}

/** The next accounts and what they held. */
async function gather(source: ReportSource, end: number, afterAccountId = ''): Promise<Gathered> {
  const heads: Head[] = [];
  const holdings: Holding[] = [];
  const period = { from: undefined, end, accountId: undefined, limit: REPORT_HOLDINGS_MAX };
  const after = afterAccountId === '' ? undefined : { accountId: afterAccountId, version: null };
  let lastAccountId = afterAccountId;
  for await (const covered of coveredAccounts(source, { ...period, after })) {
    heads.push(covered.head);
    holdings.push(...holdingsOf(covered));
    lastAccountId = covered.account.accountId;
    if (heads.length >= REPORT_ACCOUNTS_MAX || holdings.length >= REPORT_HOLDINGS_MAX)
      return { heads, accounts: { afterAccountId, lastAccountId, isLast: false, holdings } };
  }
  return { heads, accounts: { afterAccountId, lastAccountId, isLast: true, holdings } };
}

function holdingsOf({ account: { accountId, closing } }: Covered): Holding[] {
  const { customerId, currency, positions, lastTrades } = closing;
  return Object.entries(positions)
    .filter(([, { quantity }]) => quantity !== '0')
    .map(([symbol, { quantity }]) => {
      const last = lastTrades[symbol];
      return {
        customerId,
        symbol,
        currency,
        accountId,
        quantity,
        price: last?.price ?? null,
        priceTradeId: last?.tradeId ?? null,
        pricedAt: last?.executedAt ?? null,
      };
    });
}

async function holderRows(
  store: Pick<HoldingsStore, 'page'>,
  { end, customerId, limit }: HoldersRequest,
  { after, heads }: { readonly after: HolderKey | null; readonly heads: readonly Head[] },
  rowsOf: RowsOf,
): Promise<HoldersRead> {
  const rows: Row[] = [];
  const upTo = (next: HolderKey | null): HoldersRead => ({
    status: 'read',
    end,
    rows,
    heads,
    next: next ?? undefined,
  });
  let last = after;
  for (let looked = 0; looked < REPORT_HOLDINGS_MAX; ) {
    const holdings = await store.page(last, HOLDINGS_AT_A_TIME, customerId ?? null);
    // Also in the middle of a page: a report that ended here would lack the rest.
    if (holdings === undefined) return { status: 'expired' };
    if (holdings.length === 0) return upTo(null);
    looked += holdings.length;
    for (const own of byHolder(holdings)) {
      const made = rowsOf(own);
      if (rows.length > 0 && rows.length + made.length > limit) return upTo(last);
      rows.push(...made);
      const { customerId: holder, symbol } = own[0] as Holding;
      last = { customerId: holder, symbol };
    }
  }
  return upTo(last);
}

function byHolder(holdings: readonly Holding[]): Iterable<Holding[]> {
  return Map.groupBy(holdings, ({ customerId, symbol }) => JSON.stringify([customerId, symbol])).values();
}
