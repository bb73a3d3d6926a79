/** Wires the reconciler to this Worker's bindings. */
import type { ReconciliationState } from '../actors/reconciliation/decider.ts';
import { sequenceText } from '../queues/archive/manifest.ts';
import type { Pacing } from '../queues/kernel/pacing.ts';
import type { AggregateKey } from '../queues/kernel/positions.ts';
import {
  type Ending,
  type Findings,
  type Reconciled,
  type ReconcilerDeps,
  reconcile,
} from '../queues/reconciler/reconciler.ts';
import { MANIFEST } from '../queues/reconciler/segments.ts';
import { CURRENCY } from '../queues/reconciler/sums.ts';
import { Untold } from '../queues/reconciler/untold.ts';
import type { CommandContext, Outcome } from '../schemas/envelope.ts';
import { DIRECTORY_PARTS } from '../schemas/partition.ts';
import {
  type CheckName,
  type Finding,
  type OpenFinding,
  RECONCILIATION_ID,
} from '../schemas/reconciliation.ts';
import type { Logger } from '../telemetry/logger.ts';
import { actorStub, ownerOf } from './aggregates.ts';
import { type AskArchivist, archivistFor } from './archive.ts';
import { directoryPart } from './directory.ts';
import type { Env } from './env.ts';
import { generalLedger } from './generalLedger.ts';
import { inTime } from './inTime.ts';
import { checksOf, type Look } from './reconcilerChecks.ts';
import { strangersOfArchive, strangersOfViews } from './strangers.ts';

/**
 * Aggregates looked at in one part of the directory in one tick: 160 a minute over 16 parts, 10 segments, and 10 accounts that are
 * read on. An account is asked some ten times.
 */
export const RECONCILE_PAGE = 10;

/** Events of accounts that one page of the walk reads: 32,000 a minute over all parts, some 20 MB. */
const PAGE_EVENTS_MAX = 2_000;

/**
 * Events that one page of accounts reads which are behind, and a look on demand: 800 a second, which takes some 4 % of a processor
 * for as long as there are any.
 */
const BEHIND_EVENTS_MAX = 50_000;

const KEY = { aggregateType: 'reconciliation', aggregateId: RECONCILIATION_ID } as const;

/** The reconciler on this Worker's bindings, for a look that a request asks for; what it writes down is written under the context. */
export function reconcilerDeps(
  env: Env,
  logger: Logger,
  context: CommandContext,
  pacing: Pacing,
): ReconcilerDeps {
  return depsOf(env, logger, context, { eventsMax: BEHIND_EVENTS_MAX, pacing, archivist: archivistFor(env) });
}

function depsOf(
  env: Env,
  logger: Logger,
  context: CommandContext,
  look: Omit<Look, 'untold'>,
): ReconcilerDeps {
  const untold = new Untold(logger);
  return {
    checks: checksOf(env, logger, context, { ...look, untold }),
    findings: findingsOf(env, logger, context),
    untold,
    logger,
  };
}

/**
 * What the walk passes by behind the parts of the directory: the manifests of the archive, the currencies of the general ledger,
 * once more the accounts of which there is more to read, and of those whose rows the views have, and of whom something is archived,
 * whoever is unknown to the directory.
 */
const FURTHER_PARTS = ['manifests', 'currencies', 'behind', 'rows', 'archived'] as const;
type FurtherPart = (typeof FURTHER_PARTS)[number];

/** Who alone has something to say of the strangers of a part: all other checks ask about what the directory knows. */
const CHECKS_OF_STRANGERS: { readonly [Part in FurtherPart]?: readonly CheckName[] } = {
  rows: ['view', 'directory'],
  archived: ['directory'],
};

/** Parts of the walk. */
export const WALK_PARTS = DIRECTORY_PARTS + FURTHER_PARTS.length;

/** One page of the walk through one of its parts. */
export async function reconcileNext(
  env: Env,
  part: number,
  logger: Logger,
  asks: Omit<Look, 'eventsMax' | 'untold'>,
): Promise<void> {
  const keeper = keeperOf(env, part);
  const { after, endedAt } = await keeper.walk(walkName(part));
  const { keys, next } = await pageOf(env, asks.archivist, { part, entry: after });
  const eventsMax = furtherPart(part) === 'behind' ? BEHIND_EVENTS_MAX : PAGE_EVENTS_MAX;
  await reconcilePage(depsOf(env, logger, ownContext(), { ...asks, eventsMax }), part, keys);
  await keeper.saveWalk(walkName(part), { after: next, endedAt: next === null ? Date.now() : endedAt });
}

/** Where a look at everything on demand stands: a part of the walk, and the last entry seen there. */
export interface LookPlace {
  readonly part: number;
  readonly entry: AggregateKey | null;
}

/** What a look on demand came to, and where the next call goes on; null at the end. */
export interface Looked extends Reconciled {
  readonly checked: number;
  readonly next: LookPlace | null;
}

