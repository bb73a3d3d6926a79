/** The commands of the contract that the demonstration sends, and what it expects of them. Written from the contract. */

/** Command type → data, in the shape of `POST /v1/commands`. Decimals are strings. */
export interface CommandData {
  OpenAccount: {
    customerId: string;
    accountType: 'INDIVIDUAL' | 'CORPORATE';
    currency: string;
    initialBalance?: string;
  };
  DepositFunds: { amount: string; reference?: string };
  WithdrawFunds: { amount: string; reference?: string };
  ExecuteTrade: TradeData;
  SetLimits: LimitsData;
  FreezeAccount: { reason: string };
  UnfreezeAccount: { reason: string };
  CloseAccount: { reason: string };
}

/** The data of a trade. */
export interface TradeData {
  tradeId: string;
  symbol: string;
  quantity: string;
  price: string;
  side: 'BUY' | 'SELL';
  fee?: string;
  executedAt?: string;
}

/** The limits to change: null lifts one, an absent one stays. */
export interface LimitsData {
  maxOrderNotional?: string | null;
  maxPositionQuantity?: string | null;
  maxPositionNotional?: string | null;
  allowShort?: boolean;
}

/** Every type of command. */
export type CommandType = keyof CommandData;

/** One command of a batch. */
export type Command = {
  [Type in CommandType]: {
    readonly commandId: string;
    readonly aggregateType: 'account';
    readonly aggregateId: string;
    readonly type: Type;
    readonly data: CommandData[Type];
  };
}[CommandType];

/** A command before it has an id. */
export type Intent = {
  [Type in CommandType]: { readonly type: Type; readonly data: CommandData[Type] };
}[CommandType];

/** Codes of refusals that the books foresee. */
export type RefusalCode =
  | 'command_id_reused'
  | 'account_already_open'
  | 'account_not_found'
  | 'account_closed'
  | 'account_frozen'
  | 'account_not_frozen'
  | 'amount_precision'
  | 'amount_out_of_range'
  | 'limit_exceeded'
  | 'insufficient_position'
  | 'insufficient_funds'
  | 'account_not_empty';

/** What a result of the batch must say about a command. */
export type Outcome =
  | { readonly status: 'accepted' | 'replayed'; readonly version: number }
  | { readonly status: 'refused'; readonly code: RefusalCode };
