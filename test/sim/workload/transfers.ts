/** Transfers that clients ask for, and what operators say to the sagas that carry them out. */
import { TRANSFER_DEFINITION } from '../../../schemas/saga.ts';
import { transferSagaId } from '../../../schemas/sagaIds.ts';
import type { World } from '../model/world.ts';
import type { Attempt } from './attempt.ts';
import type { Body } from './commands.ts';

/** Operators look at the last ones: those are still under way. */
const RECENT = 4;

/** The auditor's books are in units of 10^-8. */
const SCALE = 100_000_000n;

/** How long a transfer may be pending: some are too short for anything to be done. */
const PENDING_SECONDS = [1, 10, 60, 600];

/** What clients know of an account. */
interface Known {
  readonly cash: bigint;
  readonly currency: string | undefined;
}

export class TransferMaker {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** A new transfer, or an operator's word about one of those that there are; undefined where there is nothing to do. */
  draw(sagaIds: readonly string[], accounts: ReadonlyMap<string, Known>): Attempt | undefined {
    const { random } = this.#world;
    if (sagaIds.length > 0 && random.chance(0.25)) return this.order(sagaIds);
    const known = this.#known(accounts);
    if (known.size < 2) return undefined;
    const [from, to] = random.chance(0.8) ? this.#sensible(known) : this.#any([...known]);
    const transferId = this.#world.uniqueId('transfer');
    const sagaId = transferSagaId(transferId);
    const input = {
      transferId,
      fromAccountId: from[0],
      toAccountId: to[0],
      amount: this.#amount(from[1].cash),
      currency: from[1].currency ?? 'USD',
      expiresInSeconds: random.pick(PENDING_SECONDS),
    };
    const data = { sagaId, definition: TRANSFER_DEFINITION, input };
    return this.#attempt(sagaId, { type: 'StartSaga', data });
  }

  /** An operator's word about one of the last sagas. */
  order(sagaIds: readonly string[]): Attempt {
    const { random } = this.#world;
    const reason = { reason: this.#world.uniqueId('because') };
    const type = random.pick(['RetrySaga', 'CompensateSaga', 'CompensateSaga']);
    return this.#attempt(random.pick(sagaIds.slice(-RECENT)), { type, data: reason });
  }

  /**
   * Accounts that a transfer may be between. What comes late to one that was opened meanwhile stays open for ever by the first
   * version of a transfer (`bug_0031`): with that one it is between those that are there.
   */
  #known(accounts: ReadonlyMap<string, Known>): ReadonlyMap<string, Known> {
    if (!this.#world.isBefore) return accounts;
    return new Map([...accounts].filter(([, { currency }]) => currency !== undefined));
  }

  /** Two accounts of one currency, if there are. */
  #sensible(accounts: ReadonlyMap<string, Known>): [[string, Known], [string, Known]] {
    const all = [...accounts];
    const payers = all.filter(([, { cash }]) => cash > 0n);
    const [from] = this.#any(payers.length > 1 ? payers : all);
    const takers = all.filter(([id, { currency }]) => id !== from[0] && currency === from[1].currency);
    return takers.length > 0 ? [from, this.#world.random.pick(takers)] : this.#any(all);
  }

  #any(accounts: [string, Known][]): [[string, Known], [string, Known]] {
    const { random } = this.#world;
    const from = random.pick(accounts);
    return [from, random.pick(accounts.filter(([id]) => id !== from[0]))];
  }

  /** Mostly less than there is, in whole units: some currencies have no others. */
  #amount(cash: bigint): string {
    const { random } = this.#world;
    const whole = Number(cash / SCALE);
    return String(1 + random.integer(Math.max(1, random.chance(0.8) ? whole : 2 * whole)));
  }

  /** An operator lets a saga try again. */
  retry(sagaId: string): Attempt {
    return this.#attempt(sagaId, { type: 'RetrySaga', data: { reason: this.#world.uniqueId('because') } });
  }

  #attempt(aggregateId: string, body: Body): Attempt {
    const commandId = this.#world.uniqueId('command');
    return {
      source: { aggregateType: 'saga', aggregateId },
      commands: [{ commandId, body }],
      brief: this.#world.random.chance(0.3),
      exploding: false,
    };
  }
}
