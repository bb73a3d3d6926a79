/** Who is behind the sockets of a hub: stored once, and in memory only as long as somebody is connected. */
import { expect, it } from 'vitest';
import { Hub } from '../../workers/streams/hub.ts';
import { Principals } from '../../workers/streams/principals.ts';
import { hubDeps, storeOf } from '../support/streamWorld.ts';

it('a hub reads a caller once for all its sockets, and holds nobody in memory who has left', () => {
  const reads: string[] = [];
  const storage = storeOf(new Map());
  const principals = new Principals({
    ...storage,
    get(key) {
      reads.push(key);
      return storage.get(key);
    },
  });
  const hub = new Hub(hubDeps({ principals }));
  const principalKey = principals.keep('{"userId":"user:ada","roles":["trader"],"accounts":["a-1"]}');
  const socket = () => ({
    send: () => undefined,
    close: () => undefined,
    serializeAttachment: () => undefined,
  });
  const session = { connectionId: 'c', correlationId: 'r', principalKey, endsAt: 1 };
  const readsOf = (connect: () => void) => {
    reads.length = 0;
    connect();
    return reads.length;
  };
  const [first, second] = [socket(), socket()];
  expect(readsOf(() => hub.connect(first, session))).toBe(1);
  expect(readsOf(() => hub.connect(second, session))).toBe(0);
  hub.disconnect(first);
  expect(readsOf(() => hub.connect(first, session))).toBe(0);
  hub.disconnect(first);
  hub.disconnect(second);
  expect(readsOf(() => hub.connect(socket(), session))).toBe(1);
});
