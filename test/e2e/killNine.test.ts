import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../demo/api.ts';
import type { Command } from '../../demo/commands.ts';
import { type Answer, Ledger } from './chaos/ledger.ts';
import { runChaos } from './chaos/run.ts';
import { commandFaults } from './chaos/verify.ts';

/** Two kills, three starts and the checks, on a slow machine with other tests beside it. */
const RUN_MS = 300_000;

const deposit = (commandId: string): Command => ({
  commandId,
  aggregateType: 'account',
  aggregateId: 'a',
  type: 'DepositFunds',
  data: { amount: '1' },
});

const SENT_AT = Date.parse('2026-11-20T10:00:00.000Z');

const event = (version: number, commandId: string, recordedAt = '2026-11-20T10:00:01.000Z') =>
  ({ version, recordedAt, metadata: { commandId } }) as never as Envelope;

function faults(answers: Record<string, Answer | undefined>, log: readonly Envelope[], isUncertain = false) {
  const ledger = new Ledger();
  for (const [commandId, answer] of Object.entries(answers)) {
    const entry = ledger.enter(deposit(commandId));
    entry.isUncertain = isUncertain;
    entry.sentAt = SENT_AT;
    if (answer !== undefined) ledger.answer(entry, answer);
  }
  return commandFaults(ledger, new Map([['a', log]]));
}

describe('kill -9 of npm run serve under load', () => {
  it('loses and doubles nothing, and the views come to what the logs have', { timeout: RUN_MS }, async () => {
    const seed = Date.now() % 2 ** 32;
    console.log(`seed ${seed}: npm run chaos -- --kills 2 --seed ${seed}`);
    const result = await runChaos({ kills: 2, seed, clients: 12, onProgress: () => undefined });
    expect(result.faults).toEqual([]);
    expect(result.acknowledged).toBeGreaterThan(0);
    expect(result.events).toBeGreaterThanOrEqual(result.acknowledged);
  });

  const accepted = (version: number): Answer => ({ status: 'accepted', version });
  const refused: Answer = { status: 'refused', code: 'insufficient_funds' };

  it('would be told of an acknowledged command that is lost, moved, doubled or unknown', () => {
    expect(faults({ c1: accepted(1), c2: refused }, [event(1, 'c1')])).toEqual([]);
    expect(faults({ c1: accepted(1) }, [])).toEqual([
      'c1 was answered {"status":"accepted","version":1} and is at []',
    ]);
    expect(faults({ c1: accepted(1) }, [event(2, 'c1')])).toHaveLength(1);
    expect(faults({ c1: accepted(1) }, [event(1, 'c1'), event(2, 'c1')])).toHaveLength(1);
    expect(faults({ c1: undefined }, [])).toHaveLength(1);
    expect(faults({}, [event(1, 'c9')])).toEqual(['nobody sent c9']);
  });

  it('would be told of a refused command that ran all the same, unless a given up attempt came after it', () => {
    expect(faults({ c1: refused }, [event(1, 'c1')])).toHaveLength(1);
    expect(faults({ c1: refused }, [event(1, 'c1')], true)).toEqual([]);
    expect(faults({ c1: refused }, [event(1, 'c1', '2026-11-20T09:59:59.999Z')], true)).toHaveLength(1);
    expect(faults({ c1: refused }, [event(1, 'c1'), event(2, 'c1')], true)).toHaveLength(1);
  });

  it('would be told of a repeat that is answered otherwise', () => {
    const ledger = new Ledger();
    const entry = ledger.enter(deposit('c1'));
    ledger.answer(entry, accepted(3));
    ledger.answer(entry, { status: 'replayed', version: 3 });
    expect(ledger.faults).toEqual([]);
    ledger.answer(entry, accepted(4));
    expect(ledger.faults).toHaveLength(1);
  });
});
