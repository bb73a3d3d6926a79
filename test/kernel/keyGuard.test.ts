/** How a hub looks at the keys of services: whatever connections hang on one, the key is read once for each of its versions. */
import { describe, expect, it } from 'vitest';
import type { ServiceKeyState } from '../../actors/serviceKey/decider.ts';
import type { Attachment, Socket } from '../../workers/streams/connection.ts';
import { Hub } from '../../workers/streams/hub.ts';
import { Principals } from '../../workers/streams/principals.ts';
import type { WatchedActor } from '../../workers/streams/watches.ts';
import { hubDeps, storeOf } from '../support/streamWorld.ts';

const CONNECTIONS = 200;
const NOW = Date.parse('2026-11-21T12:00:00Z');
const KEY = { aggregateType: 'serviceKey', aggregateId: 'feed' } as const;

const active: ServiceKeyState = {
  status: 'ACTIVE',
  secretHash: 'hash',
  roles: ['auditor'],
  accounts: null,
  expiresAt: null,
  previous: null,
} as unknown as ServiceKeyState;

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A service's key whose calls a test counts, and hubs that are held to it. */
function world() {
  const key = { state: active, version: 1, reads: 0, watches: 0, failures: 0 };
  const actor: Pick<WatchedActor, 'watch' | 'read'> = {
    async watch() {
      key.watches++;
      return key.version;
    },
    async read() {
      key.reads++;
      key.failures--;
      if (key.failures >= 0) throw new Error('the object was reset');
      return { state: key.state, version: key.version, hash: '', recordedAt: 0 };
    },
  };
  const principals = new Principals(storeOf(new Map()));
  const principalKey = principals.keep('{"userId":"service:feed","roles":["auditor"]}');
  const clock = { now: () => NOW, after: () => undefined };
  const hub = () => new Hub(hubDeps({ clock, principals, actorOf: () => actor as WatchedActor }));
  const session = {
    connectionId: 'c',
    correlationId: 'r',
    principalKey,
    endsAt: NOW + 60_000,
    serviceKey: { keyId: KEY.aggregateId, secretHash: 'hash' },
  };
  return { key, hub, session };
}

class KeptSocket implements Socket {
  attachment = '';
  closed: number | undefined;

  send(): void {
    // What is sent is nobody's concern here.
  }

  close(code: number): void {
    this.closed = code;
  }

  serializeAttachment(value: string): void {
    this.attachment = value;
  }
}

const saved = (socket: KeptSocket) => [socket, JSON.parse(socket.attachment) as Attachment] as const;

describe('connections of one service', () => {
  it('that come one after the other have its key read once each, and not once for each that is there', async () => {
    const { key, hub, session } = world();
    const own = hub();
    for (let count = 0; count < CONNECTIONS; count++) {
      own.connect(new KeptSocket(), session);
      await settled();
    }
    expect(own.connections).toBe(CONNECTIONS);
    expect(key.reads).toBeLessThanOrEqual(CONNECTIONS);
    expect(key.watches).toBe(CONNECTIONS);
  });

  it('have it read once by a hub that wakes, once for each change, and all end when it is revoked', async () => {
    const { key, hub, session } = world();
    const sockets = Array.from({ length: CONNECTIONS }, () => new KeptSocket());
    const before = hub();
    for (const socket of sockets) before.connect(socket, session);
    await settled();
    Object.assign(key, { reads: 0, watches: 0 });

    const own = hub();
    own.restore(sockets.map(saved));
    await settled();
    expect(own.connections).toBe(CONNECTIONS);
    expect(key).toMatchObject({ reads: 1, watches: 1 });

    key.version = 2;
    own.notify({ ...KEY, fromVersion: 2, toVersion: 2, events: null });
    await settled();
    expect(key.reads).toBe(2);
    expect(own.connections).toBe(CONNECTIONS);

    Object.assign(key, { version: 3, state: { ...active, status: 'REVOKED' } });
    own.notify({ ...KEY, fromVersion: 3, toVersion: 3, events: null });
    await settled();
    expect(key.reads).toBe(3);
    expect(own.connections).toBe(0);
    expect(new Set(sockets.map(({ closed }) => closed))).toEqual(new Set([4001]));
  });

  it('outlive the restart of the key, and end where it cannot be looked at', async () => {
    const { key, hub, session } = world();
    const own = hub();
    own.connect(new KeptSocket(), session);
    await settled();
    key.failures = 1;
    own.notify({ ...KEY, fromVersion: 2, toVersion: 2, events: null });
    await settled();
    expect(own.connections).toBe(1);
    key.failures = 2;
    own.notify({ ...KEY, fromVersion: 3, toVersion: 3, events: null });
    await settled();
    expect(own.connections).toBe(0);
  });
});
