/** Dead letters: tried a last time, kept as references, delivered again from the log, whatever breaks in between. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadLetters } from '../../actors/deadLetters/deadLetters.ts';
import type { QueueMessage } from '../../queues/kernel/consumer.ts';
import {
  consumeDead,
  type DeadLetterDeps,
  REDELIVER_EVENTS,
  redeliver,
} from '../../queues/kernel/deadLetters.ts';
import type { DeadLetter } from '../../schemas/deadLetter.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { holdsEventually } from '../support/property.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const never = () => false;

/** A group that takes messages or does not, logs of any length, and the letters between them. */
class Post {
  readonly letters = new DeadLetters(sqliteStorage());
  /** Versions that the group took, by aggregate, as often as it took them. */
  readonly taken = new Map<string, number[]>();
  readonly complaints: string[] = [];
  heads: Record<string, number> = {};
  /** What happens before each step: it may throw. */
  step: (what: string) => void = () => undefined;

  readonly deps: DeadLetterDeps = {
    store: {
      park: (letters) => this.#do('park', () => this.letters.park(letters)),
      advance: (...progress) => this.#do('advance', () => this.letters.advance(...progress)),
      remove: (...letter) => this.#do('remove', () => this.letters.remove(...letter)),
    },
    logger: { enabled: () => true, log: (_level, message) => void this.complaints.push(message) },
    deliver: async (_group, texts) => this.#do('deliver', () => this.#take(texts)),
    readLog: async ({ aggregateId }, fromVersion, limit) => {
      this.step('read');
      const to = Math.min(this.heads[aggregateId] ?? 0, fromVersion + limit - 1);
      return fromVersion > to ? [] : [message(aggregateId, fromVersion, to)];
    },
    now: () => 1_700_000_000_000,
  };

  #do(what: string, act: () => void): void {
    this.step(what);
    act();
  }

  #take(texts: readonly string[]): void {
    for (const { aggregateId, fromVersion, toVersion } of texts.map(parseEventsMessage)) {
      const taken = this.taken.get(aggregateId) ?? [];
      for (let version = fromVersion; version <= toVersion; version++) taken.push(version);
      this.taken.set(aggregateId, taken);
    }
  }

  get kept(): DeadLetter[] {
    return this.letters.list('', 1_000);
  }

  /** The versions that were taken, each once. */
  versions(aggregateId: string): number[] {
    return [...new Set(this.taken.get(aggregateId))].sort((a, b) => a - b);
  }
}

function message(aggregateId: string, fromVersion: number, toVersion: number): string {
  return JSON.stringify({
    aggregateType: 'account',
    aggregateId,
    fromVersion,
    toVersion,
    previousHash: '',
    events: [],
  });
}

function died(...bodies: string[]) {
  const said: string[] = [];
  const messages = bodies.map((body, index): QueueMessage => {
    let isSaid = false;
    const say = (what: string) => {
      if (!isSaid) said.push(what);
      isSaid = true;
    };
    return { id: `m-${index}`, body, attempts: 11, ack: () => say('ack'), retry: () => say('retry') };
  });
  return { messages, said };
}

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('a dead letter', () => {
  it('is tried once more, and is none where that succeeds', async () => {
    const post = new Post();
    const { messages, said } = died(message('a', 1, 3), message('b', 1, 1));
    await consumeDead(post.deps, 'views', messages);
    expect(said).toEqual(['ack', 'ack']);
    expect(post.kept).toEqual([]);
    expect(post.versions('a')).toEqual([1, 2, 3]);
  });

  it('is kept as a reference, with the reason of the last attempt, once for each aggregate', async () => {
    const post = new Post();
    post.step = (what) => {
      if (what === 'deliver') throw new Error('D1_ERROR: overloaded');
    };
    const { messages, said } = died(message('a', 7, 9), message('b', 1, 1), message('a', 4, 6));
    await consumeDead(post.deps, 'views', messages);
    expect(said).toEqual(['ack', 'ack', 'ack']);
    await consumeDead(post.deps, 'views', died(message('a', 10, 12)).messages);
    await consumeDead(post.deps, 'archive', died(message('a', 2, 2)).messages);
    expect(post.kept).toMatchObject([
      { letterId: 'archive.account.a', group: 'archive', fromVersion: 2, toVersion: 2 },
      {
        letterId: 'views.account.a',
        fromVersion: 4,
        toVersion: 12,
        reason: 'D1_ERROR: overloaded',
        text: null,
      },
      { letterId: 'views.account.b', fromVersion: 1, toVersion: 1 },
    ]);
    expect(post.complaints).toEqual(Array(4).fill('delivery given up'));
  });

  it('is given back where it cannot be kept, and never acked before it is', async () => {
    const post = new Post();
    post.step = (what) => {
      if (what === 'deliver' || what === 'park') throw new Error('down');
    };
    const { messages, said } = died(message('a', 1, 1), message('b', 1, 1));
    await consumeDead(post.deps, 'views', messages);
    expect(said).toEqual(['retry', 'retry']);
    expect(post.kept).toEqual([]);
  });

  it('that nobody can read is kept as it is, and delivered once somebody can', async () => {
    const post = new Post();
    await consumeDead(post.deps, 'views', died('no json', '{"hello":1}').messages);
    expect(post.kept).toMatchObject([
      { letterId: 'views.text.m-0', text: 'no json', aggregateId: null, fromVersion: null },
      { letterId: 'views.text.m-1', text: '{"hello":1}', reason: 'the text is no message of the outbox' },
    ]);
    const [letter] = post.kept as [DeadLetter];
    expect(await redeliver(post.deps, letter, never)).toMatchObject({ status: 'PARKED', version: null });
    const read = { ...letter, text: message('a', 1, 2) };
    expect(await redeliver(post.deps, read, never)).toMatchObject({ status: 'RESUMED' });
    expect(post.kept.map(({ letterId }) => letterId)).toEqual(['views.text.m-1']);
  });
});

