/** Accounts of the real kernel, and a general ledger that is read from them as the reconciler does. */
import { GeneralLedger } from '../../actors/generalLedger/generalLedger.ts';
import { balanceCheck } from '../../queues/reconciler/balance.ts';
import { AccountReader, type SummedAccount } from '../../queues/reconciler/reader.ts';
import { differenceOf, sumCheck } from '../../queues/reconciler/sums.ts';
import { transferCheck } from '../../queues/reconciler/transfers.ts';
import { Untold } from '../../queues/reconciler/untold.ts';
import type { Check, Verdict } from '../../queues/reconciler/verdict.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import { timeText } from '../../schemas/time.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteStorage } from './sqliteStorage.ts';
import { EPOCH, StatedActor } from './statement.ts';

const logger = createLogger('test', 'error', () => undefined);

export const keyOfAccount = (aggregateId: string) => ({ aggregateType: 'account', aggregateId });

export class LedgerWorld {
  readonly ledger = new GeneralLedger(sqliteStorage(), () => EPOCH);
  readonly actors = new Map<string, StatedActor>();
  now = EPOCH;
  /** Events that one look reads. */
  eventsMax = 100_000;
  /** What becomes of an account's state and of its events on the way to whoever asks. */
  bendState = (state: SummedAccount): SummedAccount => state;
  bendEvents = (events: EventEnvelope[]): EventEnvelope[] => events;
  /** Bent in place of an account's own head. */
  bendHead = (head: number): number => head;
  /** Questions that were asked of accounts about transfers, by the transfer's id. */
  readonly asked: string[] = [];
  /** Versions from which events were read. */
  readonly read: number[] = [];

  async open(accountId: string, initialBalance = '1000', currency = 'USD'): Promise<StatedActor> {
    const actor = new StatedActor();
    await actor.run('OpenAccount', { customerId: 'c', accountType: 'INDIVIDUAL', currency, initialBalance });
    this.actors.set(accountId, actor);
    return actor;
  }

  /** Money leaves one account for another. */
  async leave(from: string, to: string, transferId: string, amount = '1', currency = 'USD'): Promise<void> {
    const expiresAt = timeText(EPOCH + 60_000);
    const transfer = { transferId, toAccountId: to, amount, currency, expiresAt };
    await this.actor(from).run('ReserveFunds', transfer);
    await this.actor(from).run('SettleFunds', { transferId });
  }

  /** It reaches the other. */
  async arrive(from: string, to: string, transferId: string, amount = '1', currency = 'USD'): Promise<void> {
    await this.actor(to).run('AcceptTransfer', { transferId, fromAccountId: from, amount, currency });
    await this.actor(to).run('CreditTransfer', { transferId });
  }

  actor(accountId: string): StatedActor {
    const actor = this.actors.get(accountId);
    if (actor === undefined) throw new Error(`no account ${accountId}`);
    return actor;
  }

  events(accountId: string, fromVersion = 1, limit = 1_000): EventEnvelope[] {
    return JSON.parse(this.actor(accountId).core.events(fromVersion, limit)) as EventEnvelope[];
  }

  /** The checks, as a look has them. */
  checks(): Record<'transfer' | 'balance' | 'sum', Check> {
    const reader = new AccountReader({
      untold: new Untold(logger),
      eventsMax: this.eventsMax,
      head: async ({ aggregateId }) => this.bendHead(this.actor(aggregateId).core.head()),
      state: async ({ aggregateId }, version) => {
        const state = this.actor(aggregateId).core.read({ version })?.state;
        return state && this.bendState(state);
      },
      events: async ({ aggregateId }, fromVersion, limit) => {
        this.read.push(fromVersion);
        return this.bendEvents(this.events(aggregateId, fromVersion, limit));
      },
      books: async (accountIds) => this.ledger.books(accountIds),
      post: async (reading) => this.ledger.post(reading),
    });
    const transfer = transferCheck({
      untold: new Untold(logger),
      reader,
      now: () => this.now,
      events: async ({ aggregateId }, fromVersion, limit) => this.events(aggregateId, fromVersion, limit),
      openTransfers: async (...asked) => this.ledger.openTransfers(...asked),
      standing: async (side) => this.ledger.standing(side),
      find: async (accountId, type, transferId) => {
        this.asked.push(transferId);
        if (!this.actors.has(accountId)) return undefined;
        const isIt = ({ eventType, data }: EventEnvelope) =>
          eventType === type && data.transferId === transferId;
        return this.events(accountId).find(isIt);
      },
      deliver: async ({ data }) => {
        const { toAccountId, transferId, amount } = data as Record<string, string>;
        await this.arrive('a', String(toAccountId), String(transferId), amount);
      },
    });
    return {
      transfer,
      balance: balanceCheck(reader),
      sum: sumCheck({ sums: async () => this.ledger.sums() }),
    };
  }

  /** One look at some accounts with one check; faults by place. */
  async look(
    check: 'transfer' | 'balance',
    ...accountIds: string[]
  ): Promise<Record<string, string | undefined>> {
    const verdicts = await this.checks()[check].judge(accountIds.map(keyOfAccount), []);
    return faultsOf(verdicts);
  }

  /** What is wrong with the sums of a currency. */
  async sumFault(currency = 'USD'): Promise<string | undefined> {
    const [verdict] = await this.checks().sum.judge(
      [{ aggregateType: 'currency', aggregateId: currency }],
      [],
    );
    return verdict?.fault;
  }

  sums(currency = 'USD') {
    const sums = this.ledger.sums().find((one) => one.currency === currency);
    if (sums === undefined) throw new Error(`no sums in ${currency}`);
    return { ...sums, difference: differenceOf(sums) };
  }
}

export function faultsOf(verdicts: readonly Verdict[]): Record<string, string | undefined> {
  return Object.fromEntries(verdicts.map(({ where, fault }) => [where, fault]));
}
