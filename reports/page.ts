/** A page of a report: what it is about, its rows, and the logs that it covers. */
import { z } from 'zod';
import { UtcTime } from '../schemas/scalars.ts';
import { type CsvRow, csvTable } from './csv.ts';
import type { Kind, Row } from './kinds/kind.ts';
import { Head } from './report.ts';

/** A page, whatever its rows are. */
export interface ReportPage {
  readonly report: string;
  readonly from: string | null;
  readonly to: string | null;
  /** RFC 3339: events recorded before this time are covered. */
  readonly asOf: string;
  readonly emptyFields: readonly string[];
  readonly rows: readonly Row[];
  /** Of every account that the page covers, also of those without rows. */
  readonly heads: readonly Head[];
  /** Where the next page begins; null on the last. */
  readonly nextCursor: string | null;
}

/** The JSON of a page of a kind. */
export function pageSchema({ name, row }: Kind): z.ZodType {
  return z.strictObject({
    report: z.literal(name),
    from: UtcTime.nullable().meta({ description: 'The period begins here; null: with the first event.' }),
    to: UtcTime.nullable().meta({ description: 'The period ends before this; null: with `asOf`.' }),
    asOf: UtcTime.meta({
      description: 'Events recorded before this time are covered: with it, the same page again.',
    }),
    emptyFields: z.array(z.string()).meta({ description: 'Fields for which there is no data here.' }),
    rows: z.array(row),
    heads: z.array(Head).meta({ description: 'The logs that the page covers, and up to which version.' }),
    nextCursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
  });
}

/**
 * The page as one table: `fact` rows with name and value, then the rows of the report, and a `head` row for each log that is
 * covered.
 */
export function pageCsv(columns: readonly string[], page: ReportPage): string {
  const own = columns.filter((column) => column !== 'accountId');
  return csvTable(
    ['record', 'accountId', ...own, 'name', 'value', 'headVersion', 'headHash'],
    tableRows(page),
  );
}

function* tableRows({
  report,
  from,
  to,
  asOf,
  emptyFields,
  rows,
  heads,
  nextCursor,
}: ReportPage): Iterable<CsvRow> {
  const facts = { report, from, to, asOf, emptyFields: emptyFields.join(' '), nextCursor };
  for (const [name, value] of Object.entries(facts)) yield { record: 'fact', name, value };
  for (const row of rows) yield { record: 'row', ...row };
  for (const { aggregateId, version, hash } of heads) {
    yield { record: 'head', accountId: aggregateId, headVersion: version, headHash: hash };
  }
}
