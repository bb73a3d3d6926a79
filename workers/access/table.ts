/**
 * Who may do what: the one table. Every route and every command has a row, whichever way it arrives; what a row does not
 * name is refused. `npm run docs` makes docs/generated/access.md from it.
 *
 * A new command's row has the command's type, a new route's row its `operationId`. A command's own route needs no second row.
 */
import type { AggregateType } from '../../schemas/aggregates.ts';
import type { Role } from '../../schemas/role.ts';

/** How far a role reaches: to every aggregate, or to the accounts that were granted to the caller. */
export type Reach = 'all' | 'own';

/**
 * How the aggregate concerned is found. `account`: it is the account that the path names by `id` (or that the command is
 * sent to). `aggregate`: the path names type and id. `handler`: the handler asks for each aggregate, or selects by them.
 * `platform`: everybody's data is concerned, so that it is out of reach for whoever is confined to some accounts.
 * `catalogue`: nobody's data is.
 */
export type Subject = 'account' | 'aggregate' | 'handler' | 'platform' | 'catalogue';

/** A row of the table: the roles that are left out may not. */
export interface AccessRow extends Readonly<Partial<Record<Role, Reach>>> {
  readonly of: Subject;
}

/** Everybody who reads across all accounts. */
const READERS = { operations: 'all', risk: 'all', auditor: 'all', admin: 'all' } as const;
/** Those who keep the platform running. */
const OPERATORS = { operations: 'all', admin: 'all' } as const;

/** The row of who sees personal data in the clear, in whatever answer it stands; for everybody else it is masked. */
export const PERSONAL_DATA_ROW = 'readPersonalData';

