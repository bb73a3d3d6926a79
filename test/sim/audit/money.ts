/**
 * Money between accounts, at every instant: what has left one account is on its way until it has reached the other, once,
 * and whole. Together with what the accounts hold it is what came in from outside.
 */
import { Breach } from '../model/world.ts';
import type { AccountBook } from './accountBook.ts';
import type { AuditedEvent } from './book.ts';
import { units } from './exact.ts';

export class MoneyAudit {
  /** What has left and not arrived, by transfer. */
  readonly #underWay = new Map<string, bigint>();
  readonly #sent = new Set<string>();

  /** Takes an event of an account. */
  apply({ type, data, aggregateId, version }: AuditedEvent): void {
    const transferId = String(data.transferId);
    const fail = (detail: string) => {
      throw new Breach('money is conserved', `account/${aggregateId} version ${version}: ${detail}`);
    };
    if (type === 'FundsTransferredOut') {
      if (this.#sent.has(transferId)) fail(`${transferId} has left twice`);
      this.#sent.add(transferId);
      this.#underWay.set(transferId, units(String(data.amount)));
    } else if (type === 'FundsTransferredIn') {
      const amount = this.#underWay.get(transferId);
      if (amount !== units(String(data.amount))) fail(`of ${transferId} ${amount} is under way`);
      this.#underWay.delete(transferId);
    }
  }

  /** What the accounts hold and what is on its way is what came in from outside. */
  check(accounts: Iterable<AccountBook>): void {
    let held = [...this.#underWay.values()].reduce((sum, amount) => sum + amount, 0n);
    let came = 0n;
    for (const { cash, outside } of accounts) {
      held += cash;
      came += outside;
    }
    if (held !== came)
      throw new Breach('money is conserved', `${held} is held and under way, ${came} came in`);
  }

  /** At rest nothing is on its way. */
  settled(): void {
    const [transferId] = this.#underWay.keys();
    if (transferId !== undefined) throw new Breach('money is conserved', `${transferId} never arrived`);
  }
}
