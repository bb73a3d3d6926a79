/**
 * The reconciler: looks at aggregates with every check, opens a finding for what is wrong and closes it where that is so no
 * more; on demand it also mends. What it finds it only writes down: nothing is changed unless somebody asks for it.
 */
import type { Finding, FindingEnd, OpenFinding } from '../../schemas/reconciliation.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { AggregateKey } from '../kernel/positions.ts';
import type { Untold } from './untold.ts';
import { type Check, findingIdOf, findingOf, Unmendable, type Verdict } from './verdict.ts';

/** A finding that is to be closed, and what ended it. */
export interface Ending {
  readonly findingId: string;
  readonly end: FindingEnd;
  readonly remark: string | null;
}

/** Where findings are written down. */
export interface Findings {
  open(): Promise<readonly OpenFinding[]>;
  /** Closes, and then opens. Opening what is open, or closing what is not, changes nothing. */
  record(opened: readonly Finding[], ended: readonly Ending[]): Promise<void>;
}

/** The world of the reconciler. */
export interface ReconcilerDeps {
  readonly checks: readonly Check[];
  readonly findings: Findings;
  /** Whom the checks could tell nothing of. */
  readonly untold: Untold;
  readonly logger: Logger;
}

/** What a look came to. */
export interface Reconciled {
  readonly opened: number;
  readonly closed: number;
}

/** Looks at some aggregates, and writes down what has changed. A check that fails holds up no other. */
export async function reconcile(deps: ReconcilerDeps, keys: readonly AggregateKey[]): Promise<Reconciled> {
  const open = await deps.findings.open();
  const verdicts = await judgeAll(deps, deps.checks, keys, open);
  return record(deps, open, verdicts, { end: 'RIGHT_AGAIN', remark: null });
}

async function judgeAll(
  { logger, untold }: ReconcilerDeps,
  checks: readonly Check[],
  keys: readonly AggregateKey[],
  open: readonly OpenFinding[],
): Promise<Verdict[]> {
  const judged = await Promise.all(
    checks.map(async (check): Promise<Verdict[]> => {
      const own = keys.filter((key) => check.takes(key));
      try {
        return own.length === 0 ? [] : await check.judge(own, open);
      } catch (error) {
        untold.add(own);
        logger.log('error', 'not reconciled', { check: check.name, ...errorFields(error) });
        return [];
      }
    }),
  );
  return judged.flat();
}

async function record(
  { findings, logger }: ReconcilerDeps,
  open: readonly OpenFinding[],
  verdicts: readonly Verdict[],
  ending: Omit<Ending, 'findingId'>,
): Promise<Reconciled> {
  const known = new Map(open.map((finding) => [finding.findingId, finding]));
  // What is wrong with another event is another finding of the same name: the one that is open would be mended for ever.
  const isNews = (verdict: Verdict) => known.get(findingIdOf(verdict))?.version !== verdict.version;
  const isKnown = (verdict: Verdict) => known.has(findingIdOf(verdict));
  const opened = verdicts.filter(isFault).filter((verdict) => !isKnown(verdict) || isNews(verdict));
  const ended = verdicts
    .filter((verdict) => isKnown(verdict) && (verdict.fault === undefined || isNews(verdict)))
    .map((verdict): Ending => ({ findingId: findingIdOf(verdict), ...ending }));
  if (opened.length + ended.length > 0) await findings.record(opened.map(findingOf), ended);
  for (const verdict of opened) {
    const { findingId, reason } = findingOf(verdict);
    const { check, aggregateType, aggregateId } = verdict;
    logger.log('error', 'finding', { findingId, check, aggregateType, aggregateId, reason });
  }
  return { opened: opened.length, closed: ended.length };
}

function isFault(verdict: Verdict): verdict is Verdict & { readonly fault: string } {
  return verdict.fault !== undefined;
}

/** What became of a finding that was to be repaired. */
export interface Repaired {
  readonly findingId: string;
  /** `UNFINISHED`: there is more to do; the same call goes on. */
  readonly status: 'CLOSED' | 'OPEN' | 'UNFINISHED';
  /** What is wrong still, or what kept it from being repaired. */
  readonly detail: string | null;
}

/** Mends a finding, looks again, and closes it where nothing is wrong any more. `remark` says why it is asked for. */
export async function repairFinding(
  deps: ReconcilerDeps,
  finding: OpenFinding,
  remark: string,
  isOver: () => boolean,
): Promise<Repaired> {
  const { findingId, check: name, aggregateType, aggregateId } = finding;
  const check = deps.checks.find((candidate) => candidate.name === name);
  if (check === undefined) return { findingId, status: 'OPEN', detail: 'this release has no such check' };
  try {
    if (!(await check.repair(finding, isOver))) return { findingId, status: 'UNFINISHED', detail: null };
  } catch (error) {
    deps.logger.log('error', 'finding not repaired', { findingId, ...errorFields(error) });
    const detail =
      error instanceof Unmendable
        ? `it cannot be repaired: ${error.message}`
        : 'it could not be repaired now';
    return { findingId, status: 'OPEN', detail };
  }
  const verdicts = await judgeAll(deps, [check], [{ aggregateType, aggregateId }], [finding]);
  await record(deps, await deps.findings.open(), verdicts, { end: 'REPAIRED', remark });
  const verdict = verdicts.find((one) => findingIdOf(one) === findingId);
  if (verdict === undefined)
    return { findingId, status: 'OPEN', detail: 'it cannot be told now whether it is right' };
  const { fault } = verdict;
  return { findingId, status: fault === undefined ? 'CLOSED' : 'OPEN', detail: fault ?? null };
}
