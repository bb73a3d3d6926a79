/** Every route of the API: what is listed here is served and described. */
import type { Route } from '../operation.ts';
import { accountPast } from './accountPast.ts';
import { accounts } from './accounts.ts';
import { amendments } from './amendments.ts';
import { archive } from './archive.ts';
import { audit } from './audit.ts';
import { batch } from './batch.ts';
import { checkpoints } from './checkpoints.ts';
import { connect } from './connect.ts';
import { events } from './events.ts';
import { graphql } from './graphql.ts';
import { inventory } from './inventory.ts';
import { keyBackups } from './keyBackups.ts';
import { largeHolderReport } from './largeHolders.ts';
import { orders } from './orders.ts';
import { orderViews } from './orderViews.ts';
import { parked } from './parked.ts';
import { payments } from './payments.ts';
import { portfolio } from './portfolio.ts';
import { products } from './products.ts';
import { reconciliation } from './reconciliation.ts';
import { reports } from './reports.ts';
import { restore } from './restore.ts';
import { sagas } from './sagas.ts';
import { service } from './service.ts';
import { serviceKeys } from './serviceKeys.ts';
import { shipments } from './shipments.ts';
import { statements } from './statements.ts';
import { stream } from './stream.ts';
import { subjects } from './subjects.ts';
import { transfers } from './transfers.ts';
import { views } from './views.ts';

export const ROUTES: readonly Route[] = [
  ...accounts,
  ...amendments,
  ...portfolio,
  ...accountPast,
  ...statements,
  ...reports,
  largeHolderReport,
  ...products,
  ...inventory,
  ...orders,
  ...shipments,
  ...orderViews,
  ...transfers,
  ...sagas,
  ...batch,
  ...stream,
  ...events,
  ...payments,
  // Their fixed paths come before the path of any aggregate's audit.
  ...checkpoints,
  ...audit,
  ...archive,
  ...restore,
  ...views,
  ...serviceKeys,
  ...subjects,
  ...keyBackups,
  ...parked,
  ...reconciliation,
  ...graphql(() => ROUTES),
  ...connect(() => ROUTES),
  ...service(() => ROUTES),
];
