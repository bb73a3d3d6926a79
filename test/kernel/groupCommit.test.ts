/** Group commit as a plain module: who shares a turn, who gets which answer, and whom a throw reaches. */
import { describe, expect, it } from 'vitest';
import { GROUP_COMMANDS_MAX, GroupCommit } from '../../actors/kernel/groupCommit.ts';

/** A group commit whose macrotasks run when the test says so. */
function grouping<Result = string>(flush: (entries: readonly string[]) => Result[]) {
  const tasks: (() => void)[] = [];
  const turns: string[][] = [];
  const group = new GroupCommit<string, Result>(
    (entries) => {
      turns.push([...entries]);
      return flush(entries);
    },
    (task) => void tasks.push(task),
  );
  return { group, turns, tasks, tick: () => tasks.shift()?.() };
}

const upper = (entries: readonly string[]) => entries.map((entry) => entry.toUpperCase());
const settled = (promises: readonly Promise<unknown>[]) =>
  Promise.all(promises.map((promise) => promise.catch((error: Error) => error.message)));

describe('callers of one macrotask', () => {
  it('share one turn, in the order in which they came, and get their own answers', async () => {
    const { group, turns, tick } = grouping(upper);
    const callers = [group.submit(['a', 'b']), group.submit(['c']), group.submit(['d', 'e'])];
    expect(turns).toEqual([]);
    tick();
    expect(await settled(callers)).toEqual([['A', 'B'], ['C'], ['D', 'E']]);
    expect(turns).toEqual([['a', 'b', 'c', 'd', 'e']]);
  });

  it('cause one macrotask, and none is left when nobody waits', async () => {
    const { group, tasks, tick } = grouping(upper);
    const callers = [group.submit(['a']), group.submit(['b'])];
    expect(tasks).toHaveLength(1);
    tick();
    await settled(callers);
    expect(tasks).toEqual([]);
    const later = group.submit(['c']);
    expect(tasks).toHaveLength(1);
    tick();
    expect(await later).toEqual(['C']);
  });

  it('may send nothing, and are answered nothing', async () => {
    const { group, tick } = grouping(upper);
    const callers = [group.submit([]), group.submit(['a']), group.submit([])];
    tick();
    expect(await settled(callers)).toEqual([[], ['A'], []]);
  });

  it('that come while a turn runs are in the next one', async () => {
    const late: Promise<string[]>[] = [];
    const { group, turns, tick } = grouping((entries) => {
      if (late.length === 0) late.push(group.submit(['late']));
      return upper(entries);
    });
    const first = group.submit(['a']);
    tick();
    expect(await first).toEqual(['A']);
    tick();
    expect(await settled(late)).toEqual([['LATE']]);
    expect(turns).toEqual([['a'], ['late']]);
  });
});

describe('a turn that throws', () => {
  const poison = (entries: readonly string[]) => {
    if (entries.includes('poison')) throw new Error('poisoned');
    return upper(entries);
  };

  it('is run again caller by caller, so that only the culprit fails', async () => {
    const { group, turns, tick } = grouping(poison);
    const callers = [group.submit(['a']), group.submit(['b', 'poison', 'c']), group.submit(['d'])];
    tick();
    expect(await settled(callers)).toEqual([['A'], 'poisoned', ['D']]);
    expect(turns).toEqual([['a', 'b', 'poison', 'c', 'd'], ['a'], ['b', 'poison', 'c'], ['d']]);
  });

  it('of one caller is not run again', async () => {
    const { group, turns, tick } = grouping(poison);
    const caller = group.submit(['poison']);
    tick();
    expect(await settled([caller])).toEqual(['poisoned']);
    expect(turns).toHaveLength(1);
  });

  it('keeps nobody waiting: the next callers have their turn', async () => {
    const { group, tick } = grouping(poison);
    const first = group.submit(['poison']);
    tick();
    const second = group.submit(['a']);
    tick();
    expect(await settled([first, second])).toEqual(['poisoned', ['A']]);
  });
});

describe('a turn', () => {
  const commandsOf = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) => `${name}${index}`);

  it('takes whole callers up to its limit, and leaves the rest to the next macrotasks', async () => {
    const { group, turns, tasks, tick } = grouping(upper);
    const sizes = [GROUP_COMMANDS_MAX - 1, 1, 1, GROUP_COMMANDS_MAX, 2];
    const callers = sizes.map((size, caller) => group.submit(commandsOf(size, `${caller}-`)));
    tick();
    expect(tasks).toHaveLength(1);
    while (tasks.length > 0) tick();
    expect(turns.map((turn) => turn.length)).toEqual([GROUP_COMMANDS_MAX, 1, GROUP_COMMANDS_MAX, 2]);
    const answers = await Promise.all(callers);
    expect(answers.map((answer) => answer.length)).toEqual(sizes);
    expect(answers.map((answer) => answer[0])).toEqual(['0-0', '1-0', '2-0', '3-0', '4-0']);
  });

  it('takes one caller with more commands than its limit alone', async () => {
    const { group, turns, tasks, tick } = grouping(upper);
    const callers = [
      group.submit(['a']),
      group.submit(commandsOf(GROUP_COMMANDS_MAX + 1, 'x')),
      group.submit(['b']),
    ];
    while (tasks.length > 0) tick();
    expect(turns.map((turn) => turn.length)).toEqual([1, GROUP_COMMANDS_MAX + 1, 1]);
    expect((await Promise.all(callers)).map((answer) => answer.length)).toEqual([
      1,
      GROUP_COMMANDS_MAX + 1,
      1,
    ]);
  });
});
