/** An analyst, who has an archive and DuckDB, and nothing of the platform. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Analytics } from '../../local/archive/analytics.ts';
import { MemoryBucket } from './archive.ts';

/** The rows that DuckDB finds in an archive. */
export async function answerOf(objects: ReadonlyMap<string, Uint8Array>, sql: string): Promise<unknown> {
  const bucket = new MemoryBucket();
  for (const [key, bytes] of objects) bucket.objects.set(key, bytes);
  const folder = mkdtempSync(path.join(tmpdir(), 'folio-analyst-'));
  bucket.export(folder);
  const analytics = await Analytics.open(folder);
  try {
    return (await analytics.sql(sql)).rows;
  } finally {
    analytics.close();
    rmSync(folder, { recursive: true });
  }
}
