/** The order book of the demonstration on the real local server, from a file in the columns of the UCI data set. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../demo/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'folio-orders-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A demonstration on a slow machine with other tests beside it. */
const RUN_MS = 240_000;

function demo(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, '--scenario', 'orders', ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** A dozen invoices, one of them with something of its own, and a credit. */
function writeBook(): string {
  const rows = ['InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'];
  for (let number = 1; number <= 12; number++) {
    rows.push(`${number},T1,TEA,${number},2010-12-01T08:26,2.55,c${number},United Kingdom`);
    rows.push(`${number},OWN${number},CUP,2,2010-12-01T08:26,4.05,c${number},France`);
  }
  rows.push('C13,T1,TEA,-3,2010-12-02T08:26,2.55,c12,United Kingdom');
  rows.push('14,T1,lost,-4,2010-12-02T08:26,0,,United Kingdom');
  const file = join(folder, 'book.csv');
  writeFileSync(file, rows.join('\n'));
  return file;
}

describe('npm run demo -- --scenario orders', () => {
  it.each([1, 2])(
    'takes a book through a platform of %i runtimes for its objects, finds stock and money right, and exits with 0',
    {
      timeout: RUN_MS,
    },
    async (shards) => {
      const { code, stdout, stderr } = await demo('--orders', writeBook(), '--shards', String(shards));
      expect(stderr).toBe('');
      expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
        /^✓ all 7 checks hold: stock and money are right \(.+ s\)$/,
      );
      expect(stdout).toContain('14 invoices: 12 orders of 24 lines');
      expect(stdout).toMatch(/Trace of order \d+: 2 lines/);
      expect(stdout).toMatch(/saga fulfil-\d+: COMPENSATED/);
      expect(stdout).not.toContain('✗');
      expect(code).toBe(0);
    },
  );

  it.each([
    [['--orders', 'nowhere.csv'], 'nowhere.csv: there is no such file'],
    [['--trades', '5'], '--trades is not for --scenario orders'],
    [['--limit', 'few'], '--limit has to be a whole number'],
  ])('explains %j in one line and exits with 1', async (args, message) => {
    const { code, stderr } = await demo(...args);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    expect(code).toBe(1);
  });
});
