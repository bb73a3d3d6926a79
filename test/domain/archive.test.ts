/** From events to segments and manifests, and what the verifier, which shares no code with them, says of these. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tradeCycle } from '../../bench/workload/trades.ts';
import { ArchiveFolder } from '../../verifier/archive.ts';
import { verifyArchive } from '../../verifier/verify.ts';
import { ArchiveWorld } from '../support/archive.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'folio-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function verify(world: ArchiveWorld) {
  rmSync(folder, { recursive: true });
  world.bucket.export(folder);
  return verifyArchive(new ArchiveFolder(folder), world.now);
}

function trade(world: ArchiveWorld, accountId: string, number: number): void {
  const account = world.account(accountId);
  if (account.aggregate.log.head().version === 0) {
    const opening = {
      customerId: 'customer',
      accountType: 'INDIVIDUAL',
      currency: 'USD',
      initialBalance: '100000',
    };
    account.run('OpenAccount', opening, world.now);
  }
  world.now += 1_000;
  const data = {
    tradeId: `t-${number}`,
    symbol: 'IBM',
    side: number % 5 === 4 ? 'SELL' : 'BUY',
    quantity: '2.5',
  };
  const executedAt = new Date(world.now - 500).toISOString();
  account.run('ExecuteTrade', { ...data, price: `${100 + number}.12`, fee: '0.1', executedAt }, world.now);
}

describe('the archive', () => {
  it('has every event, and the verifier finds nothing wrong', async () => {
    const world = new ArchiveWorld();
    for (let number = 0; number < 60; number++) trade(world, `account-${number % 3}`, number);
    for (const account of world.accounts.values()) world.deliver(account.announce());
    expect(await world.archivist.seal()).toEqual({ segments: 1, events: 63, isComplete: true });
    await world.notary.sign();
    const { findings, events, aggregates } = await verify(world);
    expect(findings.kept).toEqual([]);
    expect({ events, aggregates }).toEqual({ events: 63, aggregates: 3 });
  });

  it('takes at most 150 bytes a trade, hashes, manifests and checkpoints included, with ids as random as they come', async () => {
    const world = new ArchiveWorld();
    const [accounts, trades] = [10, 200];
    for (let index = 0; index < accounts; index++) {
      const { aggregate } = world.account(`account-${index}`);
      const opening = {
        customerId: 'c',
        accountType: 'INDIVIDUAL',
        currency: 'USD',
        initialBalance: '900000000',
      };
      const commands = [
        { commandId: randomUUID(), type: 'OpenAccount', data: opening },
        { commandId: randomUUID(), type: 'SetLimits', data: { allowShort: true } },
        ...tradeCycle(index, trades).map((trade) => {
          const tradeId = randomUUID();
          return { commandId: tradeId, type: 'ExecuteTrade', data: { tradeId, ...trade } };
        }),
      ];
      // Twenty to a request.
      for (let from = 0; from < commands.length; from += 20) {
        const context = { userId: 'tester', correlationId: randomUUID(), causationId: null };
        const entries = commands.slice(from, from + 20).map((command) => ({ command, context }));
        world.now += 50;
        const verdicts = aggregate.execute(entries, world.now);
        expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['accepted']));
      }
    }
    await world.checkpoint();
    const bytes = [...world.bucket.objects.values()].reduce((total, object) => total + object.length, 0);
    expect(bytes / (accounts * trades)).toBeLessThan(150);
  });

  it('with one changed bit is not clean, and the finding names the event', async () => {
    const world = new ArchiveWorld();
    for (let number = 0; number < 10; number++) trade(world, 'account-0', number);
    world.deliver(world.account('account-0').announce());
    await world.archivist.seal();
    await verify(world);
    const key = [...world.bucket.objects.keys()].find((name) => name.startsWith('segments/')) as string;
    const manifest = JSON.parse(readFileSync(path.join(folder, 'manifests/000000000001.json'), 'utf8'));
    const [, offset] = manifest.columns.find(([name]: [string]) => name === 'hash');
    const file = path.join(folder, key);
    const bytes = readFileSync(file);
    // Somewhere in the hashes, which are not compressed.
    const at = offset + 228;
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(file, bytes);
    const { findings } = await verifyArchive(new ArchiveFolder(folder), world.now);
    expect(findings.kept).toContainEqual({
      kind: 'altered_bytes',
      object: key,
      detail: 'its bytes are not those that the manifest names, in hash',
    });
    expect(findings.kept.find(({ kind }) => kind === 'altered_event')?.event).toBe(
      'account/account-0 version 7',
    );
  });

  it('gives a program every finding as a line of JSON, and nothing else on standard output', () => {
    for (let number = 0; number < 150; number++) writeFileSync(path.join(folder, `${number}.txt`), '');
    const verified = spawnSync(process.execPath, ['verifier/main.ts', folder, '--json'], {
      encoding: 'utf8',
    });
    expect(verified.status).toBe(1);
    const lines = verified.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { object: string });
    expect(lines.filter(({ object }) => object.endsWith('.txt'))).toHaveLength(150);
    expect(verified.stderr).toContain('151 findings');
  });

  it('of which there is nothing is not clean: it may be a wrong folder', async () => {
    const { findings } = await verifyArchive(new ArchiveFolder(folder), 0);
    expect(findings.kept).toEqual([
      {
        kind: 'incomplete',
        object: 'checkpoints/000000000001.json',
        detail: 'there is no manifest and no checkpoint: it is no archive, or nothing is left of one',
      },
    ]);
  });
});
