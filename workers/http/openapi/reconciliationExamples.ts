/** Examples of the reconciler's findings, for the API's description. */
import type { Example } from './example.ts';

const finding = {
  findingId: 'view.accounts.account.acc-1',
  check: 'view',
  where: 'accounts',
  aggregateType: 'account',
  aggregateId: 'acc-1',
  reason: 'shows 81086, the owner has 81087',
  openedAt: '2026-11-21T09:31:00.000Z',
};

/** Examples by `operationId`. */
export const RECONCILIATION_EXAMPLES: Readonly<Record<string, Example>> = {
  getReconciliation: {
    reply: {
      open: 1,
      isFull: false,
      roundEndedAt: '2026-11-21T09:31:00.000Z',
      sums: [
        {
          currency: 'USD',
          asOf: '2026-11-21T09:31:00.000Z',
          accounts: 2,
          events: 9,
          eventsBehind: 0,
          deposited: '100000',
          withdrawn: '500',
          traded: '-18913.5',
          held: '80556.5',
          inTransit: '30',
          difference: '0',
        },
      ],
      findings: [finding],
      nextCursor: null,
    },
  },
  runReconciliation: {
    request: { 'application/json': { aggregateType: 'account', aggregateId: 'acc-1' } },
    reply: { checked: 1, opened: 1, closed: 0, unanswered: 0, nextCursor: null },
  },
  repairFindings: {
    request: { 'application/json': { reason: 'A row was edited by hand', findingIds: [finding.findingId] } },
    reply: { results: [{ findingId: finding.findingId, status: 'CLOSED', detail: null }], next: null },
  },
};
