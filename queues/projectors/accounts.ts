/** Accounts as their events leave them: status, cash and what of it is reserved, fees and limits. */
import { type AccountEvent, NO_LIMITS } from '../../schemas/account.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { accountsAudit } from './audits.ts';

interface AccountChange {
  accountId: string;
  version: number;
  at: number;
  status?: string;
  cash?: string;
  reserved?: string;
  fees?: string;
  limits?: string;
}

interface OpenedAccount extends AccountChange {
  customerId: string;
  accountType: string;
  currency: string;
}

const insertSql = (colour: Colour) => `
  INSERT INTO accounts_${colour} (account_id, customer_id, account_type, currency, status, cash, reserved, fees, limits, version,
    opened_at, updated_at)
  SELECT value ->> 'accountId', value ->> 'customerId', value ->> 'accountType', value ->> 'currency', 'OPEN',
    value ->> 'cash', '0', '0', '${JSON.stringify(NO_LIMITS)}', value ->> 'version', value ->> 'at', value ->> 'at'
  FROM jsonb_each(?)`;

const updateSql = (colour: Colour) => `
  UPDATE accounts_${colour} AS account SET
    status = coalesce(change.value ->> 'status', account.status), cash = coalesce(change.value ->> 'cash', account.cash),
    reserved = coalesce(change.value ->> 'reserved', account.reserved),
    fees = coalesce(change.value ->> 'fees', account.fees),
    limits = coalesce(change.value ->> 'limits', account.limits),
    version = change.value ->> 'version', updated_at = change.value ->> 'at'
  FROM jsonb_each(?) AS change WHERE account.account_id = change.value ->> 'accountId'`;

/** What an event changes of the account's row. */
function changeOf(event: AccountEvent): Partial<AccountChange> {
  switch (event.type) {
    case 'AccountOpened':
    case 'FundsDeposited':
    case 'FundsWithdrawn':
    case 'FundsTransferredIn':
      return { cash: event.data.cash };
    case 'FundsReserved':
    case 'FundsReleased':
    case 'FundsReservationExpired':
    case 'FundsTransferredOut':
      return { cash: event.data.cash, reserved: event.data.reserved };
    case 'TradeExecuted':
    case 'TradeCorrected':
    case 'TradeCancelled':
      return { cash: event.data.cash, fees: event.data.fees };
    case 'LimitsSet':
      return { limits: JSON.stringify(event.data) };
    case 'AccountFrozen':
      return { status: 'FROZEN' };
    case 'AccountUnfrozen':
      return { status: 'OPEN' };
    case 'AccountClosed':
      return { status: 'CLOSED' };
    case 'TransferAccepted':
    case 'TransferCancelled':
      return {};
  }
}

export const accountsProjector: RebuildableProjector = {
  view: 'accounts',
  aggregateTypes: ['account'],
  table: {
    name: (colour) => `accounts_${colour}`,
    key: ['account_id'],
    idColumn: 'account_id',
    clearRows: 20_000,
  },
  audit: accountsAudit,
  collector({ colour }) {
    const opened: OpenedAccount[] = [];
    const changes = new Map<string, AccountChange>();
    return {
      add(event: ProjectedEvent) {
        const { aggregateId: accountId, version, recordedAt: at } = event;
        if (event.eventType === 'AccountOpened') {
          const { customerId, accountType, currency, cash } = event.current;
          opened.push({ accountId, version, at, customerId, accountType, currency, cash });
          return;
        }
        const change = changes.get(accountId) ?? { accountId, version, at };
        Object.assign(change, changeOf({ type: event.eventType, data: event.current } as AccountEvent), {
          version,
          at,
        });
        changes.set(accountId, change);
      },
      statements: () => [
        ...jsonStatements(insertSql(colour), opened),
        ...jsonStatements(updateSql(colour), [...changes.values()]),
      ],
    };
  },
};
