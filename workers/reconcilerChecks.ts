/** Wires the reconciler's checks to this Worker's bindings. */
import type { SagaState } from '../actors/saga/state.ts';
import { announcementText, type OpenRange } from '../queues/archive/gathering.ts';
import { sequenceText } from '../queues/archive/manifest.ts';
import type { Pacing } from '../queues/kernel/pacing.ts';
import type { AggregateKey } from '../queues/kernel/positions.ts';
import { projectors } from '../queues/projectors/index.ts';
import { archiveCheck } from '../queues/reconciler/archive.ts';
import { balanceCheck } from '../queues/reconciler/balance.ts';
import { directoryCheck } from '../queues/reconciler/directory.ts';
import { outboxCheck } from '../queues/reconciler/outbox.ts';
import { AccountReader, type SummedAccount } from '../queues/reconciler/reader.ts';
import { segmentCheck } from '../queues/reconciler/segments.ts';
import { sumCheck } from '../queues/reconciler/sums.ts';
import { transferCheck } from '../queues/reconciler/transfers.ts';
import type { Untold } from '../queues/reconciler/untold.ts';
import { type Check, isLog } from '../queues/reconciler/verdict.ts';
import { viewCheck } from '../queues/reconciler/views.ts';
import type { CommandContext, CommandEnvelope, EventEnvelope } from '../schemas/envelope.ts';
import { DIRECTORY_PARTS, partOf } from '../schemas/partition.ts';
import { transferSagaId } from '../schemas/sagaIds.ts';
import type { ViewName } from '../schemas/tables/views.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ownerOf, readLog, receiverOf } from './aggregates.ts';
import { type AskArchivist, sealAll } from './archive.ts';
import { comparedLogs } from './completeness.ts';
import { directoryPart, unknownAggregates } from './directory.ts';
import { type Env, viewDatabases } from './env.ts';
import { generalLedger } from './generalLedger.ts';
import { projectionDeps } from './projection.ts';
import { bringOnRebuild, ownerState, rebuildViews } from './rebuild.ts';
import { forgetTold, sagasAt, tellSagasOf } from './sagas.ts';

/** What the log says of why a parked transfer goes on; who said so is in the event's metadata. */
const RETRY_REASON = 'The reconciler was told to repair it.';

/** How a look is taken. */
export interface Look {
  /** Events of accounts that it reads at most. */
  readonly eventsMax: number;
  readonly pacing: Pacing;
  readonly archivist: AskArchivist;
  readonly untold: Untold;
}

/** Every check. What a repair has others do is done under the context. */
export function checksOf(
  env: Env,
  logger: Logger,
  context: CommandContext,
  { eventsMax, pacing, archivist, untold }: Look,
): Check[] {
  const log = logOf(env, untold, pacing);
  const ledger = generalLedger(env);
  const reader = new AccountReader({
    ...log,
    ...ledger,
    eventsMax,
    state: pacing.afterOthers(
      async (key, version) => (await ownerOf<SummedAccount>(env, key).read({ version }))?.state,
    ),
  });
  return [
    viewsOf(env, logger, { pacing, untold }),
    outboxCheck({
      ...log,
      told: pacing.afterOthers((key) => ownerOf(env, key).told()),
      sagasAt: pacing.afterOthers((keys) => sagasAt(env, keys)),
      announce: (key) => receiverOf(env, key).announce(),
      tellSagas: (key, toVersion) => tellSagasOf(env, logger, key, toVersion),
      forgetSagas: (key) => forgetTold(env, key),
    }),
    archiveCheck({
      ...log,
      compare: pacing.afterOthers((keys) => comparedLogs(env, archivist, keys)),
      logger,
      archive: async (range) => {
        await announceTo(archivist, [range]);
        await sealAll(archivist);
      },
      catchUp: async (ranges) => {
        await announceTo(archivist, ranges);
        if (CAUGHT_UP.has(archivist)) return 'WAITS';
        CAUGHT_UP.add(archivist);
        await archivist((stub) => stub.seal());
        return 'TAKEN';
      },
    }),
    segmentCheck({
      inspect: pacing.afterOthers((sequences) => archivist((stub) => stub.inspect(sequences))),
      restore: (sequence) => archivist((stub) => stub.restoreSegment(sequence)),
      text: sequenceText,
    }),
    transferCheck({
      ...log,
      ...ledger,
      reader,
      find: (accountId, eventType, transferId) => findTransfer(env, accountId, eventType, transferId),
      deliver: (left) => deliver(env, context, left),
    }),
    balanceCheck(reader),
    sumCheck(ledger),
    directoryCheck({
      ...log,
      unknown: pacing.afterOthers((keys) => unknownAggregates(env, keys)),
      enter: (key) => directoryPart(env, partOf(key.aggregateId, DIRECTORY_PARTS)).register(key),
    }),
  ];
}

