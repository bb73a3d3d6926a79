/** The account as a Durable Object: one object an account, named by its id. */
import type { AccountEvent } from '../../schemas/account.ts';
import type { ActorEnv } from '../env.ts';
import { type History, STRETCH_EVENTS } from '../kernel/decider.ts';
import { DigestTable } from '../kernel/digestTable.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type BalanceHistory, type BalanceRequest, balanceHistory } from './balanceHistory.ts';
import { BALANCE_DIGESTS, type DayBalances } from './balances.ts';
import { accountDecider } from './decider.ts';
import { type KnownAccount, knownAccount } from './known.ts';
import { KNOWN_HOLDINGS, type KnownCheckpoints, type KnownHoldings } from './knownHoldings.ts';
import type { AccountState } from './state.ts';

export class AccountActor extends EventSourcedActor<AccountState> {
  readonly #checkpoints: KnownCheckpoints;

  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, env, accountDecider);
    const table = new DigestTable<KnownHoldings>(ctx.storage, KNOWN_HOLDINGS);
    this.#checkpoints = {
      stretchEvents: STRETCH_EVENTS,
      kept: (stretch) => table.kept(stretch),
      keep: (stretch, holdings) => void table.keep(stretch, holdings),
    };
  }

  /**
   * The account as of a version, as it is known at a later one. Both are versions that the account has, the second not before
   * the first.
   */
  readKnown(version: number, knownVersion: number): Promise<KnownAccount> {
    const source = { history: this.#history(), checkpoints: this.#checkpoints };
    return this.inPieces(knownAccount(source, version, knownVersion));
  }

  /** Balances by period, up to now where no end is named. A `knownVersion` is a version that the account has. */
  readBalances(
    request: Omit<BalanceRequest, 'to'> & { readonly to: number | undefined },
  ): Promise<BalanceHistory> {
    const { log, digests } = this.core.aggregate;
    const to = request.to ?? Math.max(Date.now(), log.head().recordedAt) + 1;
    const source = {
      history: this.#history(),
      openedAt: log.read(1, 1)[0]?.recordedAt ?? 0,
      versionAt: (time: number) => log.versionAt(time),
      balances: (after: number, upTo: number) => log.search.values(BALANCE_DIGESTS.field, after, upTo),
      digest: (stretch: number) => digests?.of(stretch) as readonly DayBalances[],
    };
    return this.inPieces(balanceHistory(source, { ...request, to }));
  }

  #history(): History<AccountState, AccountEvent> {
    return this.core.aggregate.history() as History<AccountState, AccountEvent>;
  }
}
