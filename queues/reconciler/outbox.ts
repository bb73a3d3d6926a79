/**
 * Announcements that nobody heard: what an outbox has not told a consumer group though its time has long come, and what sagas
 * were told by nobody. That views and the archive have what they were told, their own checks say.
 */
import { timeText } from '../../schemas/time.ts';
import { type AggregateKey, keyOf } from '../kernel/positions.ts';
import type { Untold } from './untold.ts';
import { answered, type Check, isLog, itself, LATE_MS, type Verdict } from './verdict.ts';

/** How long an announcement may wait in an outbox: one that fails is tried again each minute, and each sweep wakes its actor. */
export const ANNOUNCEMENT_LATE_MS = 15 * 60_000;

/** How far a consumer group was told. */
export interface ToldGroup {
  readonly group: string;
  readonly version: number;
  /** When what comes next was recorded, milliseconds since 1970; null where nothing does. */
  readonly lacksSince: number | null;
}

/** The world of the check. */
export interface OutboxCheckDeps {
  readonly untold: Untold;
  now(): number;
  told(key: AggregateKey): Promise<readonly ToldGroup[]>;
  head(key: AggregateKey): Promise<number>;
  recordedAt(key: AggregateKey, version: number): Promise<number>;
  /** How far sagas were told of some aggregates, by `keyOf`; absent: not at all. */
  sagasAt(keys: readonly AggregateKey[]): Promise<ReadonlyMap<string, number>>;
  /** Has the actor tell every group now. */
  announce(key: AggregateKey): Promise<void>;
  /** Has sagas told of an aggregate from its first event on. */
  forgetSagas(key: AggregateKey): Promise<void>;
  /** Tells sagas what they lack up to a version. */
  tellSagas(key: AggregateKey, toVersion: number): Promise<void>;
}

/** The check over consumer groups. */
export function outboxCheck(deps: OutboxCheckDeps): Check {
  return {
    name: 'outbox',
    takes: isLog,
    judge: async (keys) => {
      const sagasAt = await deps.sagasAt(keys);
      const judged = await answered(deps.untold, keys, itself, (key) =>
        judgeOne(deps, key, sagasAt.get(keyOf(key)) ?? 0),
      );
      return judged.flat();
    },
    repair: async ({ where, aggregateType, aggregateId }) => {
      const key = { aggregateType, aggregateId };
      await deps.announce(key);
      if (where === 'sagas') await tellAnew(deps, key);
      return true;
    },
  };
}

/**
 * An actor that is late is first asked to tell everybody now: one that has just woken, or whose alarm was lost, then has told
 * them. What it cannot get rid of is wrong.
 */
async function judgeOne(deps: OutboxCheckDeps, key: AggregateKey, sagasAt: number): Promise<Verdict[]> {
  const isLate = ({ lacksSince }: ToldGroup) =>
    lacksSince !== null && deps.now() - lacksSince >= ANNOUNCEMENT_LATE_MS;
  let groups = await deps.told(key);
  if (groups.some(isLate)) {
    await deps.announce(key);
    groups = await deps.told(key);
  }
  return Promise.all(
    groups.map(async (told): Promise<Verdict> => {
      const { group, version, lacksSince } = told;
      const where = group as Verdict['where'];
      const late = isLate(told)
        ? `was told up to version ${version}, and what comes next was recorded at ${timeText(lacksSince as number)}`
        : undefined;
      const fault = late ?? (group === 'sagas' ? await unheard(deps, key, sagasAt, version) : undefined);
      return { ...key, check: 'outbox', where, fault };
    }),
  );
}

/** Tells sagas what they lack; all of it where they know of more than there is. */
async function tellAnew(deps: OutboxCheckDeps, key: AggregateKey): Promise<void> {
  const taken = (await deps.sagasAt([key])).get(keyOf(key)) ?? 0;
  const head = await deps.head(key);
  if (taken > head) await deps.forgetSagas(key);
  await deps.tellSagas(key, head);
}

/** What was sent to the sagas and did not arrive, or will not: what they have taken already, they do not take again. */
async function unheard(
  deps: OutboxCheckDeps,
  key: AggregateKey,
  arrived: number,
  sent: number,
): Promise<string | undefined> {
  if (arrived > sent) {
    const head = await deps.head(key);
    return arrived > head ? `has taken up to version ${arrived}, and its log ends at ${head}` : undefined;
  }
  if (arrived === sent) return undefined;
  const since = await deps.recordedAt(key, arrived + 1);
  if (deps.now() - since < LATE_MS) return undefined;
  return `was told up to version ${sent}, and has taken up to ${arrived}`;
}
