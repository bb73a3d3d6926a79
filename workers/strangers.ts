/**
 * Aggregates that the directory does not know, though somebody else does: what is left of a log that is gone, belongs to another
 * environment, or was lost by the directory itself.
 */
import type { AggregateKey } from '../queues/kernel/positions.ts';
import { projectors } from '../queues/projectors/index.ts';
import { inOrder, rowOwners } from '../queues/reconciler/rowOwners.ts';
import type { OpenFinding } from '../schemas/reconciliation.ts';
import { AggregateId } from '../schemas/scalars.ts';
import type { AskArchivist } from './archive.ts';
import { unknownAggregates } from './directory.ts';
import { type Env, viewDatabases } from './env.ts';
import { viewDatabase } from './viewDatabase.ts';

/** Aggregates that one page asks the directory about: more a minute than the walk passes by, so that it does not fall behind it. */
const STRANGERS_PAGE = 200;

/** The strangers of one page, and the aggregate after which the next one begins; null at the end. */
export interface Strangers {
  readonly keys: readonly AggregateKey[];
  readonly next: AggregateKey | null;
}

/** The next of those whose rows the views have. The first page also has those of whom it was found before: their rows may be gone by now. */
export async function strangersOfViews(
  env: Env,
  after: AggregateKey | null,
  openFindings: () => Promise<readonly OpenFinding[]>,
): Promise<Strangers> {
  const lists = viewDatabases(env).map((database) =>
    rowOwners(viewDatabase(database), projectors, after, STRANGERS_PAGE),
  );
  const owners = inOrder((await Promise.all(lists)).flat(), STRANGERS_PAGE);
  const found = after === null ? (await openFindings()).filter(({ check }) => check === 'view') : [];
  const named = [...owners, ...found].map(({ aggregateType, aggregateId }) => ({
    aggregateType,
    aggregateId,
  }));
  return strangersAmong(env, inOrder(named, named.length), owners);
}

/** The next of those of whom something is archived. */
export async function strangersOfArchive(
  env: Env,
  archivist: AskArchivist,
  after: AggregateKey | null,
): Promise<Strangers> {
  const archived = await archivist((stub) => stub.aggregatesAfter(after, STRANGERS_PAGE));
  return strangersAmong(env, archived, archived);
}

async function strangersAmong(
  env: Env,
  named: readonly AggregateKey[],
  page: readonly AggregateKey[],
): Promise<Strangers> {
  const possible = named.filter(({ aggregateId }) => AggregateId.safeParse(aggregateId).success);
  const keys = await unknownAggregates(env, possible);
  return { keys, next: page.length < STRANGERS_PAGE ? null : (page.at(-1) ?? null) };
}
