import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Envelope } from '../../demo/api.ts';
import { CappedTape } from '../../demo/cappedTape.ts';
import { Chain } from '../../demo/chain.ts';
import { type CheckName, type Evidence, runChecks } from '../../demo/checks.ts';
import { Client } from '../../demo/client.ts';
import { defaultTape } from '../../demo/defaultTape.ts';
import { drive } from '../../demo/drive.ts';
import type { ObservedAccount } from '../../demo/observation.ts';
import { OwnPlatform } from '../../demo/platform.ts';

const MAIN = join(import.meta.dirname, '../../demo/main.ts');

/** A demonstration on a slow machine with other tests beside it. */
const RUN_MS = 120_000;

function demo(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('npm run demo', () => {
  it('runs, finds the books right, says so at the end and exits with 0', { timeout: RUN_MS }, async () => {
    const { code, stdout, stderr } = await demo('--trades', '400', '--accounts', '12', '--seed', '7');
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^✓ all 10 checks hold: the books are right \(.+ s\)$/,
    );
    expect(stdout).toContain('400 trades');
    expect(stdout).not.toContain('✗');
    expect(code).toBe(0);
  });

  it.each([
    [['--tap', 'x.csv'], 'There is no option --tap. Is it --tape that is meant?'],
    [['--tape', 'nowhere.csv.gz'], 'nowhere.csv.gz: there is no such file'],
    [['--url', 'http://127.0.0.1:1', '--trades', '10'], 'http://127.0.0.1:1 does not answer: '],
  ])('explains %j in one line and exits with 1', async (args, message) => {
    const { code, stderr } = await demo(...args);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    expect(code).toBe(1);
  });
});

describe('the checks of the demonstration', () => {
  let platform: OwnPlatform;
  let client: Client;
  let evidence: Evidence;

  beforeAll(async () => {
    platform = await OwnPlatform.start();
    client = new Client(platform.url, platform.token);
    const tape = await CappedTape.open(defaultTape(150, 3), 150);
    const run = await drive({
      platform: Promise.resolve(client),
      tape,
      accounts: 5,
      seed: 3,
      onProgress: () => undefined,
    });
    evidence = { ...run, outcomes: run.sender.outcomes };
  }, RUN_MS);

  afterAll(async () => {
    client?.close();
    await platform?.stop(false);
  });

  it('of a platform that is given are not begun with a token that it refuses, and say how to give another', async () => {
    const { code, stdout, stderr } = await demo('--url', platform.url, '--trades', '10');
    expect(stdout).toBe('');
    expect(stderr).toContain('401');
    expect(stderr).toContain('--token-file FILE or in FOLIO_TOKEN');
    expect(code).toBe(1);
  });

  const failing = (given: Evidence): CheckName[] =>
    runChecks(given)
      .filter(({ faults }) => faults.length > 0)
      .map(({ name }) => name);

  const accountId = 'demo3-a1';

  /** The evidence with one account seen otherwise. */
  function seen(change: Partial<ObservedAccount>): Evidence {
    const account = { ...(evidence.observation.accounts.get(accountId) as ObservedAccount), ...change };
    const accounts = new Map(evidence.observation.accounts).set(accountId, account);
    return { ...evidence, observation: { ...evidence.observation, accounts } };
  }

  it('hold on what the platform did', () => {
    expect(runChecks(evidence).flatMap(({ faults }) => faults)).toEqual([]);
  });

  it('fail where the platform shows something else', () => {
    const account = evidence.observation.accounts.get(accountId) as ObservedAccount;
    const richer = { ...account.state, cash: { ...account.state.cash, total: '1' } };
    expect(failing(seen({ state: richer }))).toEqual(['accounts', 'portfolios']);
    expect(failing(seen({ portfolio: richer }))).toEqual(['portfolios']);
    expect(failing(seen({ portfolioSource: 'actor' }))).toEqual(['portfolios']);
    expect(failing(seen({ audit: { ...account.audit, ok: false } }))).toEqual(['audit']);
    expect(failing(seen({ audit: { ...account.audit, headHash: 'f'.repeat(64) } }))).toContain('feed');
    expect(failing(seen({ log: new Chain(accountId) }))).toEqual(['logs']);
    const late = { ...evidence, catchUp: { ms: 1, eventsBehind: 1 } };
    expect(failing(late)).toEqual(['catch-up']);
  });

  // Last, and in this order: from here on the books stay wrong.
  it('fail where the books are off by the smallest unit', () => {
    const { expectations, observation, outcomes } = evidence;
    const book = expectations.books.account(accountId);
    const inFeed = observation.feed.accounts.get(accountId);
    if (book === undefined || inFeed === undefined) throw new Error(`no ${accountId}`);
    const { cash } = book;
    book.cash = cash.plus('0.00000001');
    expect(failing(evidence)).toEqual(['accounts']);
    book.cash = cash;
    book.events.FundsDeposited = (book.events.FundsDeposited ?? 0) + 1;
    expect(failing(evidence)).toEqual(['event counts']);
    inFeed.fees = `${inFeed.fees}${inFeed.fees.includes('.') ? '' : '.'}00000001`;
    expect(failing(evidence)).toEqual(['event counts', 'conservation']);
    expectations.tradesOf(accountId).add({
      version: 9,
      tradeId: 't',
      symbol: 'X',
      side: 'BUY',
      quantity: '1',
      price: '1',
    });
    expect(failing(evidence)).toEqual(['trades', 'event counts', 'conservation']);
    expectations.commands += 1;
    expect(failing(evidence)).toEqual(['outcomes', 'trades', 'event counts', 'conservation']);
    expect(outcomes.faults).toBe(0);
  });

  it('see an event that was changed, left out, or sent twice', async () => {
    const { events } = await client.json<{ events: Envelope[] }>(`/v1/accounts/${accountId}/events?limit=5`);
    const faultOf = (list: readonly Envelope[]) => {
      const chain = new Chain(accountId);
      for (const event of list) chain.add(event);
      return chain.fault;
    };
    const [first, second, third] = events as [Envelope, Envelope, Envelope];
    expect(faultOf(events)).toBeUndefined();
    expect(faultOf([first, third])).toBe(`${accountId} version 3 comes after version 1`);
    expect(faultOf([first, first])).toBe(`${accountId} version 1 comes after version 1`);
    const changed = { ...second, metadata: { ...second.metadata, userId: 'somebody' } };
    expect(faultOf([first, changed])).toBe(`${accountId} version 2 is not what its hash says`);
    const renamed = { ...second, eventId: first.eventId };
    expect(faultOf([first, renamed])).toBe(`${accountId} version 2 has an id that is not its hash's`);
  });
});
