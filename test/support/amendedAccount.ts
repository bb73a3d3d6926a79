/** An account of the real kernel on SQLite in memory, and beside it the same account refolded from scratch. */
import * as fc from 'fast-check';
import { accountDecider } from '../../actors/account/decider.ts';
import type { AccountState } from '../../actors/account/state.ts';
import { Aggregate } from '../../actors/kernel/aggregate.ts';
import { decodeEvent } from '../../actors/kernel/eventLog.ts';
import type { Verdict } from '../../actors/kernel/turn.ts';
import type { AccountEvent } from '../../schemas/account.ts';
import { PlainLedger, type PlainState } from './plainLedger.ts';
import { sqliteStorage } from './sqliteStorage.ts';

/** A command as a test writes it. */
export interface Sent {
  readonly type: string;
  readonly data: Readonly<Record<string, string | boolean>>;
}

const CONTEXT = { userId: 'tester', correlationId: 'correlation', causationId: null };

export class AmendedAccount {
  readonly ledger = new PlainLedger();
  readonly aggregate: Aggregate<AccountState>;
  /** When the next command is received, milliseconds since 1970. */
  now = Date.parse('2026-01-05T09:00:00Z');
  readonly storage = sqliteStorage();
  #commands = 0;

  constructor() {
    this.aggregate = this.#open();
  }

  /** Runs commands in one turn; answers what became of each: `accepted`, or the name of its refusal. */
  run(...sent: readonly Sent[]): string[] {
    const entries = sent.map((command) => ({
      command: { ...command, commandId: `c-${++this.#commands}` },
      context: CONTEXT,
    }));
    const verdicts: Verdict[] = this.storage.transactionSync(() => this.aggregate.execute(entries, this.now));
    return verdicts.map((verdict, index) => {
      if (verdict.status === 'accepted')
        this.ledger.book(sent[index] as never, new Date(this.now).toISOString());
      return verdict.status === 'refused' ? verdict.code : verdict.status;
    });
  }

  /** The event of a version. */
  event(version = this.ledger.version): AccountEvent {
    const [stored] = this.aggregate.log.readStored(version, 1);
    if (stored === undefined) throw new Error(`no version ${version}`);
    return decodeEvent(stored) as AccountEvent;
  }

  /** The account as its actor has it. */
  get state(): PlainState {
    return plainState(this.aggregate.current().state);
  }

  /** The same by an instance that has nothing in memory. */
  reopened(): Aggregate<AccountState> {
    return this.#open();
  }

  #open(): Aggregate<AccountState> {
    return new Aggregate<AccountState>(this.storage, accountDecider, 'a-1');
  }
}

/** What of an account's state is compared. */
export function plainState({ cash, fees, positions, lastTrades }: Readonly<AccountState>): PlainState {
  return structuredClone({ cash, fees, positions, lastTrades });
}

const decimal = (most: number, decimals: number) =>
  fc
    .tuple(fc.integer({ min: 1, max: most }), fc.integer({ min: 0, max: decimals }))
    .map(([digits, places]) => {
      const text = String(digits).padStart(places + 1, '0');
      const value = places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
      return value.includes('.') ? value.replace(/\.?0+$/, '') : value;
    });
const positive = (most: number, decimals: number) => decimal(most, decimals).filter((text) => text !== '0');
const side = fc.constantFrom<'BUY' | 'SELL'>('BUY', 'SELL');
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** A step of a random life; a trade's number is that of an earlier trade, modulo how many there are. */
export type Step =
  | { readonly step: 'command'; readonly sent: Sent }
  | { readonly step: 'trade'; readonly data: Sent['data'] }
  | { readonly step: 'amend'; readonly trade: number; readonly data: Sent['data'] | null };

const given = (data: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as Sent['data'];

/** Anything that may happen to an open account, amendments often. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        symbol: fc.constantFrom('IBM', 'BTC-USD'),
        side,
        quantity: positive(999, 3),
        price: positive(9_999, 4),
        fee: optional(decimal(300, 2)),
        // Booked late, or early: the venue's clock is not ours.
        executedAt: optional(fc.constantFrom('2026-01-05T09:05:00.000Z', '2026-01-05T09:20:00.000Z')),
      })
      .map((data): Step => ({ step: 'trade', data: given(data) })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.nat(12),
        fc.record({
          side: optional(side),
          quantity: optional(positive(999, 3)),
          price: optional(positive(9_999, 4)),
          fee: optional(decimal(300, 2)),
        }),
      )
      .map(([trade, data]): Step => ({ step: 'amend', trade, data: given(data) })),
  },
  { weight: 1, arbitrary: fc.nat(12).map((trade): Step => ({ step: 'amend', trade, data: null })) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 5_000 }).map(
      (amount): Step => ({
        step: 'command',
        sent: { type: 'DepositFunds', data: { amount: String(amount) } },
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 5_000 }).map(
      (amount): Step => ({
        step: 'command',
        sent: { type: 'WithdrawFunds', data: { amount: String(amount) } },
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .boolean()
      .map((allowShort): Step => ({ step: 'command', sent: { type: 'SetLimits', data: { allowShort } } })),
  },
);

/** The command of a step, where `trades` trades have been sent before; undefined where there is none to amend. */
export function commandOf(next: Step, trades: number): Sent | undefined {
  switch (next.step) {
    case 'command':
      return next.sent;
    case 'trade':
      return { type: 'ExecuteTrade', data: { ...next.data, tradeId: `t-${trades}` } };
    case 'amend': {
      if (trades === 0) return undefined;
      const about = { tradeId: `t-${next.trade % trades}`, reason: 'booked wrongly' };
      if (next.data === null) return { type: 'CancelTrade', data: about };
      return { type: 'CorrectTrade', data: { ...next.data, ...about } };
    }
  }
}

/** The commands of steps from the opening on. */
export function commandsOf(steps: readonly Step[]): Sent[] {
  let trades = 0;
  const commands = steps.flatMap((next) => {
    const command = commandOf(next, trades);
    if (next.step === 'trade') trades++;
    return command === undefined ? [] : [command];
  });
  return [opening('50000'), ...commands];
}

/** Opens the account. */
export function opening(initialBalance: string): Sent {
  return {
    type: 'OpenAccount',
    data: { accountType: 'INDIVIDUAL', currency: 'USD', customerId: 'c-1', initialBalance },
  };
}
