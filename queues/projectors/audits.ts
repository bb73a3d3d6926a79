/** How each view's rows are held against what their owners say: the code here shares nothing with the projectors. */
import { canonicalJson } from '../../schemas/canonical.ts';
import { keysJson } from '../kernel/positions.ts';
import type { ViewAudit } from '../kernel/projector.ts';
import { unlike } from './unlike.ts';

/**
 * First of the positions that a building journal gives to events which the live one has lost. Readers of the feed cannot
 * have seen those, and must not have passed them: the switch moves them to the end.
 */
export const PROVISIONAL_POSITION = 2 ** 52;

// A statement asks about many aggregates and would fail for all of them where one row is damaged and no JSON any more.

/** How many events of a type a row of the journal has by its own account. */
const countOf = (type: string) => `CASE WHEN json_valid(types) THEN types ->> '${type}' END`;

/** How many of all types. */
const ALL_COUNTS =
  'CASE WHEN json_valid(types) THEN (SELECT coalesce(sum(value), 0) FROM json_each(types)) ELSE -1 END';

/** The hash of the row's last event. */
const NEWEST_HASH = "CASE WHEN json_valid(events) THEN json_extract(events, '$[#-1].hash') END";

/** An account's state, as far as views show it. */
interface OwnAccount {
  readonly customerId: string;
  readonly accountType: string;
  readonly currency: string;
  readonly status: string;
  readonly cash: string;
  readonly reserved: string;
  readonly fees: string;
  readonly limits: unknown;
  readonly positions: Readonly<
    Record<string, { quantity: string; averageCost: string; costBasis: string; realizedPnl: string }>
  >;
}

/** An account's row says what its actor says. */
export const accountsAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT account_id AS aggregateId, customer_id, account_type, currency, status, cash, reserved, fees, limits, ' +
      'version ' +
      `FROM json_each(?) AS sought CROSS JOIN accounts_${colour} ON account_id = sought.value ->> 1`,
    parameters: [keysJson(keys)],
  }),
  fault(rows, { state }, version) {
    const { customerId, accountType, currency, status, cash, reserved, fees, limits } = state as OwnAccount;
    const own = [
      customerId,
      accountType,
      currency,
      status,
      cash,
      reserved,
      fees,
      canonicalJson(limits),
      version,
    ];
    const [row] = rows;
    if (row === undefined) return 'there is no row';
    const { customer_id, account_type, currency: shownCurrency } = row;
    const shown = [customer_id, account_type, shownCurrency, row.status, row.cash, row.reserved, row.fees];
    return unlike([...shown, canonicalJson(JSON.parse(String(row.limits))), row.version], own);
  },
};

/** An account's holdings are those that its actor has. */
export const positionsAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT account_id AS aggregateId, symbol, quantity, average_cost, cost_basis, realized_pnl ' +
      `FROM json_each(?) AS sought CROSS JOIN positions_${colour} ON account_id = sought.value ->> 1`,
    parameters: [keysJson(keys)],
  }),
  fault(rows, { state }) {
    const own = Object.entries((state as OwnAccount).positions).map(([symbol, position]) =>
      [symbol, position.quantity, position.averageCost, position.costBasis, position.realizedPnl].join(' '),
    );
    const shown = rows.map((row) =>
      [row.symbol, row.quantity, row.average_cost, row.cost_basis, row.realized_pnl].join(' '),
    );
    return unlike(shown.sort(), own.sort());
  },
};

/** There are as many trades as the journal, at the same version, has announcements of one, and as many cancelled ones. */
export const tradesAudit: ViewAudit = {
  statement: (colour, keys, journal) => ({
    sql:
      'SELECT sought.value ->> 1 AS aggregateId, ' +
      "(SELECT json_array(count(*), count(*) FILTER (WHERE status = 'CANCELLED')) " +
      `FROM trades_${colour} WHERE account_id = sought.value ->> 1) AS trades, ` +
      '(SELECT json_array(sum(to_version - from_version + 1), ' +
      `coalesce(sum(${countOf('TradeExecuted')}), 0), coalesce(sum(${countOf('TradeCancelled')}), 0)) ` +
      `FROM journal_${journal} WHERE aggregate_id = sought.value ->> 1 AND aggregate_type = sought.value ->> 0) ` +
      'AS journal FROM json_each(?) AS sought',
    parameters: [keysJson(keys)],
  }),
  fault([row], _owner, version) {
    const [events, ...announced] = JSON.parse(String(row?.journal)) as [number | null, number, number];
    // A journal at another version has other events, and nothing to say about these.
    if (events !== version) return undefined;
    const [trades, cancelled] = JSON.parse(String(row?.trades)) as [number, number];
    if (trades !== announced[0]) return `there are ${trades} trades, and ${announced[0]} events of one`;
    return cancelled === announced[1]
      ? undefined
      : `${cancelled} trades are cancelled, by ${announced[1]} events`;
  },
};

/** The journal has every version once, in order of its positions, and ends with the hash that the log has there. */
export const journalAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT type AS aggregateType, id AS aggregateId, min(from_version) AS first, max(to_version) AS last, ' +
      // A provisional position says nothing of the order: the switch sees to that.
      `count(*) FILTER (WHERE from_version <> next OR (position <= before AND before < ${PROVISIONAL_POSITION})) AS breaks, ` +
      'count(*) FILTER (WHERE types <> to_version - from_version + 1) AS miscounted, ' +
      `(SELECT ${NEWEST_HASH} FROM journal_${colour} WHERE aggregate_id = id ` +
      'AND aggregate_type = type ORDER BY from_version DESC LIMIT 1) AS hash FROM (' +
      'SELECT sought.value ->> 1 AS id, sought.value ->> 0 AS type, from_version, to_version, position, ' +
      `${ALL_COUNTS} AS types, ` +
      'lag(to_version) OVER own + 1 AS next, lag(position) OVER own AS before ' +
      `FROM json_each(?) AS sought CROSS JOIN journal_${colour} ON aggregate_id = sought.value ->> 1 ` +
      'AND aggregate_type = sought.value ->> 0 ' +
      'WINDOW own AS (PARTITION BY sought.key ORDER BY from_version)) GROUP BY type, id',
    parameters: [keysJson(keys)],
  }),
  fault([row], { hash }, version) {
    if (row === undefined) return 'there is no event';
    if (row.breaks !== 0) return `${row.breaks} ranges do not follow the one before`;
    // What the feed is asked for by type is found by these counts, and trades are held against them.
    if (row.miscounted !== 0) return `${row.miscounted} ranges name other types than they have events`;
    return unlike([row.first, row.last, row.hash], [1, version, hash]);
  },
};
