/** A connection that is to end waits for what was begun, and not for ever. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANSWERS_MS_MAX, Answering } from '../../workers/graphql/answering.ts';

describe('answers of a connection', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are waited for by its end, which comes once and for the first reason', () => {
    const answering = new Answering();
    const closed: string[] = [];
    answering.begin('a');
    answering.begin('b');
    answering.endWith(() => void closed.push('first'));
    answering.endWith(() => void closed.push('second'));
    expect(answering.isEnding).toBe(true);
    answering.end('a');
    answering.end('never begun');
    expect(closed).toEqual([]);
    answering.end('b');
    expect(closed).toEqual(['first']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('hold up no end where there are none', () => {
    const closed: string[] = [];
    new Answering().endWith(() => void closed.push('now'));
    expect(closed).toEqual(['now']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that do not come hold it up for so long', () => {
    const answering = new Answering();
    const closed: string[] = [];
    answering.begin('a');
    answering.endWith(() => void closed.push('late'));
    vi.advanceTimersByTime(ANSWERS_MS_MAX - 1);
    expect(closed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(closed).toEqual(['late']);
  });
});