/** The table, by command type and operation id. */
export const ACCESS: Readonly<Record<string, AccessRow>> = {
  // Commands to accounts. Cash from outside is what operations has seen arrive: a trader who could say so could print it.
  OpenAccount: { of: 'handler', ...OPERATORS },
  DepositFunds: { of: 'account', ...OPERATORS },
  WithdrawFunds: { of: 'account', trader: 'own', ...OPERATORS },
  ExecuteTrade: { of: 'account', trader: 'own', ...OPERATORS },
  // Who trades says neither what the trades were nor what their limits are.
  CorrectTrade: { of: 'account', ...OPERATORS },
  CancelTrade: { of: 'account', ...OPERATORS },
  SetLimits: { of: 'account', risk: 'all', admin: 'all' },
  FreezeAccount: { of: 'account', risk: 'all', ...OPERATORS },
  UnfreezeAccount: { of: 'account', risk: 'all', ...OPERATORS },
  CloseAccount: { of: 'account', ...OPERATORS },
  // Commands of the shop. Its back end has the role operations; what a customer may do is the shop's to say.
  PutProduct: { of: 'platform', ...OPERATORS },
  ReceiveStock: { of: 'platform', ...OPERATORS },
  AdjustStock: { of: 'platform', ...OPERATORS },
  ReserveStock: { of: 'platform', ...OPERATORS },
  ReleaseReservation: { of: 'platform', ...OPERATORS },
  CommitReservation: { of: 'platform', ...OPERATORS },
  PlaceOrder: { of: 'platform', ...OPERATORS },
  ShipOrder: { of: 'platform', ...OPERATORS },
  DeliverOrder: { of: 'platform', ...OPERATORS },
  CancelOrder: { of: 'platform', ...OPERATORS },
  AuthorizePayment: { of: 'platform', ...OPERATORS },
  CapturePayment: { of: 'platform', ...OPERATORS },
  VoidPayment: { of: 'platform', ...OPERATORS },
  RefundPayment: { of: 'platform', ...OPERATORS },

  // Who may give out keys may do everything.
  IssueServiceKey: { of: 'platform', admin: 'all' },
  RotateServiceKey: { of: 'platform', admin: 'all' },
  RevokeServiceKey: { of: 'platform', admin: 'all' },
  getServiceKeys: { of: 'platform', auditor: 'all', admin: 'all' },
  getServiceKey: { of: 'platform', auditor: 'all', admin: 'all' },
  [PERSONAL_DATA_ROW]: { of: 'platform', ...OPERATORS },
  // Who erases is not who says that something must be kept.
  EraseSubject: { of: 'platform', ...OPERATORS },
  RotateSubjectKey: { of: 'platform', ...OPERATORS },
  PlaceLegalHold: { of: 'platform', auditor: 'all', admin: 'all' },
  LiftLegalHold: { of: 'platform', auditor: 'all', admin: 'all' },
  getSubject: { of: 'platform', auditor: 'all', ...OPERATORS },
  rewrapSubjectKeys: { of: 'platform', admin: 'all' },
  getKeyBackups: { of: 'platform', admin: 'all' },
  restoreKeyBackups: { of: 'platform', admin: 'all' },
  // Money between accounts: a trader may send its own.
  TransferFunds: { of: 'handler', trader: 'own', ...OPERATORS },
  // What an operator does about a saga that waits for one.
  RetrySaga: { of: 'platform', ...OPERATORS },
  CompensateSaga: { of: 'platform', ...OPERATORS },
  SettleSaga: { of: 'platform', ...OPERATORS },

  // A batch is open to whoever may send any command: each command in it needs its own row.
  runCommands: { of: 'handler', trader: 'own', risk: 'all', ...OPERATORS },

  // Reads of accounts.
  getAccounts: { of: 'handler', trader: 'own', ...READERS },
  getAccount: { of: 'account', trader: 'own', ...READERS },
  getAccountEvents: { of: 'account', trader: 'own', ...READERS },
  getPortfolio: { of: 'account', trader: 'own', ...READERS },
  getPortfolioDifference: { of: 'account', trader: 'own', ...READERS },
  getBalanceHistory: { of: 'account', trader: 'own', ...READERS },
  getTrades: { of: 'account', trader: 'own', ...READERS },
  getStatement: { of: 'account', trader: 'own', ...READERS },

  // Reads of the shop.
  getPayment: { of: 'platform', ...READERS },
  getProduct: { of: 'catalogue', trader: 'all', ...READERS },
  getInventory: { of: 'platform', ...READERS },
  getOrder: { of: 'platform', ...READERS },
  getShipment: { of: 'platform', ...READERS },
  getOrderHistory: { of: 'platform', ...READERS },
  getInventoryLevels: { of: 'platform', ...READERS },
  getPayments: { of: 'platform', ...READERS },
  getOrders: { of: 'platform', ...READERS },
  getSales: { of: 'platform', ...READERS },
  // A trader follows its transfers in the events of its accounts: what a saga does concerns others as well.
  getSagas: { of: 'platform', ...READERS },
  getSaga: { of: 'platform', ...READERS },
  // A stream is open to everybody: each command and each subscription in it needs its own row.
  // So is each call over Connect: what is called has its own row.
  callMethod: { of: 'handler', trader: 'own', ...READERS },
  queryMethod: { of: 'handler', trader: 'own', ...READERS },
  openStream: { of: 'handler', trader: 'own', ...READERS },
  openEventStream: { of: 'aggregate', trader: 'own', ...READERS },

  // GraphQL is open to everybody: each field that reads and each mutation needs its own row. The schema is written down
  // (docs/generated/schema.graphql); asking the platform itself for it is for those who keep it running.
  queryGraphQl: { of: 'handler', trader: 'own', ...READERS },
  runGraphQl: { of: 'handler', trader: 'own', ...READERS },
  introspectGraphQl: { of: 'catalogue', ...OPERATORS },

  // Reports across accounts. Whom we report to authorities about, and who sent what, is for those who answer for it.
  getTradeBlotter: { of: 'platform', ...READERS },
  getPositionReport: { of: 'platform', ...READERS },
  getLargePositions: { of: 'platform', ...READERS },
  getLargeHolders: { of: 'platform', ...READERS },
  getTransactionReport: { of: 'platform', auditor: 'all', ...OPERATORS },
  getOrderToTrade: { of: 'platform', auditor: 'all', ...OPERATORS },

  // The log. The feed gives a trader the events of its own accounts.
  getEvents: { of: 'handler', trader: 'own', ...READERS },
  getEventTypes: { of: 'catalogue', trader: 'all', ...READERS },
  auditAggregate: { of: 'aggregate', trader: 'own', ...READERS },

  // The archive. Checkpoints and keys are for everybody to hold us to; what is in it is everybody's data.
  getCheckpoints: { of: 'catalogue', trader: 'all', ...READERS },
  getLatestCheckpoint: { of: 'catalogue', trader: 'all', ...READERS },
  getConsistency: { of: 'catalogue', trader: 'all', ...READERS },
  getKeys: { of: 'catalogue', trader: 'all', ...READERS },
  getProof: { of: 'aggregate', trader: 'own', ...READERS },
  signCheckpoint: { of: 'platform', auditor: 'all', ...OPERATORS },
  getArchive: { of: 'platform', auditor: 'all', ...OPERATORS },
  listArchive: { of: 'platform', auditor: 'all', ...OPERATORS },
  getArchiveObject: { of: 'platform', auditor: 'all', ...OPERATORS },
  getCompleteness: { of: 'platform', auditor: 'all', ...OPERATORS },
  // Whoever fills a log says what has happened.
  getRestoration: { of: 'platform', admin: 'all' },
  holdForRestoring: { of: 'platform', admin: 'all' },
  restoreEvents: { of: 'platform', admin: 'all' },
  releaseRestored: { of: 'platform', admin: 'all' },

  // The read models themselves.
  getViews: { of: 'platform', auditor: 'all', ...OPERATORS },
  listParked: { of: 'platform', auditor: 'all', ...OPERATORS },
  getParked: { of: 'platform', auditor: 'all', ...OPERATORS },
  getReconciliation: { of: 'platform', auditor: 'all', ...OPERATORS },
  runReconciliation: { of: 'platform', auditor: 'all', ...OPERATORS },
  repairFindings: { of: 'platform', ...OPERATORS },
  rebuildViews: { of: 'platform', ...OPERATORS },
  cancelRebuild: { of: 'platform', ...OPERATORS },
  rollBackView: { of: 'platform', ...OPERATORS },
  retryParked: { of: 'platform', ...OPERATORS },
  retryAllParked: { of: 'platform', ...OPERATORS },
};

/**
 * Aggregates that not everybody sees who reads across the platform, and the row of who does: their events are for no more than
 * their state is, by whatever way events are read.
 */
export const LOG_ROWS: Readonly<Partial<Record<AggregateType, string>>> = {
  reconciliation: 'getReconciliation',
  serviceKey: 'getServiceKey',
  subject: 'getSubject',
};
