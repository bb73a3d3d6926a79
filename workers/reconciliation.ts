/** Wires the reconciler to this Worker's bindings. */
import type { ReconciliationState } from '../actors/reconciliation/decider.ts';
import type { AggregateKey } from '../queues/kernel/positions.ts';
import {
  type Ending,
  type Findings,
  type Reconciled,
  type ReconcilerDeps,
  reconcile,
} from '../queues/reconciler/reconciler.ts';
import type { CommandContext, Outcome } from '../schemas/envelope.ts';
import { DIRECTORY_PARTS, directoryName } from '../schemas/partition.ts';
import { type Finding, type OpenFinding, RECONCILIATION_ID } from '../schemas/reconciliation.ts';
import type { Logger } from '../telemetry/logger.ts';
import { actorStub, ownerOf } from './aggregates.ts';
import type { Env } from './env.ts';
import { inTime } from './inTime.ts';
import { checksOf } from './reconcilerChecks.ts';

/**
 * Aggregates looked at in one part of the directory in one tick: 160 a minute over 16 parts. An account is asked some ten
 * times and reads its newest 200 events twice, which makes some 30 questions a second and 30 MB a minute at most.
 */
export const RECONCILE_PAGE = 10;

/** The reconciler's walk through each part of the directory, by name. */
const WALK = 'reconcile';

const KEY = { aggregateType: 'reconciliation', aggregateId: RECONCILIATION_ID } as const;

/** The reconciler on this Worker's bindings; what it writes down is written under the context. */
export function reconcilerDeps(env: Env, logger: Logger, context: CommandContext): ReconcilerDeps {
  return { checks: checksOf(env, logger, context), findings: findingsOf(env, logger, context), logger };
}

/** One page of the walk through one part of the directory. */
export async function reconcileNext(env: Env, part: number, logger: Logger): Promise<void> {
  const directory = env.DIRECTORY.getByName(directoryName(part));
  const { after, endedAt } = await directory.walk(WALK);
  const keys = (await directory.list(after, RECONCILE_PAGE)).map(keyOnly);
  await reconcile(reconcilerDeps(env, logger, ownContext()), keys);
  const isLast = keys.length < RECONCILE_PAGE;
  await directory.saveWalk(WALK, {
    after: isLast ? null : (keys.at(-1) ?? null),
    endedAt: isLast ? Date.now() : endedAt,
  });
}

/** Where a look at everything on demand stands: a part of the directory, and the last entry seen there. */
export interface LookPlace {
  readonly part: number;
  readonly entry: AggregateKey | null;
}

/** What a look on demand came to, and where the next call goes on; null at the end. */
export interface Looked extends Reconciled {
  readonly checked: number;
  readonly next: LookPlace | null;
}

/** Looks at all aggregates, page by page from a place on, until `isOver`. */
export async function reconcileAll(
  env: Env,
  deps: ReconcilerDeps,
  from: LookPlace,
  isOver: () => boolean,
): Promise<Looked> {
  let [checked, opened, closed] = [0, 0, 0];
  let place = from;
  while (place.part < DIRECTORY_PARTS) {
    if (isOver()) return { checked, opened, closed, next: place };
    const { part, entry } = place;
    const keys = (await env.DIRECTORY.getByName(directoryName(part)).list(entry, RECONCILE_PAGE)).map(
      keyOnly,
    );
    const found = await reconcile(deps, keys);
    checked += keys.length;
    opened += found.opened;
    closed += found.closed;
    const isLast = keys.length < RECONCILE_PAGE;
    place = isLast ? { part: part + 1, entry: null } : { part, entry: keys.at(-1) ?? null };
  }
  return { checked, opened, closed, next: null };
}

/** When the walk last came to the end of every part of the directory, milliseconds since 1970; null: not yet. */
export async function lastRoundAt(env: Env): Promise<number | null> {
  const walks = await Promise.all(
    Array.from({ length: DIRECTORY_PARTS }, (_, part) =>
      env.DIRECTORY.getByName(directoryName(part)).walk(WALK),
    ),
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

function keyOnly({ aggregateType, aggregateId }: AggregateKey): AggregateKey {
  return { aggregateType, aggregateId };
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
        ...opened.map((data: Finding) => ({ type: 'OpenFinding', data })),
        ...ended.map((data: Ending) => ({ type: 'CloseFinding', data })),
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
