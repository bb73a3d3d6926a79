/** What the events of an account come to: told from its log, and told from the archive by DuckDB, to be held against each other. */
import type { Analytics } from '../../local/archive/analytics.ts';
import { formatDecimal, parseDecimal, type Scaled, ZERO } from '../../schemas/decimal.ts';

/** Amounts of a trade that are added up. */
const SUMMED = ['quantity', 'notional', 'fee', 'realizedPnl'] as const;

/** An account in numbers: amounts are decimal texts. */
export interface AccountSums extends Readonly<Record<(typeof SUMMED)[number], string>> {
  readonly events: number;
  readonly trades: number;
  /** After its newest event that says so. */
  readonly cash: string;
  /** Of its newest event. */
  readonly hash: string;
}

/** A row of a log: all that is needed of it. */
export type LogRow = { readonly type: string; readonly data: string; readonly hash: string };

/** The sums of a log, from its rows in their order. */
export function sumsOfLog(rows: Iterable<LogRow>): AccountSums {
  const sums: Record<(typeof SUMMED)[number], bigint> = {
    quantity: 0n,
    notional: 0n,
    fee: 0n,
    realizedPnl: 0n,
  };
  let [events, trades, cash, last] = [0, 0, '0', ''];
  for (const { type, data, hash } of rows) {
    const fields = JSON.parse(data) as Record<string, string | undefined>;
    events++;
    cash = fields.cash ?? cash;
    last = hash;
    if (type !== 'TradeExecuted') continue;
    trades++;
    for (const field of SUMMED) sums[field] += parseDecimal(fields[field] as string);
  }
  const texts = Object.fromEntries(SUMMED.map((field) => [field, formatDecimal(sums[field] as Scaled)]));
  return { ...(texts as Record<(typeof SUMMED)[number], string>), events, trades, cash, hash: last };
}

/** DuckDB rounds nothing: sums of DECIMAL(38,8) are of that type too. */
const QUERY = `
  SELECT aggregate_id, count(*), count(*) FILTER (event_type = 'TradeExecuted'),
         sum(quantity) FILTER (event_type = 'TradeExecuted'), sum(notional), sum(fee) FILTER (event_type = 'TradeExecuted'),
         sum(realized_pnl) FILTER (event_type = 'TradeExecuted'), arg_max(cash, version), lower(hex(arg_max(hash, version)))
  FROM events GROUP BY aggregate_id`;

/** The sums of every account in an archive. */
export async function sumsOfArchive(analytics: Analytics): Promise<Map<string, AccountSums>> {
  const { rows } = await analytics.sql(QUERY);
  return new Map(
    rows.map(([id, events, trades, quantity, notional, fee, realizedPnl, cash, hash]) => [
      id as string,
      {
        events: Number(events),
        trades: Number(trades),
        quantity: plain(quantity),
        notional: plain(notional),
        fee: plain(fee),
        realizedPnl: plain(realizedPnl),
        cash: plain(cash),
        hash: hash as string,
      },
    ]),
  );
}

/** Throws where two sides do not say the same of the same accounts. */
export function mustAgree(
  logs: ReadonlyMap<string, AccountSums>,
  others: ReadonlyMap<string, AccountSums>,
  what: string,
): void {
  for (const [id, sums] of logs) {
    const other = others.get(id);
    const fields = Object.keys(sums) as (keyof AccountSums)[];
    const differing = fields.find((field) => sums[field] !== other?.[field]);
    if (differing !== undefined)
      throw new Error(
        `${id}: ${differing} is ${sums[differing]} in the log, ${other?.[differing]} in ${what}`,
      );
  }
  if (others.size !== logs.size) throw new Error(`${logs.size} logs, but ${others.size} in ${what}`);
}

/** As Folio writes decimals. */
function plain(text: string | null | undefined): string {
  return text == null ? formatDecimal(ZERO) : formatDecimal(parseDecimal(text));
}
