/** An account's own core with a clock in the test's hands, and random histories for it. */
import { accountDecider } from '../../actors/account/decider.ts';
import type { AccountState } from '../../actors/account/state.ts';
import type { ActorCore } from '../../actors/kernel/actorCore.ts';
import type { Statement } from '../../reports/statement/statement.ts';
import { timeText } from '../../schemas/time.ts';
import { readStatement, type StatementRequest } from '../../workers/reads/statement.ts';
import { type LocalWorld, localCore } from './localCore.ts';
import { numbersOf } from './random.ts';

/** When histories begin. */
export const EPOCH = Date.parse('2026-01-01T00:00:00Z');

const SYMBOLS = ['IBM', 'BRK.B', 'BTC-USD'] as const;
const CONTEXT = { userId: 'somebody', correlationId: 'c', causationId: null };

/** An account as its owner answers, and what it is told. */
export class StatedActor {
  readonly core: ActorCore<AccountState>;
  readonly world: LocalWorld;
  #commands = 0;

  constructor() {
    const { core, world } = localCore<AccountState>(accountDecider);
    this.core = core;
    this.world = world;
    world.now = EPOCH;
  }

  /** Runs a command now and answers what came of it. */
  async run(type: string, data: object): Promise<string> {
    const commandId = `command-${++this.#commands}`;
    const [outcome] = await this.core.execute([{ commandId, type, data }], CONTEXT);
    return outcome?.status === 'refused' ? outcome.code : (outcome?.status ?? '');
  }

  /** As a reader asks it over RPC. */
  readonly owner = {
    read: async (asOf?: { version?: number; at?: number }) => structuredClone(this.core.read(asOf)),
    head: async () => this.core.head(),
    events: async (fromVersion: number, limit: number) => this.core.events(fromVersion, limit),
  };

  /** The statement; fails where there is none. */
  async statement(request: Partial<Omit<StatementRequest, 'accountId'>> = {}): Promise<Statement> {
    const { from, to, version } = request;
    const read = await readStatement(this.owner, { accountId: 'local', from, to, version });
    if (read.status !== 'made') throw new Error(`no statement: ${read.status}`);
    return read.statement;
  }
}

/** An account with this many random commands behind it, some refused, some within the same millisecond. */
export async function randomAccount(seed: number, commands: number): Promise<StatedActor> {
  const actor = new StatedActor();
  await actor.run('OpenAccount', {
    customerId: 'c-1',
    accountType: 'INDIVIDUAL',
    currency: 'USD',
    initialBalance: seed % 2 === 0 ? '10000' : '0',
  });
  await actor.run('SetLimits', { allowShort: true });
  const random = numbersOf(seed);
  for (let count = 0; count < commands; count++) {
    actor.world.now += Math.floor(random() * 3) * Math.floor(random() * 40_000_000);
    const [type, data] = randomCommand(random, count, actor.world.now);
    await actor.run(type, data);
  }
  return actor;
}

function randomCommand(random: () => number, count: number, now: number): [type: string, data: object] {
  const pick = <Value>(values: readonly Value[]) => values[Math.floor(random() * values.length)] as Value;
  const cents = (max: number) => (1 + Math.floor(random() * max * 100)) / 100;
  const transferId = `transfer-${Math.floor(random() * 6)}`;
  const transfer = { transferId, amount: String(cents(500)), currency: 'USD' };
  const kind = random();
  if (kind < 0.15)
    return ['DepositFunds', { amount: String(cents(5_000)), reference: pick(['wire', 'Überweisung']) }];
  if (kind < 0.25) return ['WithdrawFunds', { amount: String(cents(2_000)) }];
  if (kind < 0.3)
    return ['ReserveFunds', { ...transfer, toAccountId: 'other', expiresAt: timeText(now + 1e12) }];
  if (kind < 0.35) return ['AcceptTransfer', { ...transfer, fromAccountId: 'other' }];
  if (kind < 0.4) return [pick(['SettleFunds', 'CreditTransfer', 'ReleaseFunds']), { transferId }];
  const about = { tradeId: `t-${Math.floor(random() * (count + 1))}`, reason: 'contract note' };
  if (kind < 0.5) return ['CorrectTrade', { ...about, price: String(cents(150)), fee: String(cents(3)) }];
  if (kind < 0.53) return ['CancelTrade', about];
  const late = random() < 0.1 ? 86_400_000 : 0;
  const trade = {
    tradeId: `t-${count}`,
    symbol: pick(SYMBOLS),
    side: pick(['BUY', 'SELL']),
    quantity: String(cents(20)),
    price: String(cents(150)),
    ...(random() < 0.5 ? { fee: String(cents(3)) } : {}),
    executedAt: timeText(now - late),
  };
  return ['ExecuteTrade', trade];
}
