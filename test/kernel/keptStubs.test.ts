import { describe, expect, it } from 'vitest';
import { inTime, Unanswered } from '../../actors/kernel/inTime.ts';
import { KeptStubs } from '../../actors/kernel/keptStubs.ts';

describe('the stubs that an object keeps', () => {
  const numbered = () => {
    let made = 0;
    return new KeptStubs(
      (name) => `${name} ${++made}`,
      (name, answer) => inTime(startTimer, name, answer, 1_000),
    );
  };
  /** Timers that go off when a test says so. */
  const timers = new Set<() => void>();
  const startTimer = (task: () => void) => {
    timers.add(task);
    return () => void timers.delete(task);
  };
  const self = async (stub: string) => stub;

  it('are one for each name, however often it is called', async () => {
    const stubs = numbered();
    expect(await stubs.call('hub-1', self)).toBe('hub-1 1');
    expect(await stubs.call('hub-2', self)).toBe('hub-2 2');
    expect(await stubs.call('hub-1', self)).toBe('hub-1 1');
  });

  it('are made anew after a call that failed, which fails as it did', async () => {
    const stubs = numbered();
    const failing = stubs.call('hub-1', () => Promise.reject(new Error('the object was reset')));
    await expect(failing).rejects.toThrow('the object was reset');
    expect(await stubs.call('hub-1', self)).toBe('hub-1 2');
  });

  it('are made anew after a call that is not answered, which is given up', async () => {
    const stubs = numbered();
    const hanging = stubs.call('hub-1', () => new Promise(() => undefined));
    for (const goOff of timers) goOff();
    await expect(hanging).rejects.toThrow(Unanswered);
    expect(await stubs.call('hub-1', self)).toBe('hub-1 2');
    expect(timers.size).toBe(0);
  });

  it('outlive the late failure of one that was replaced', async () => {
    const stubs = numbered();
    let fail = (_: Error): void => undefined;
    const late = stubs.call('hub-1', () => new Promise((_, reject) => (fail = reject)));
    await stubs.call('hub-1', () => Promise.reject(new Error('first'))).catch(() => undefined);
    expect(await stubs.call('hub-1', self)).toBe('hub-1 2');
    fail(new Error('late'));
    await late.catch(() => undefined);
    expect(await stubs.call('hub-1', self)).toBe('hub-1 2');
  });
});
