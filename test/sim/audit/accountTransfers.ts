/** One account's part in transfers as the auditor keeps it: what is set aside, what is to come, and until when. */
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { type AuditedEvent, type Due, TIMER_SLACK_MS } from './book.ts';
import { units } from './exact.ts';
import type { LedgerOf } from './ledger.ts';
import { sagaCommand } from './sagaCommands.ts';

const TIMER_ID = /^timer expire (\S+) (\d+)$/;

/** The event of each command, and what of the command it says again. */
const EVENTS: Readonly<Record<string, { readonly event: string; readonly same: readonly string[] }>> = {
  ReserveFunds: { event: 'FundsReserved', same: ['transferId', 'toAccountId', 'amount', 'expiresAt'] },
  AcceptTransfer: { event: 'TransferAccepted', same: ['transferId', 'fromAccountId', 'amount'] },
  SettleFunds: { event: 'FundsTransferredOut', same: ['transferId'] },
  CreditTransfer: { event: 'FundsTransferredIn', same: ['transferId'] },
  ReleaseFunds: { event: 'FundsReleased', same: ['transferId'] },
  CancelTransfer: { event: 'TransferCancelled', same: ['transferId'] },
  ExpireFunds: { event: 'FundsReservationExpired', same: ['transferId'] },
};

export class AccountTransfers {
  readonly #accountId: string;
  readonly #ledgerOf: LedgerOf;
  readonly #outgoing = new Map<string, { readonly amount: bigint; readonly expiresAt: number }>();
  readonly #incoming = new Map<string, bigint>();

  constructor(accountId: string, ledgerOf: LedgerOf) {
    this.#accountId = accountId;
    this.#ledgerOf = ledgerOf;
  }

  /** What is set aside. */
  get reserved(): bigint {
    return [...this.#outgoing.values()].reduce((sum, { amount }) => sum + amount, 0n);
  }

  /** Transfers that have not ended here. */
  get open(): string[] {
    return [...this.#outgoing.keys(), ...this.#incoming.keys()];
  }

  /** Whether an event is what a command about a transfer asks for; undefined where the command is about none. */
  fits({ type, data }: Body, event: AuditedEvent): boolean | undefined {
    const expected = EVENTS[type];
    if (expected === undefined) return undefined;
    return event.type === expected.event && expected.same.every((name) => event.data[name] === data[name]);
  }

  /** A timer's command, or one of a saga that has begun the step before. */
  platformBody(_event: AuditedEvent, commandId: string): Body | undefined {
    const [, expiring, expiresAt] = TIMER_ID.exec(commandId) ?? [];
    if (expiring !== undefined) {
      const isOpen = this.#outgoing.get(expiring)?.expiresAt === Number(expiresAt);
      return isOpen ? { type: 'ExpireFunds', data: { transferId: expiring } } : undefined;
    }
    const source = { aggregateType: 'account', aggregateId: this.#accountId };
    return sagaCommand(this.#ledgerOf, source, commandId);
  }

  *due(): Iterable<Due> {
    for (const [transferId, { expiresAt }] of this.#outgoing)
      yield { what: `reservation for ${transferId}`, at: expiresAt, slackMs: TIMER_SLACK_MS };
  }

  /** Takes an event; answers by how much the balance changes. */
  apply(event: AuditedEvent, cash: bigint): bigint {
    const transferId = String(event.data.transferId);
    const amount = units(String(event.data.amount));
    const outgoing = this.#outgoing.get(transferId);
    switch (event.type) {
      case 'FundsReserved':
        if (outgoing !== undefined) fail(event, 'exactly once', 'money was reserved twice');
        if (cash - this.reserved < amount) fail(event, 'reserved money is there', `${amount} of ${cash}`);
        this.#outgoing.set(transferId, { amount, expiresAt: Date.parse(String(event.data.expiresAt)) });
        return 0n;
      case 'TransferAccepted':
        if (this.#incoming.has(transferId)) fail(event, 'exactly once', 'a transfer was accepted twice');
        this.#incoming.set(transferId, amount);
        return 0n;
      case 'FundsReservationExpired':
        if (event.recordedAt < (outgoing?.expiresAt ?? 0)) fail(event, 'no timer fires early', 'not yet due');
        return this.#give(event, outgoing?.amount ?? 0n, amount);
      case 'FundsReleased':
        return this.#give(event, outgoing?.amount ?? 0n, amount);
      case 'FundsTransferredOut':
        if (outgoing === undefined) fail(event, 'money is conserved', 'what was not reserved has left');
        return this.#give(event, outgoing.amount, amount) - amount;
      case 'TransferCancelled':
        return this.#take(event, amount);
      case 'FundsTransferredIn':
        if (!this.#incoming.has(transferId))
          fail(event, 'money is conserved', 'what was not accepted has come');
        return this.#take(event, amount) + amount;
      default:
        return fail(event, 'events come from commands', 'nobody asks for such an event');
    }
  }

  #give(event: AuditedEvent, reserved: bigint, amount: bigint): bigint {
    if (reserved !== amount) fail(event, 'money is conserved', `${amount}, but ${reserved} were reserved`);
    this.#outgoing.delete(String(event.data.transferId));
    return 0n;
  }

  #take(event: AuditedEvent, amount: bigint): bigint {
    const transferId = String(event.data.transferId);
    const accepted = this.#incoming.get(transferId) ?? 0n;
    if (accepted !== amount) fail(event, 'money is conserved', `${amount}, but ${accepted} were accepted`);
    this.#incoming.delete(transferId);
    return 0n;
  }
}

function fail({ aggregateId, version, type }: AuditedEvent, check: string, detail: string): never {
  throw new Breach(check, `account/${aggregateId} version ${version} (${type}): ${detail}`);
}
