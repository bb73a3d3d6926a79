/**
 * Two restorations of the same logs at once, request by request in any order: neither stands in the way of the other, and what comes
 * of it is what one alone would have made.
 *
 * RESTORE_SEED=1 npx vitest run --project node test/domain/restoreRace.test.ts
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import { Restoration, type RestoreAnswer } from '../../actors/kernel/restoration.ts';
import { type Random, seededRandom } from '../../demo/random.ts';
import {
  ArchiveClient,
  inParallel,
  PlatformError,
  REQUESTS_MAX,
  type Sent,
} from '../../local/archive/client.ts';
import { planRestore, type RestorePlan } from '../../local/archive/restorePlan.ts';
import { RestoreRun } from '../../local/archive/restoreRun.ts';
import { LocalServerError } from '../../local/errors.ts';
import type { PublishedEvent } from '../../schemas/message.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { ArchiveWorld, act, MemoryArchive } from '../support/archive.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const firstSeed = Number(process.env.RESTORE_SEED ?? Date.now() % 2 ** 31);
const SEEDS = 12;

const ACCOUNTS = ['account-0', 'account-1', 'account-2'];
const NO_EVENT = '0'.repeat(64);

let world: ArchiveWorld;
let archive: MemoryArchive;
let plan: RestorePlan;

beforeAll(async () => {
  world = new ArchiveWorld();
  for (let round = 0; round < 4; round++) {
    for (let number = 0; number < 12; number++) act(world, `account-${number % 3}`, round * 12 + number);
    await world.checkpoint();
  }
  archive = new MemoryArchive(world.bucket.objects);
  plan = await planRestore(archive, () => true);
});

/** The logs of a platform, each as its actor restores it. */
class RestoredPlatform {
  readonly logs = new Map(ACCOUNTS.map((aggregateId) => [aggregateId, restorationOf(aggregateId)]));
  readonly released: string[] = [];

  async answer(path: string, { body }: Sent): Promise<unknown> {
    const { pathname, searchParams } = new URL(path, 'http://folio.example');
    const [, , , , aggregateId = '', action] = pathname.split('/');
    const log = this.logs.get(aggregateId) as Restoration;
    const asked = JSON.parse(body ?? '{}');
    if (body === undefined) {
      const version = searchParams.get('version');
      return log.standing(version === null ? undefined : Number(version));
    }
    if (action === 'hold') return answered(log.hold(asked.version, asked.hash, asked.holder));
    if (action === undefined) return answered(log.append({ ...asked, events: asked.events.map(published) }));
    const { version, hash, holder } = asked;
    const standing = answered(log.release(version, hash, holder));
    if (!standing.restoring) this.released.push(aggregateId);
    return standing;
  }

  /** How many events every log has, and which is the last. */
  heads() {
    return [...this.logs.values()].map((log) => log.standing());
  }

  /** Fills a log up to a version and lets it go: it has lost its end. */
  shorten(aggregateId: string, version: number): void {
    const log = this.logs.get(aggregateId) as Restoration;
    const events = world
      .account(aggregateId)
      .messages(1, version)
      .flatMap((text) => (JSON.parse(text) as { events: PublishedEvent[] }).events);
    answered(log.append({ previousHash: NO_EVENT, events }));
    answered(log.release(version, events.at(-1)?.hash ?? ''));
  }
}

function restorationOf(aggregateId: string): Restoration {
  const source = { aggregateType: 'account', aggregateId };
  const logger = createLogger('actor', 'error', () => undefined);
  return new Restoration({ source, decider: accountDecider, storage: sqliteStorage(), logger });
}

function answered(answer: RestoreAnswer) {
  if (!answer.ok) throw new PlatformError(409, answer.code, answer.detail);
  return answer;
}

function published(event: { recordedAt: string; fingerprint?: string }) {
  const { recordedAt, fingerprint, ...rest } = event;
  const own = { ...rest, recordedAt: Date.parse(recordedAt) };
  return fingerprint === undefined ? own : { ...own, fingerprint: Number(fingerprint) };
}

/** What becomes of the hold of a log: it does not arrive, nobody hears of it, or it is refused. */
const FAILURES = ['unsent', 'unheard', 'refused'] as const;
type Failure = (typeof FAILURES)[number];

/** Requests and replies are on their way for a while. */
class SlowClient extends ArchiveClient {
  readonly #platform: RestoredPlatform;
  readonly #random: Random;
  readonly #failing: { readonly aggregateId: string; readonly failure: Failure } | undefined;

  /** `failing`: the hold of this log fails. */
  constructor(
    platform: RestoredPlatform,
    random: Random,
    failing?: { readonly aggregateId: string; readonly failure: Failure },
  ) {
    super('http://folio.example', undefined);
    this.#platform = platform;
    this.#random = random;
    this.#failing = failing;
  }

  override async json<Reply>(path: string, sent: Sent = {}): Promise<Reply> {
    const { aggregateId, failure } = this.#failing ?? {};
    const failed = path.endsWith(`/${aggregateId}/hold`) ? failure : undefined;
    await this.#wait();
    if (failed === 'unsent') throw new LocalServerError('the platform does not answer');
    if (failed === 'refused') throw new PlatformError(409, 'log_differs', 'The log goes on to version 40.');
    const reply = await this.#platform.answer(path, sent);
    await this.#wait();
    if (failed === 'unheard') throw new LocalServerError('the platform does not answer');
    return reply as Reply;
  }