/** Who was asked to catch up already in its tick or call. */
const CAUGHT_UP = new WeakSet<AskArchivist>();

async function announceTo(archivist: AskArchivist, ranges: readonly OpenRange[]): Promise<void> {
  if (!(await archivist((stub) => stub.accept(ranges.map(announcementText)))))
    throw new Error('the archivist has no room');
}

/** What all checks ask of the logs. */
function logOf(env: Env, untold: Untold, pacing: Pacing) {
  return {
    untold,
    now: () => Date.now(),
    head: pacing.afterOthers((key: AggregateKey) => ownerOf(env, key).head()),
    events: pacing.afterOthers(
      async (key: AggregateKey, fromVersion: number, limit: number) =>
        JSON.parse(await ownerOf(env, key).events(fromVersion, limit)) as EventEnvelope[],
    ),
    recordedAt: async ({ aggregateType, aggregateId }: AggregateKey, version: number) => {
      const [message] = await readLog(env, { aggregateType, aggregateId }, version, 1);
      const at = message?.events[0]?.recordedAt;
      if (at === undefined) throw new Error(`the log of ${aggregateId} did not give version ${version}`);
      return at;
    },
  };
}

/** The check of the views: each aggregate in the database that has it. */
function viewsOf(env: Env, logger: Logger, { pacing, untold }: Pick<Look, 'pacing' | 'untold'>): Check {
  const parts = viewDatabases(env).length;
  const checks = Array.from({ length: parts }, (_, part) => {
    const deps = projectionDeps(env, part, logger);
    return viewCheck({
      ...deps,
      ...logOf(env, untold, pacing),
      database: pacing.database(deps.database),
      projectors,
      owner: pacing.afterOthers((key, version) => ownerState(env, key, version)),
      rebuild: async (view) => {
        const run = await rebuildViews(env, logger, { kind: 'rebuild', views: [view as ViewName] });
        if (!run.ok) await bringOnRebuild(env, logger);
        return run.ok && run.progress.status !== 'BUILDING';
      },
      bringOn: () => bringOnRebuild(env, logger),
    });
  });
  return {
    name: 'view',
    takes: isLog,
    judge: async (keys, open) => {
      const shares = checks.map((check, part) =>
        check.judge(
          keys.filter(({ aggregateId }) => partOf(aggregateId, parts) === part),
          open,
        ),
      );
      return (await Promise.all(shares)).flat();
    },
    repair: async (finding, isOver) =>
      (await checks[partOf(finding.aggregateId, parts)]?.repair(finding, isOver)) ?? true,
  };
}

async function findTransfer(
  env: Env,
  accountId: string,
  eventType: string,
  transferId: string,
): Promise<EventEnvelope | undefined> {
  const owner = ownerOf(env, { aggregateType: 'account', aggregateId: accountId });
  const version = await owner.find(eventType, 'transferId', transferId);
  if (version === null) return undefined;
  const [event] = JSON.parse(await owner.events(version, 1)) as EventEnvelope[];
  return event;
}

/**
 * Has the saga of the transfer go on where it waits for somebody; where there is none that could, the other account is told what
 * the saga would have told it. The commands' ids make sure that it is told once.
 */
async function deliver(env: Env, context: CommandContext, left: EventEnvelope): Promise<void> {
  const { transferId, toAccountId, amount } = left.data as Readonly<Record<string, string>>;
  if (transferId === undefined || toAccountId === undefined) return;
  const sagaId = transferSagaId(transferId);
  const saga = { aggregateType: 'saga', aggregateId: sagaId };
  const status = (await ownerOf<SagaState>(env, saga).read())?.state.status;
  if (status === 'RUNNING' || status === 'COMPENSATING') return;
  if (status === 'PARKED') {
    const command = { commandId: crypto.randomUUID(), type: 'RetrySaga', data: { reason: RETRY_REASON } };
    await executed(env, saga, [command], context);
    return;
  }
  const fromAccountId = left.aggregateId;
  const from = await ownerOf<{ currency: string }>(env, left).read();
  const accepting = { transferId, fromAccountId, amount, currency: from?.state.currency };
  const account = { aggregateType: 'account', aggregateId: toAccountId };
  const commands = [
    { commandId: `reconcile ${sagaId} accept`, type: 'AcceptTransfer', data: accepting },
    { commandId: `reconcile ${sagaId} credit`, type: 'CreditTransfer', data: { transferId } },
  ];
  await executed(env, account, commands, context);
}

async function executed(
  env: Env,
  key: AggregateKey,
  commands: readonly CommandEnvelope[],
  context: CommandContext,
) {
  await receiverOf(env, key).execute(commands, context);
}
