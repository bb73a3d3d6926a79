/** Who is behind the sockets of a hub: stored once, and in memory only as long as somebody is connected. */
import { expect, it } from 'vitest';
import { createLogger } from '../../telemetry/logger.ts';
import { Hub } from '../../workers/streams/hub.ts';
import { IsolateHubs } from '../../workers/streams/isolateHubs.ts';
import { Principals } from '../../workers/streams/principals.ts';

it('a hub reads a caller once for all its sockets, and holds nobody in memory who has left', () => {
  const stored = new Map<string, string>();
  const reads: string[] = [];
  const principals = new Principals({
    get(key) {
      reads.push(key);
      return stored.get(key);
    },
    put: (key, value) => void stored.set(key, value),
    delete: (key) => void stored.delete(key),
    keys: () => stored.keys(),
  });
  const hub = new Hub({
    name: 'hub-0',
    clock: { now: () => 0, after: () => undefined },
    logger: createLogger('test', 'error', () => undefined),
    principals,
    hubs: new IsolateHubs(),
    limits: { takeRequest: () => 0, accountUnits: (_, wanted) => wanted, enter: () => undefined },
    denied: async () => undefined,
    actorOf: () => {
      throw new Error('nobody is asked for');
    },
    isToCome: async () => false,
  });
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
