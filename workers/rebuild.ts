/** Wires rebuilds of the views to this Worker's bindings. */

import type { AggregateKey } from '../queues/kernel/positions.ts';
import type { OwnerState, UnknownOwner } from '../queues/kernel/projector.ts';
import { projectors } from '../queues/projectors/index.ts';
import type { RebuildDeps } from '../queues/rebuild/deps.ts';
import { paced, type Unpaced } from '../queues/rebuild/pacing.ts';
import { type RebuildProgress, rebuildProgress } from '../queues/rebuild/progress.ts';
import { advanceRebuild, cancelRebuild, type Started, startEverywhere } from '../queues/rebuild/rebuild.ts';
import { DIRECTORY_PARTS, partOf } from '../schemas/partition.ts';
import type { RebuildKind, ViewName } from '../schemas/tables/views.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ownerOf, readLog } from './aggregates.ts';
import { directoryPart } from './directory.ts';
import { type Env, viewDatabases } from './env.ts';
import { isPassing } from './inTime.ts';
import { pacingOf } from './pacing.ts';
import { projectionDeps } from './projection.ts';
import { workingCall } from './workingCall.ts';

function rebuildDeps(env: Env, logger: Logger, pacing = pacingOf(env, 1)): RebuildDeps[] {
  const parts = viewDatabases(env).length;
  return Array.from({ length: parts }, (_, part) => {
    const deps: Unpaced = {
      ...projectionDeps(env, part, logger),
      projectors,
      directoryParts: DIRECTORY_PARTS,
      directory: (index, after, limit) => listDirectory(env, index, after, limit),
      owns: ({ aggregateId }) => partOf(aggregateId, parts) === part,
      head: (key) => ownerOf(env, key).head(),
      owner: (key, version) => ownerState(env, key, version).catch(unknownOwner),
    };
    return paced(deps, pacing);
  });
}

async function listDirectory(env: Env, part: number, after: AggregateKey | null, limit: number) {
  const entries = await directoryPart(env, part).list(after, limit);
  return entries.map(({ aggregateType, aggregateId }) => ({ aggregateType, aggregateId }));
}

/** An owner's own state at a version; undefined where its log does not go that far. */
export async function ownerState(
  env: Env,
  key: AggregateKey,
  version: number,
): Promise<OwnerState | undefined> {
  const [read, messages] = await Promise.all([
    ownerOf(env, key).read({ version }),
    readLog(env, key, version, 1),
  ]);
  const hash = messages[0]?.events[0]?.hash;
  return read === null || hash === undefined ? undefined : { state: read.state, hash };
}

/** An owner that answers with a fault each time, as after a release was taken back: the rebuild ends, and names it. */
function unknownOwner(error: unknown): UnknownOwner {
  if (isPassing(error)) throw error;
  return { unknown: error instanceof Error ? error.message : String(error) };
}

/** Begins a rebuild or goes on with it, in all databases side by side, for a while. */
export async function rebuildViews(
  env: Env,
  logger: Logger,
  wanted: { readonly kind: RebuildKind; readonly views?: readonly ViewName[] | undefined },
): Promise<(Started & { ok: false }) | { ok: true; progress: RebuildProgress }> {
  const pacing = pacingOf(env, 1);
  const parts = rebuildDeps(env, logger, pacing);
  const started = await startEverywhere(parts, wanted);
  if (!started.ok) return started;
  const isOver = workingCall(pacing);
  await Promise.all(parts.map((deps) => advanceRebuild(deps, isOver)));
  const progress = await rebuildProgress(parts);
  if (progress === null) throw new Error('a rebuild has left no trace');
  const { status, phase, reason, aggregatesDone, eventsApplied, differencesFound } = progress;
  logger.log(status === 'FAILED' ? 'error' : 'info', 'rebuild of views', {
    kind: wanted.kind,
    views: progress.views.join(' '),
    status,
    phase,
    ...(reason === null ? {} : { reason }),
    aggregatesDone,
    eventsApplied,
    differencesFound,
  });
  return { ok: true, progress };
}

/** Goes on for a while with the rebuild that has not come to its end, if there is one. */
export async function bringOnRebuild(env: Env, logger: Logger): Promise<void> {
  const running = await currentRebuild(env, logger);
  if (running?.status !== 'BUILDING') return;
  const { kind, views } = running;
  await rebuildViews(env, logger, { kind, views });
}

/** The newest rebuild, without working on it. */
export function currentRebuild(env: Env, logger: Logger): Promise<RebuildProgress | null> {
  return rebuildProgress(rebuildDeps(env, logger));
}

/** Ends a rebuild that is going on. */
export async function cancelRebuilds(env: Env, logger: Logger): Promise<RebuildProgress | null> {
  const parts = rebuildDeps(env, logger);
  await Promise.all(parts.map(cancelRebuild));
  return rebuildProgress(parts);
}
