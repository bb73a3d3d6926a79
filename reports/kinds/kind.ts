/** Kinds of reports over accounts: what each takes from an account, and which columns its rows have. */
import type { z } from 'zod';
import type { CsvRow } from '../csv.ts';
import type { StatedAccount } from '../statement/build.ts';
import type { TradeEvent } from '../trades.ts';

/** A cell of a row. */
export type Row = CsvRow;

/** An account as a report sees it. */
export interface ReportedAccount {
  readonly accountId: string;
  /** At the end of the period, or as of the report. */
  readonly closing: StatedAccount;
  /** When the period begins; undefined where it begins with the account, or the account was not yet open. */
  readonly opening: StatedAccount | undefined;
}

/** A kind of report, wherever its rows come from. */
export interface Kind {
  /** As the path names it. */
  readonly name: string;
  /** The columns of its rows, in order: those of {@link row}, unless rows leave some empty always. */
  readonly columns: readonly string[];
  /** What a row is. */
  readonly row: z.ZodObject;
  /** Columns for which there is no data here, whatever the trade. */
  readonly emptyColumns?: readonly string[];
}

/** A report of what happened in a period: rows come from single events. */
export interface EventKind extends Kind {
  rowsOf(event: TradeEvent, account: ReportedAccount): readonly Row[];
}

/** A report of what is held at the end of a period: rows come from the account's state. */
export interface StateKind<Options = unknown> extends Kind {
  rowsOfState(account: ReportedAccount, options: Options): readonly Row[];
}
