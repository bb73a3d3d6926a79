/** Large answers keep their room until they were taken, and give it back once whatever becomes of their readers. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HeldAnswers, SLICE_BYTES, TAKEN_MS_MAX } from '../../workers/limits/heldAnswers.ts';

let now: number;
let released: number;
let answers: HeldAnswers;

beforeEach(() => {
  vi.useFakeTimers();
  now = 1_000_000;
  released = 0;
  answers = new HeldAnswers(() => now);
});
afterEach(() => vi.useRealTimers());

const pass = (milliseconds: number) => {
  now += milliseconds;
  return vi.advanceTimersByTimeAsync(milliseconds);
};

/** An answer of three slices, the last of which is short. */
const BYTES = new Uint8Array(2 * SLICE_BYTES + 5).map((_, place) => place % 251);

function reader() {
  return answers.hold(BYTES, () => void released++).getReader();
}

describe('the room of a large answer', () => {
  it('is given back when the reader has taken the last of it, and not before', async () => {
    const taking = reader();
    for (let place = 0; place < BYTES.byteLength; place += SLICE_BYTES) {
      const { value } = await taking.read();
      expect(value).toEqual(BYTES.slice(place, place + SLICE_BYTES));
      expect(released).toBe(0);
    }
    expect((await taking.read()).done).toBe(true);
    await pass(TAKEN_MS_MAX);
    expect([released, answers.size]).toEqual([1, 0]);
  });

  it('is given back when the reader goes away', async () => {
    const taking = reader();
    await taking.read();
    await taking.cancel();
    expect([released, answers.size]).toEqual([1, 0]);
  });

  it('is given back when the reader takes nothing for too long, which then gets no more', async () => {
    const taking = reader();
    await pass(TAKEN_MS_MAX - 1);
    await taking.read();
    await pass(TAKEN_MS_MAX - 1);
    expect(released).toBe(0);
    await pass(1);
    expect([released, answers.size]).toEqual([1, 0]);
    await expect(taking.read()).rejects.toThrow('nobody takes');
  });

  it('is given back once where a request ended without a word, oldest first', async () => {
    const [first, second] = [reader(), reader()];
    now += TAKEN_MS_MAX / 2;
    await first.read();
    now += TAKEN_MS_MAX / 2;
    answers.expire();
    expect([released, answers.size]).toEqual([1, 1]);
    await second.read();
    await second.cancel();
    expect([released, answers.size]).toEqual([1, 1]);
  });
});
