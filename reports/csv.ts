/**
 * Tables as CSV (RFC 4180): lines end with CR LF, the first one names the columns, all have as many fields. A spreadsheet that
 * opens the file takes no text of ours for a formula.
 */

/** What a cell may hold; null is an empty one. Decimals are texts. */
export type CsvValue = string | number | null;

/** Numbers, also negative ones, are no formula whatever they begin with. */
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * What makes spreadsheets run a cell, in ASCII and as full-width forms (OWASP, "CSV Injection"), and the apostrophe itself, so that
 * whoever takes one apostrophe from the front of a text has the text.
 */
const FORMULA = /^[=+\-@'\t\r\n＝＋－＠]/;

/** What a field has to be put into quotes for; with spaces around it, because readers trim them. */
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

/** One field. */
export function csvField(value: CsvValue): string {
  if (value === null) return '';
  const text = String(value);
  if (NUMBER.test(text)) return text;
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** One line. */
export function csvLine(values: readonly CsvValue[]): string {
  return `${values.map(csvField).join(',')}\r\n`;
}

/** Rows by column; what a row does not have is empty. */
export type CsvRow = Readonly<Record<string, CsvValue>>;

/** A whole table. Throws on a row with a column that the table does not have: a bug. */
export function csvTable(columns: readonly string[], rows: Iterable<CsvRow>): string {
  const known = new Set(columns);
  const lines = [csvLine(columns)];
  for (const row of rows) {
    for (const name in row) if (!known.has(name)) throw new Error(`the table has no column ${name}`);
    lines.push(csvLine(columns.map((name) => row[name] ?? null)));
  }
  return lines.join('');
}
