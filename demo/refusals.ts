/** Commands that must be refused, each kind by a rule of its own and at the real prices of the tape. */
import type { AccountBook } from './accountBook.ts';
import type { Intent, LimitsData, RefusalCode } from './commands.ts';
import type { Dispatcher } from './dispatcher.ts';
import { Exact, NOTHING, plain, round8 } from './exact.ts';
import type { Random } from './random.ts';
import type { TapeTrade } from './tape.ts';

/** What a kind of refusal has to work with. */
export interface Scene {
  readonly dispatcher: Dispatcher;
  readonly random: Random;
  /** An open account. */
  readonly accountId: string;
  readonly account: AccountBook;
  /** An account that was closed. */
  readonly closedId: string;
  readonly trade: TapeTrade;
}

/** Sends its commands and returns true, or returns false where the account does not allow this kind now. */
type RefusalKind = (scene: Scene) => boolean;

/** Commands tried against a frozen account before it is released. */
const TRIES_FROZEN_MAX = 3;

/** More than a whole unit above the balance would still be refused; a cent is the closest case. */
const CENT = new Exact('0.01');

/** The four of the brief come several times: they are what a desk sees daily. */
const KINDS: readonly RefusalKind[] = [
  overdraw,
  overdraw,
  buyBeyondCash,
  buyBeyondCash,
  buyBeyondCash,
  sellBeyondPosition,
  sellBeyondPosition,
  sellBeyondPosition,
  beyondLimit,
  beyondLimit,
  beyondLimit,
  whileFrozen,
  whileFrozen,
  unfreezeUnfrozen,
  unknownAccount,
  openTwice,
  fractionOfCent,
  closeWithHoldings,
  afterClosing,
];

/** Sends one kind of refusal, drawn from the seed; where it does not fit the account, the next kind that does. */
export function sendRefusal(scene: Scene): void {
  const start = scene.random.integer(KINDS.length);
  for (let n = 0; n < KINDS.length; n++) {
    if (KINDS[(start + n) % KINDS.length]?.(scene)) return;
  }
  throw new Error('no kind of refusal is possible');
}

function tryRefusal({ dispatcher, accountId }: Scene, code: RefusalCode, intent: Intent): boolean {
  const outcome = dispatcher.preview(accountId, intent);
  if (outcome.status !== 'refused' || outcome.code !== code) return false;
  dispatcher.refuse(code, accountId, intent);
  return true;
}

function tradeIntent({ dispatcher, trade }: Scene, side: 'BUY' | 'SELL', quantity: Exact): Intent {
  const { symbol, price, executedAt } = trade;
  const when = executedAt === undefined ? {} : { executedAt };
  const tradeId = dispatcher.newId('t');
  return { type: 'ExecuteTrade', data: { tradeId, symbol, price, side, quantity: plain(quantity), ...when } };
}

/** A cent more than there is, or the whole cent above a fraction. */
function overdraw(scene: Scene): boolean {
  const amount = plain(scene.account.cash.plus(CENT).toDecimalPlaces(2, Exact.ROUND_UP));
  return tryRefusal(scene, 'insufficient_funds', { type: 'WithdrawFunds', data: { amount } });
}

function buyBeyondCash(scene: Scene): boolean {
  const quantity = scene.account.cash.div(scene.trade.price).toDecimalPlaces(0, Exact.ROUND_UP).plus(1);
  return tryRefusal(scene, 'insufficient_funds', tradeIntent(scene, 'BUY', quantity));
}

function sellBeyondPosition(scene: Scene): boolean {
  const held = scene.account.positions.get(scene.trade.symbol)?.quantity ?? NOTHING;
  const quantity = Exact.max(held, 0).plus(scene.trade.quantity);
  return tryRefusal(scene, 'insufficient_position', tradeIntent(scene, 'SELL', quantity));
}

/** Tightens one limit to half of what the trade needs, tries the trade, and puts the limit back. */
function beyondLimit(scene: Scene): boolean {
  const { account, accountId, dispatcher, random, trade } = scene;
  const held = account.positions.get(trade.symbol)?.quantity ?? NOTHING;
  if (account.status !== 'OPEN' || held.isNegative()) return false;
  const quantity = new Exact(trade.quantity);
  const after = held.plus(quantity);
  const limit = random.pick(['maxOrderNotional', 'maxPositionQuantity', 'maxPositionNotional'] as const);
  const needs = {
    maxOrderNotional: quantity.times(trade.price),
    maxPositionQuantity: after,
    maxPositionNotional: after.times(trade.price),
  }[limit];
  const half = round8(needs.div(2));
  if (half.isZero() || half.gte(round8(needs))) return false;
  const setTo = (value: string | null): Intent => {
    const data: LimitsData = { [limit]: value };
    return { type: 'SetLimits', data };
  };
  const before = account.limits[limit];
  dispatcher.accept(accountId, setTo(plain(half)));
  dispatcher.refuse('limit_exceeded', accountId, tradeIntent(scene, 'BUY', quantity));
  dispatcher.accept(accountId, setTo(before === null ? null : plain(before)));
  return true;
}

function whileFrozen(scene: Scene): boolean {
  const { account, accountId, dispatcher, random, trade } = scene;
  if (account.status !== 'OPEN') return false;
  dispatcher.accept(accountId, { type: 'FreezeAccount', data: { reason: 'review of unusual activity' } });
  const tries = 1 + random.integer(TRIES_FROZEN_MAX);
  for (let n = 0; n < tries; n++) {
    const intent: Intent = random.pick([
      { type: 'DepositFunds', data: { amount: '1' } },
      { type: 'WithdrawFunds', data: { amount: '1' } },
      { type: 'FreezeAccount', data: { reason: 'frozen twice' } },
      { type: 'CloseAccount', data: { reason: 'closed while frozen' } },
      tradeIntent(scene, 'BUY', new Exact(trade.quantity)),
    ] as const);
    dispatcher.refuse('account_frozen', accountId, intent);
  }
  dispatcher.accept(accountId, { type: 'UnfreezeAccount', data: { reason: 'review ended' } });
  return true;
}

function unfreezeUnfrozen(scene: Scene): boolean {
  return tryRefusal(scene, 'account_not_frozen', { type: 'UnfreezeAccount', data: { reason: 'not frozen' } });
}

function unknownAccount({ dispatcher }: Scene): boolean {
  dispatcher.refuse('account_not_found', dispatcher.newId('nobody'), {
    type: 'DepositFunds',
    data: { amount: '100' },
  });
  return true;
}

function openTwice(scene: Scene): boolean {
  const data = { customerId: 'somebody-else', accountType: 'INDIVIDUAL', currency: 'USD' } as const;
  return tryRefusal(scene, 'account_already_open', { type: 'OpenAccount', data });
}

function fractionOfCent(scene: Scene): boolean {
  const amount = `${1 + scene.random.integer(1_000)}.005`;
  const type = scene.random.chance(0.5) ? 'DepositFunds' : 'WithdrawFunds';
  return tryRefusal(scene, 'amount_precision', { type, data: { amount } });
}

function closeWithHoldings(scene: Scene): boolean {
  return tryRefusal(scene, 'account_not_empty', { type: 'CloseAccount', data: { reason: 'too early' } });
}

function afterClosing(scene: Scene): boolean {
  const intent: Intent = scene.random.chance(0.5)
    ? { type: 'DepositFunds', data: { amount: '100' } }
    : tradeIntent(scene, 'BUY', new Exact(scene.trade.quantity));
  return tryRefusal({ ...scene, accountId: scene.closedId }, 'account_closed', intent);
}
