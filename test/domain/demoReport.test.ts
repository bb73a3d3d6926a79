import { describe, expect, it } from 'vitest';
import type { Client, Reply } from '../../demo/client.ts';
import type { Expected } from '../../demo/dispatcher.ts';
import { quantilesText } from '../../demo/figures.ts';
import { shortened } from '../../demo/orders/reportOrders.ts';
import { Sender } from '../../demo/sender.ts';

/** As many as go before a batch by routes of their own, and as many as are in the batch. */
const COMMANDS = 50;

function deposit(place: number): Expected {
  const commandId = `c${place}`;
  return {
    command: {
      commandId,
      aggregateType: 'account',
      aggregateId: 'a',
      type: 'DepositFunds',
      data: { amount: '1' },
    },
    outcome: { status: 'accepted', version: place + 1 },
  };
}

/** A platform on which the only account stands at as many versions as it was sent commands; tells what is open at each request. */
function platform(told: () => void): Client {
  let version = 0;
  const reply = (body: object): Reply => ({
    status: 200,
    headers: { etag: `"${version}"` },
    text: JSON.stringify(body),
    ms: 1,
  });
  const send = async ({ path, body = '' }: { path: string; body?: string }) => {
    told();
    if (path !== '/v1/commands') {
      version += 1;
      return reply({ aggregateId: 'a', version, events: [] });
    }
    const { commands } = JSON.parse(body) as { commands: { commandId: string }[] };
    const results = commands.map(({ commandId }) => {
      version += 1;
      return { commandId, status: 'accepted', version };
    });
    return reply({ results });
  };
  return { send } as unknown as Client;
}

describe('the progress of the demonstration', () => {
  it('counts what is under way as to go, so that it adds up to all commands at every moment', async () => {
    const sums = new Set<number>();
    const sender = new Sender(COMMANDS, () => undefined);
    for (let place = 0; place < COMMANDS; place += 1) sender.add(deposit(place));
    await sender.finish(
      platform(() => {
        const { answered, faults } = sender.outcomes;
        sums.add(answered + faults + sender.unanswered);
        expect(sender.unanswered).toBeGreaterThan(sender.waiting);
      }),
    );
    expect([...sums]).toEqual([COMMANDS]);
    expect(sender.unanswered).toBe(0);
  });
});

describe('the report of the demonstration', () => {
  it('gives no figures of what was not measured', () => {
    expect(quantilesText([], ['p50', 'max'])).toBe('none');
    expect(quantilesText([4, 5, 6], ['p50', 'max'])).toBe('p50 5.0 ms   max 6.0 ms');
  });

  it('leaves out the middle of a trace only where that makes it shorter', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => `step ${index + 1}`);
    expect(shortened(lines(15))).toEqual(lines(15));
    expect(shortened(lines(16))).toHaveLength(15);
    expect(shortened(lines(16))[7]).toBe('… 2 more');
  });
});
