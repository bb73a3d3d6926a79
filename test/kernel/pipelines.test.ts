/** The stubs by which commands of a stream reach their aggregates. */
import { describe, expect, it, vi } from 'vitest';
import type { AggregateActor } from '../../workers/aggregates.ts';
import { sharedTimers, startTimer, TELL_MS_MAX, Unanswered } from '../../workers/inTime.ts';
import { Pipelines, STUBS_MAX } from '../../workers/streams/pipelines.ts';

const context = { userId: 'u', correlationId: 'r', causationId: null };

/** Pipelines whose calls wait for a test's answer, and how often a stub was made for an aggregate. */
function world() {
  const made: string[] = [];
  const answers = new Map<string, PromiseWithResolvers<string>>();
  const pipelines = new Pipelines(
    ({ aggregateId }) => {
      made.push(aggregateId);
      const executeBrief = () => {
        const answer = Promise.withResolvers<string>();
        answers.set(aggregateId, answer);
        return answer.promise;
      };
      return { executeBrief } as unknown as AggregateActor;
    },
    sharedTimers(startTimer, () => Date.now()),
  );
  const call = (aggregateId: string) =>
    pipelines.to({ aggregateType: 'account', aggregateId }).executeBrief('[]', context);
  const callAnswered = async (aggregateId: string) => {
    const answered = call(aggregateId);
    answers.get(aggregateId)?.resolve('[]');
    await answered;
  };
  const madeFor = (id: string) => made.filter((aggregateId) => aggregateId === id).length;
  return { call, callAnswered, answers, madeFor, made };
}

describe('the stub of an aggregate', () => {
  it('is the same for all its commands, and another one after a call that failed', async () => {
    const { call, callAnswered, answers, madeFor } = world();
    await callAnswered('a');
    await callAnswered('a');
    expect(madeFor('a')).toBe(1);
    const failing = call('a');
    answers.get('a')?.reject(new Error('the object was reset'));
    await expect(failing).rejects.toThrow('reset');
    await callAnswered('a');
    expect(madeFor('a')).toBe(2);
  });

  it('is waited for a while, and then another one is asked', async () => {
    vi.useFakeTimers();
    try {
      const { call, callAnswered, madeFor } = world();
      const hanging = call('a');
      const refused = expect(hanging).rejects.toThrow(Unanswered);
      await vi.advanceTimersByTimeAsync(TELL_MS_MAX);
      await refused;
      await callAnswered('a');
      expect(madeFor('a')).toBe(2);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is kept while something is on its way, however many others are used meanwhile', async () => {
    const { call, callAnswered, answers, madeFor, made } = world();
    const waiting = call('slow');
    await callAnswered('idle');
    for (let other = 0; other < 2 * STUBS_MAX; other++) await callAnswered(`other-${other}`);
    await callAnswered('idle');
    expect(madeFor('idle')).toBe(2);
    const first = answers.get('slow');
    const next = call('slow');
    expect(madeFor('slow')).toBe(1);
    first?.resolve('[]');
    answers.get('slow')?.resolve('[]');
    await Promise.all([waiting, next]);
    // Those that were used last are there.
    const before = made.length;
    for (let other = STUBS_MAX + 10; other < 2 * STUBS_MAX; other++) await callAnswered(`other-${other}`);
    expect(made.length).toBe(before);
  });
});
