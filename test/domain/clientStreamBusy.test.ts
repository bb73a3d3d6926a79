/** Commands over a stream of the typed client to a platform that is too busy to begin with them. */
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FolioProblem, FolioUnreachable } from '../../client/index.ts';
import { command, MadeUpPlatform, refusing } from '../support/madeUpPlatform.ts';

const seed = Number(process.env.CLIENT_STREAM_SEED ?? Date.now() % 2 ** 31);
console.log(`busy client stream: CLIENT_STREAM_SEED=${seed}`);

describe('commands that the platform is too busy to begin with', () => {
  it('go again after as long as it asks, before those that came meanwhile', async () => {
    const platform = new MadeUpPlatform();
    let left = 2;
    platform.answersWith = refusing(() => left-- > 0, 'too_many_in_flight', 2);
    const stream = platform.client.stream();
    const first = [0, 1, 2, 3, 4, 5, 6].map((index) => stream.command(command(`c-${index}`)));
    await vi.waitFor(() => expect(platform.pauses).not.toHaveLength(0));
    const later = stream.command(command('later'));
    for (const { status } of await Promise.all([...first, later])) expect(status).toBe('accepted');
    expect(platform.log).toEqual(['c-0', 'c-1', 'c-2', 'c-3', 'c-4', 'c-5', 'c-6', 'later']);
    expect(platform.pauses).toEqual([2_000, 2_000]);
    stream.close();
  });

  it('reject with the reason in the end', async () => {
    const platform = new MadeUpPlatform();
    platform.answersWith = refusing(() => true, 'overloaded');
    const stream = platform.client.stream();
    await expect(stream.command(command('c'))).rejects.toMatchObject({ code: 'overloaded' });
    expect(platform.pauses).toHaveLength(7);
    platform.answersWith = undefined;
    expect(await stream.command(command('d'))).toMatchObject({ status: 'accepted' });
    stream.close();
  });

  it('run in the order in which they were given, also where the connection breaks before it says so', async () => {
    const platform = new MadeUpPlatform();
    // Two frames are sent, and nobody hears that the first was turned away.
    platform.breaks = [1];
    let sent = 0;
    platform.answersWith = refusing(() => ++sent === 1, 'overloaded');
    const stream = platform.client.stream();
    const ids = Array.from({ length: 6 }, (_, index) => `c-${index}`);
    const results = await Promise.all(ids.map((id) => stream.command(command(id))));
    expect(results.map(({ status }) => status)).toEqual(ids.map(() => 'accepted'));
    expect(platform.log).toEqual(ids);
    stream.close();
  });

  it('hold back those that are under way, whatever aggregate they are for, and reject with why they were turned away', async () => {
    const platform = new MadeUpPlatform();
    platform.answersWith = refusing(
      ({ commands }) => JSON.stringify(commands).includes('c-1'),
      'overloaded',
      3,
    );
    const stream = platform.client.stream();
    const ends = ['c-0', 'c-1', 'c-2', 'c-3', 'c-4', 'c-5'].map((id) =>
      stream.command(command(id)).catch(({ code }: FolioProblem) => code),
    );
    expect(await Promise.all(ends)).toEqual(ends.map(() => 'overloaded'));
    expect(platform.log).toEqual([]);
    expect(platform.pauses).toEqual(Array(7).fill(3_000));
    stream.close();
  });

  it('reject with how often an answer to them was awaited, however often no connection was there', async () => {
    const platform = new MadeUpPlatform();
    platform.breaks = [0, -1, -1, -1];
    let sent = 0;
    platform.answersWith = refusing(() => sent++ > 0, 'overloaded');
    const stream = platform.client.stream();
    const failure = await stream.command(command('c')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FolioUnreachable);
    expect(failure).toMatchObject({ attempts: 2, cause: { code: 'overloaded' } });
    stream.close();
  });

  it('go once over a connection that is made while they wait to be sent again', async () => {
    const platform = new MadeUpPlatform();
    const seconds = 8;
    let isOver = false;
    platform.answersWith = refusing(() => platform.sockets.length === 1, 'overloaded', seconds);
    const stream = platform.client.stream();
    const result = stream.command(command('c'));
    await vi.waitFor(() => expect(platform.pauses).toContain(seconds * 1_000));
    // Over the next one nothing is answered until the pause is over.
    platform.answersWith = ({ type, id }) =>
      type === 'commands' && !isOver ? { type: 'unsubscribed', id } : undefined;
    platform.sockets[0]?.break();
    await vi.waitFor(() => expect(platform.sockets[1]?.received).toHaveLength(1));
    await platform.pause(seconds * 1_000);
    isOver = true;
    expect(platform.sockets[1]?.received).toHaveLength(1);
    platform.sockets[1]?.break();
    expect(await result).toMatchObject({ status: 'accepted' });
    stream.close();
  });

  it('are run once in the order of their aggregate or reject, whatever is refused', async () => {
    const given = fc.record({
      // Of which aggregate each is, and whether it is given in a later turn.
      commands: fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.boolean()), { minLength: 1, maxLength: 30 }),
      breaks: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 3 }),
      turns: fc.array(fc.boolean(), { maxLength: 20 }),
    });
    const property = fc.asyncProperty(given, async ({ commands, breaks, turns }) => {
      const platform = new MadeUpPlatform();
      platform.breaks = [...breaks];
      const busy = [...turns];
      platform.answersWith = refusing(() => busy.shift() === true, 'too_many_in_flight');
      const ends = await endsOf(platform, commands);
      const ran = new Set(platform.log);
      for (const [id, end] of ends) {
        if (end === 'run') expect(ran).toContain(id);
        else if (end instanceof FolioProblem) expect(ran).not.toContain(id);
        else expect(end).toBeInstanceOf(FolioUnreachable);
      }
      for (const aggregate of ['a', 'b']) {
        const places = platform.log.filter((id) => id.startsWith(aggregate)).map((id) => Number(id.slice(2)));
        expect(places).toEqual([...places].sort((one, other) => one - other));
      }
    });
    await fc.assert(property, { seed, numRuns: 100 });
  });
});

/** Gives the commands to a stream, one after another, and answers what each came to. */
async function endsOf(
  platform: MadeUpPlatform,
  commands: readonly (readonly [aggregateId: string, isLater: boolean])[],
): Promise<readonly (readonly [id: string, end: unknown])[]> {
  const stream = platform.client.stream();
  const ends: Promise<readonly [string, unknown]>[] = [];
  for (const [index, [aggregateId, isLater]] of commands.entries()) {
    if (isLater) await new Promise((resolve) => setTimeout(resolve));
    const id = `${aggregateId}-${index}`;
    const result = stream.command({ ...command(id), aggregateId });
    ends.push(
      result.then(
        () => [id, 'run'] as const,
        (error: unknown) => [id, error] as const,
      ),
    );
  }
  const all = await Promise.all(ends);
  stream.close();
  return all;
}
