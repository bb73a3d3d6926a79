/** `npm run archive -- query FOLDER [NAME]`: the queries of docs/analytics.md as tables. */
import { Analytics, type Answer } from './analytics.ts';

/** Runs a query, or lists them without a name; answers the exit code. */
export async function query(
  folder: string,
  name: string | undefined,
  account: string | undefined,
): Promise<number> {
  const analytics = await Analytics.open(folder);
  try {
    if (name === undefined) for (const known of analytics.names) console.log(known);
    else for (const line of tableLines(await analytics.run(name, account))) console.log(line);
    return 0;
  } finally {
    analytics.close();
  }
}

function tableLines({ columns, rows }: Answer): string[] {
  const cells = [columns, ...rows].map((row) => row.map((value) => value ?? ''));
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] as string).length)));
  return cells.map((row) =>
    row
      .map((value, index) => value.padEnd(widths[index] as number))
      .join('  ')
      .trimEnd(),
  );
}