/** Looks at everything, page by page from a place on, until `isOver`. */
export async function reconcileAll(
  env: Env,
  deps: ReconcilerDeps,
  from: LookPlace,
  isOver: () => boolean,
): Promise<Looked> {
  const archivist = archivistFor(env);
  let [checked, opened, closed] = [0, 0, 0];
  let place = from;
  while (place.part < WALK_PARTS) {
    if (isOver()) return { checked, opened, closed, next: place };
    const { keys, next } = await pageOf(env, archivist, place);
    const { part } = place;
    const found = await reconcilePage(deps, part, keys);
    checked += keys.length;
    opened += found.opened;
    closed += found.closed;
    place = next === null ? { part: part + 1, entry: null } : { part, entry: next };
  }
  return { checked, opened, closed, next: null };
}

/** Looks at a page of a part. */
function reconcilePage(
  deps: ReconcilerDeps,
  part: number,
  keys: readonly AggregateKey[],
): Promise<Reconciled> {
  const further = furtherPart(part);
  const names = further === undefined ? undefined : CHECKS_OF_STRANGERS[further];
  const checks = names === undefined ? deps.checks : deps.checks.filter(({ name }) => names.includes(name));
  return reconcile({ ...deps, checks }, keys);
}

/** What one page has to look at, and the entry after which the next one begins; null at the end of the part. */
interface Page {
  readonly keys: readonly AggregateKey[];
  readonly next: AggregateKey | null;
}

async function pageOf(env: Env, archivist: AskArchivist, place: LookPlace): Promise<Page> {
  const further = furtherPart(place.part);
  if (further === 'rows') return strangersOfViews(env, place.entry, () => openFindings(env));
  if (further === 'archived') return strangersOfArchive(env, archivist, place.entry);
  const keys = await entriesOf(env, archivist, place);
  return { keys, next: keys.length < RECONCILE_PAGE ? null : (keys.at(-1) ?? null) };
}

/** The next entries of a part: fewer than {@link RECONCILE_PAGE} at its end. */
async function entriesOf(
  env: Env,
  archivist: AskArchivist,
  { part, entry }: LookPlace,
): Promise<AggregateKey[]> {
  if (part < DIRECTORY_PARTS) {
    const entries = await directoryPart(env, part).list(entry, RECONCILE_PAGE);
    return entries.map(({ aggregateType, aggregateId }) => ({ aggregateType, aggregateId }));
  }
  const after = entry?.aggregateId ?? '';
  switch (furtherPart(part)) {
    case 'currencies': {
      const later = (await generalLedger(env).sums()).filter(({ currency }) => currency > after);
      return later
        .slice(0, RECONCILE_PAGE)
        .map(({ currency }) => ({ aggregateType: CURRENCY, aggregateId: currency }));
    }
    case 'behind': {
      const accountIds = await generalLedger(env).behind(after, RECONCILE_PAGE);
      return accountIds.map((aggregateId) => ({ aggregateType: 'account', aggregateId }));
    }
    default:
      return manifestsAfter(archivist, Number(after));
  }
}

async function manifestsAfter(archivist: AskArchivist, after: number): Promise<AggregateKey[]> {
  const { manifests } = await archivist((stub) => stub.status());
  return Array.from({ length: Math.min(RECONCILE_PAGE, Math.max(0, manifests - after)) }, (_, index) => ({
    aggregateType: MANIFEST,
    aggregateId: sequenceText(after + 1 + index),
  }));
}

/** Undefined: a part of the directory. */
function furtherPart(part: number): FurtherPart | undefined {
  return FURTHER_PARTS[part - DIRECTORY_PARTS];
}

/** The part of the directory that remembers how far a part of the walk has come. */
function keeperOf(env: Env, part: number) {
  return directoryPart(env, part % DIRECTORY_PARTS);
}

function walkName(part: number): string {
  const further = furtherPart(part);
  return further === undefined ? 'reconcile' : `reconcile ${further}`;
}

/** When the walk last came to the end of every part of it, milliseconds since 1970; null: not yet. */
export async function lastRoundAt(env: Env): Promise<number | null> {
  const walks = await Promise.all(
    Array.from({ length: WALK_PARTS }, (_, part) => keeperOf(env, part).walk(walkName(part))),
  );
  const ends = walks.map(({ endedAt }) => endedAt);
  return ends.includes(null) ? null : Math.min(...(ends as number[]));
}

/** Whatever is wrong, by id. */
export async function openFindings(env: Env): Promise<OpenFinding[]> {
  const read = await ownerOf<ReconciliationState>(env, KEY).read();
  const open = Object.values(read?.state.open ?? {});
  return open.sort((a, b) => (a.findingId < b.findingId ? -1 : 1));
}

/** Nobody has asked for it. */
function ownContext(): CommandContext {
  return { userId: 'reconciler', correlationId: crypto.randomUUID(), causationId: null };
}

function findingsOf(env: Env, logger: Logger, context: CommandContext): Findings {
  return {
    open: () => openFindings(env),
    record: async (opened, ended) => {
      const commands = [
        ...ended.map((data: Ending) => ({ type: 'CloseFinding', data })),
        ...opened.map((data: Finding) => ({ type: 'OpenFinding', data })),
      ].map((command) => ({ ...command, commandId: crypto.randomUUID() }));
      const sent = actorStub(env, KEY).execute(commands, context) as Promise<Outcome[]>;
      const outcomes = await inTime('the findings', sent);
      const refused = outcomes.filter(
        (outcome) => outcome.status === 'refused' && outcome.code === 'too_many_findings',
      );
      if (refused.length > 0) logger.log('error', 'too many findings', { left: refused.length });
    },
  };
}