  async #wait(): Promise<void> {
    for (let turns = this.#random.integer(6); turns > 0; turns--)
      await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

/** A restoration as the command does it; answers what stood in its way. */
async function restored(
  platform: RestoredPlatform,
  random: Random,
  isInPlace: boolean,
  { wanted = plan, client = new SlowClient(platform, random) } = {},
): Promise<string[]> {
  const run = new RestoreRun(client, archive, wanted, isInPlace);
  const inTheWay = [...(await run.conflicts()), ...(await run.hold())];
  if (inTheWay.length > 0) return inTheWay;
  await run.fill();
  const different = await run.differences();
  if (different.length > 0) return different;
  if (platform.released.length === 0)
    for (const { aggregateId } of wanted.logs.values())
      expect(platform.logs.get(aggregateId)?.standing().restoring).toBe(true);
  await run.release();
  return run.differences();
}

function wanted() {
  return ACCOUNTS.map((aggregateId) => {
    const { version, hash } = world.account(aggregateId).aggregate.log.head();
    return { head: version, version, hash, restoring: false };
  });
}

describe('two restorations of the same logs at once', () => {
  it(`into an empty platform end as one does (seeds from ${firstSeed})`, async () => {
    for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
      const [platform, random] = [new RestoredPlatform(), seededRandom(seed)];
      const runs = await Promise.all([1, 2].map(() => restored(platform, random, false)));
      expect(runs, `seed ${seed}`).toEqual([[], []]);
      expect(platform.heads(), `seed ${seed}`).toMatchObject(wanted());
    }
  });

  it(`in place let go of no log that the other one fills (seeds from ${firstSeed})`, async () => {
    for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
      const [platform, random] = [new RestoredPlatform(), seededRandom(seed)];
      for (const aggregateId of ACCOUNTS) platform.shorten(aggregateId, 1 + random.integer(12));
      platform.released.length = 0;
      const runs = await Promise.all([1, 2].map(() => restored(platform, random, true)));
      // Whoever looks first and comes last finds logs that are filled and let go: nothing is left to do.
      for (const line of runs.flat()) expect(line, `seed ${seed}`).toMatch(/409 The log goes on to version/);
      expect(
        runs.some((lines) => lines.length === 0),
        `seed ${seed}`,
      ).toBe(true);
      expect(platform.heads(), `seed ${seed}`).toMatchObject(wanted());
      expect(await restored(platform, random, true), `seed ${seed}`).toEqual([]);
    }
  });

  it(`in place let go of none that the other one holds, though one gives up (seeds from ${firstSeed})`, async () => {
    const one = await planRestore(archive, (name) => name === 'account/account-0');
    for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
      const [platform, random] = [new RestoredPlatform(), seededRandom(seed)];
      for (const aggregateId of ACCOUNTS) platform.shorten(aggregateId, 1 + random.integer(12));
      platform.released.length = 0;
      const failure = random.pick(FAILURES);
      const client = new SlowClient(platform, random, { aggregateId: random.pick(ACCOUNTS), failure });
      const isAll = random.chance(0.5);
      const [goesOn, givesUp] = await Promise.all([
        restored(platform, random, true, { wanted: isAll ? plan : one }),
        restored(platform, random, true, { client }).catch((error: unknown) => [String(error)]),
      ]);
      const what = `seed ${seed}, ${failure}`;
      expect(goesOn, what).toEqual([]);
      // Whoever comes last may find everything there.
      expect(givesUp.join(), what).toMatch(/^$|does not answer|409 The log goes on/);
      if (isAll) expect(platform.heads(), what).toMatchObject(wanted());
      expect(await restored(platform, random, true), what).toEqual([]);
      expect(platform.heads(), what).toMatchObject(wanted());
    }
  });

  it('in place leave every log as it was found where they give up alone', async () => {
    for (const failure of FAILURES) {
      const [platform, random] = [new RestoredPlatform(), seededRandom(firstSeed)];
      for (const aggregateId of ACCOUNTS) platform.shorten(aggregateId, 3);
      const found = platform.heads();
      const client = new SlowClient(platform, random, { aggregateId: 'account-1', failure });
      await restored(platform, random, true, { client }).catch(() => undefined);
      expect(platform.heads(), failure).toEqual(found);
    }
  });
});

describe('requests side by side', () => {
  it('that fail are one failure, told once all of them have ended, and the last to be sent', async () => {
    const [begun, ended]: [number[], number[]] = [[], []];
    const work = async (item: number) => {
      begun.push(item);
      for (let turns = item; turns >= 0; turns--) await new Promise<void>((resolve) => setImmediate(resolve));
      ended.push(item);
      throw new Error(`item ${item}`);
    };
    const items = Array.from({ length: 3 * REQUESTS_MAX }, (_, item) => item);
    await expect(inParallel(items, work)).rejects.toThrow('item 0');
    expect(begun).toEqual(items.slice(0, REQUESTS_MAX));
    expect(ended).toEqual(begun);
  });
});
