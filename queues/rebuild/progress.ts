/** How a rebuild stands, over all view databases. */
import type { RebuildKind, RebuildPhase, ViewName } from '../../schemas/tables/views.ts';
import { viewTargets } from '../kernel/positions.ts';
import type { RebuildDeps } from './deps.ts';
import { DIFFERENCES_MAX, type Difference, type RebuildJob, readJob } from './job.ts';
import { countAggregates } from './pages.ts';

/** A rebuild that is going on, or has switched every database, or has failed in one. */
export const REBUILD_STATUSES = ['BUILDING', 'SWITCHED', 'FAILED'] as const;

/** The state of a rebuild, for whoever waits for it. */
export interface RebuildProgress {
  readonly status: (typeof REBUILD_STATUSES)[number];
  /** What the database that is furthest behind is at. */
  readonly phase: RebuildPhase;
  readonly kind: RebuildKind;
  readonly views: readonly ViewName[];
  readonly aggregatesTotal: number;
  readonly aggregatesDone: number;
  readonly aggregatesVerified: number;
  readonly eventsApplied: number;
  readonly differencesFound: number;
  readonly differences: readonly Difference[];
  /** Why it failed. */
  readonly reason: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** The newest rebuild, over the databases that take part in it; null where there never was one. */
export async function rebuildProgress(parts: readonly RebuildDeps[]): Promise<RebuildProgress | null> {
  const jobs = await Promise.all(parts.map(async (deps) => ({ deps, job: await readJob(deps.database) })));
  const newest = jobs
    .map(({ job }) => job)
    .filter((job) => job !== undefined)
    .reduce<RebuildJob | undefined>(
      (a, b) => (a !== undefined && a.startedAt >= b.startedAt ? a : b),
      undefined,
    );
  const own = jobs.filter(({ job }) => job?.job === newest?.job);
  if (newest === undefined) return null;
  return totalProgress(await Promise.all(own.map(({ deps, job }) => progressOf(deps, job ?? newest))));
}

/** How one database stands. */
async function progressOf(deps: RebuildDeps, job: RebuildJob): Promise<RebuildProgress> {
  const { phase, cursor } = job;
  const { targets } = await viewTargets(deps.database, job.views);
  const live = targets.filter(({ role }) => role === 'live');
  const aggregatesTotal = await countAggregates(deps.database, live);
  const isVerified = phase === 'SWITCHING' || phase === 'SWITCHED';
  return {
    status: phase === 'SWITCHED' || phase === 'FAILED' ? phase : 'BUILDING',
    phase,
    views: job.views,
    kind: job.kind,
    aggregatesTotal: Math.max(aggregatesTotal, job.aggregatesDone),
    aggregatesDone: phase === 'APPLYING' ? cursor.done : job.aggregatesDone,
    aggregatesVerified: phase === 'VERIFYING' || isVerified ? cursor.done : 0,
    eventsApplied: job.eventsApplied,
    differencesFound: job.differencesFound,
    differences: job.differences,
    reason: job.reason,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
  };
}

const ORDER: readonly RebuildPhase[] = [
  'FAILED',
  'CLEARING',
  'APPLYING',
  'VERIFYING',
  'SWITCHING',
  'SWITCHED',
];

/** All databases together. */
function totalProgress(parts: readonly RebuildProgress[]): RebuildProgress {
  const sum = (amount: (part: RebuildProgress) => number) =>
    parts.reduce((total, part) => total + amount(part), 0);
  const [first] = [...parts].sort((a, b) => ORDER.indexOf(a.phase) - ORDER.indexOf(b.phase));
  if (first === undefined) throw new Error('no view database');
  const ended = parts.map(({ endedAt }) => endedAt);
  const isBuilding = parts.some(({ status }) => status === 'BUILDING');
  return {
    ...first,
    status: first.status === 'FAILED' ? 'FAILED' : isBuilding ? 'BUILDING' : 'SWITCHED',
    aggregatesTotal: sum(({ aggregatesTotal }) => aggregatesTotal),
    aggregatesDone: sum(({ aggregatesDone }) => aggregatesDone),
    aggregatesVerified: sum(({ aggregatesVerified }) => aggregatesVerified),
    eventsApplied: sum(({ eventsApplied }) => eventsApplied),
    differencesFound: sum(({ differencesFound }) => differencesFound),
    differences: parts.flatMap(({ differences }) => differences).slice(0, DIFFERENCES_MAX),
    startedAt: Math.min(...parts.map(({ startedAt }) => startedAt)),
    endedAt: ended.includes(null) ? null : Math.max(...ended.map(Number)),
  };
}
