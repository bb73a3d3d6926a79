/** Ids of GraphQL operations that are used again: each operation ends before the next of its id begins. */
import { describe, expect, it } from 'vitest';
import { OperationIds } from '../../workers/graphql/operationIds.ts';

const subscribe = (n: number, id = 'a') => JSON.stringify({ type: 'subscribe', id, payload: { n } });
const complete = (id = 'a') => JSON.stringify({ type: 'complete', id });

/** What was taken, in short; operations end when a test says so. */
function world() {
  const taken: string[] = [];
  const inUse: string[] = [];
  const ends: (() => void)[] = [];
  const ids = new OperationIds(
    (text) => {
      const { type, id, payload } = JSON.parse(text) as Record<string, string> & { payload?: { n: number } };
      taken.push(`${type} ${id}${payload?.n ?? ''}`);
      return type === 'subscribe' ? new Promise((resolve) => ends.push(resolve)) : Promise.resolve();
    },
    (id) => inUse.push(id),
  );
  const send = async (...texts: string[]) => {
    for (const text of texts) void ids.take(text);
    await new Promise((resolve) => setTimeout(resolve));
  };
  const end = async () => {
    ends.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { taken, inUse, send, end };
}

describe('an id', () => {
  it('that was completed names the next operation once the one before has ended', async () => {
    const { taken, send, end } = world();
    await send(subscribe(1), complete(), subscribe(2));
    expect(taken).toEqual(['subscribe a1', 'complete a']);
    await end();
    expect(taken.slice(2)).toEqual(['subscribe a2']);
    await send(complete());
    await end();
    await send(subscribe(3));
    expect(taken.slice(3)).toEqual(['complete a', 'subscribe a3']);
  });

  it('begins none of the operations that were completed before their turn', async () => {
    const { taken, send, end } = world();
    for (let n = 1; n <= 20; n++) await send(subscribe(n), complete());
    await send(subscribe(21));
    await end();
    expect(taken).toEqual(['subscribe a1', 'complete a', 'subscribe a21']);
  });

  it('of an operation that goes on is not free, nor of one that waits', async () => {
    const { inUse, send } = world();
    await send(subscribe(1), subscribe(2), subscribe(1, 'b'), complete('b'), subscribe(2, 'b'));
    expect(inUse).toEqual(['a']);
    await send(subscribe(3, 'b'));
    expect(inUse).toEqual(['a', 'b']);
  });

  it('is none of the business of other messages', async () => {
    const { taken, send } = world();
    await send(subscribe(1), complete('b'), JSON.stringify({ type: 'ping' }), subscribe(1, 'b'));
    expect(taken).toEqual(['subscribe a1', 'complete b', 'ping undefined', 'subscribe b1']);
  });
});