describe('delivering a letter again', () => {
  const parked = (post: Post, fromVersion: number, toVersion: number): DeadLetter => {
    const letter: DeadLetter = {
      letterId: 'views.account.a',
      group: 'views',
      aggregateType: 'account',
      aggregateId: 'a',
      fromVersion,
      toVersion,
      text: null,
      reason: 'down',
      parkedAt: 1,
    };
    post.letters.park([letter]);
    return letter;
  };

  it('reads the log, not the message, and ends with the letter', async () => {
    const post = new Post();
    post.heads = { a: 2_000 };
    const letter = parked(post, 3, 1_200);
    expect(await redeliver(post.deps, letter, never)).toEqual({
      status: 'RESUMED',
      version: 1_502,
      reason: null,
    });
    expect(post.versions('a')).toEqual(upTo(1_502, 3));
    expect(post.kept).toEqual([]);
  });

  it('works for a while and goes on from there in the next call', async () => {
    const post = new Post();
    post.heads = { a: 3_000 };
    let letter = parked(post, 1, 2_800);
    const versions: (number | null)[] = [];
    for (;;) {
      const { status, version } = await redeliver(post.deps, letter, () => true);
      versions.push(version);
      if (status === 'RESUMED') break;
      expect(status).toBe('RESUMING');
      letter = post.kept[0] as DeadLetter;
      expect(letter.fromVersion).toBe((version as number) + 1);
    }
    expect(versions).toEqual(upTo(6).map((n) => n * REDELIVER_EVENTS));
    expect(post.taken.get('a')).toEqual(upTo(3_000));
    expect(post.kept).toEqual([]);
  });

  it('says why it is parked still, and keeps what was taken', async () => {
    const post = new Post();
    post.heads = { a: 2_000 };
    let deliveries = 0;
    post.step = (what) => {
      if (what === 'deliver' && ++deliveries === 3) throw new Error('no room');
    };
    const result = await redeliver(post.deps, parked(post, 1, 2_000), never);
    expect(result).toEqual({ status: 'PARKED', version: 1_000, reason: 'no room' });
    expect(post.kept).toMatchObject([
      { fromVersion: 1_001, toVersion: 2_000, reason: 'no room', parkedAt: 1 },
    ]);
  });

  it('is parked where the log does not go as far as was announced', async () => {
    const post = new Post();
    post.heads = { a: 5 };
    expect(await redeliver(post.deps, parked(post, 4, 9), never)).toMatchObject({
      status: 'PARKED',
      version: 5,
      reason: 'the log ends before version 6',
    });
  });

  it('does not forget what dies meanwhile', async () => {
    const post = new Post();
    post.heads = { a: 3_000 };
    const letter = parked(post, 1_000, 2_000);
    let isFirst = true;
    post.step = (what) => {
      if (what !== 'deliver' || !isFirst) return;
      isFirst = false;
      post.letters.park([{ ...letter, fromVersion: 200, toVersion: 2_500 }]);
    };
    await redeliver(post.deps, letter, never);
    expect(post.kept).toMatchObject([{ fromVersion: 200, toVersion: 2_500 }]);
    await redeliver(post.deps, post.kept[0] as DeadLetter, never);
    expect(post.versions('a')).toEqual(upTo(2_699, 200));
    expect(post.kept).toEqual([]);
  });

  it('delivers everything at least once, whatever crashes between any two steps', async () => {
    await holdsEventually(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 0, max: 2_000 }),
        fc.array(fc.nat({ max: 12 }), { maxLength: 8 }),
        async (from, length, crashes) => {
          const post = new Post();
          post.heads = { a: from + length };
          parked(post, from, from + length);
          for (const after of crashes) {
            const [letter] = post.kept;
            if (letter === undefined) break;
            let steps = 0;
            post.step = () => {
              // Once crashed, nothing of this run happens any more.
              if (steps++ >= after) throw new Error('crash');
            };
            await redeliver(post.deps, letter, never).catch(() => undefined);
          }
          post.step = () => undefined;
          const [left] = post.kept;
          if (left !== undefined) expect((await redeliver(post.deps, left, never)).status).toBe('RESUMED');
          expect(post.versions('a')).toEqual(upTo(from + length, from));
          expect(post.kept).toEqual([]);
        },
      ),
      { seed: 77, runs: 300 },
    );
  });
});
