/** A socket of GraphQL waits for its reader, and leaves one that does not answer. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PacedSocket } from '../../workers/graphql/pacedSocket.ts';
import { RECEIPT_BYTES, RECEIPT_MS_MAX, UNCONFIRMED_BYTES_MAX } from '../../workers/streams/flow.ts';

interface Ping {
  readonly type: string;
  readonly payload: { readonly receipt: number };
}

function open() {
  const texts: string[] = [];
  const closed: { code: number; reason: string }[] = [];
  const socket = {
    send: (text: string) => texts.push(text),
    close: (code: number, reason: string) => closed.push({ code, reason }),
  };
  const paced = new PacedSocket(socket as unknown as WebSocket);
  const pings = () =>
    texts
      .filter((text) => text.startsWith('{"type":"ping"'))
      .map((text) => (JSON.parse(text) as Ping).payload);
  return { paced, texts, closed, pings };
}

const CHUNK = 'x'.repeat(RECEIPT_BYTES);
const CHUNKS_MAX = UNCONFIRMED_BYTES_MAX / RECEIPT_BYTES;

describe('a paced socket', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('pings every so many bytes, and sends no more than its reader has room for', async () => {
    const { paced, texts, pings } = open();
    const sends = Array.from({ length: CHUNKS_MAX + 2 }, () => paced.send(CHUNK));
    await Promise.all(sends.slice(0, CHUNKS_MAX));
    expect(texts.filter((text) => text === CHUNK)).toHaveLength(CHUNKS_MAX);
    expect(pings()).toHaveLength(CHUNKS_MAX);
    paced.pong(pings()[1]);
    await Promise.all(sends);
    expect(texts.filter((text) => text === CHUNK)).toHaveLength(CHUNKS_MAX + 2);
  });

  it('takes no pong that nobody asked for', async () => {
    const { paced, texts, pings } = open();
    const sends = Array.from({ length: CHUNKS_MAX + 1 }, () => paced.send(CHUNK));
    await Promise.all(sends.slice(0, CHUNKS_MAX - 1));
    paced.pong(pings()[0]);
    await Promise.all(sends);
    const late = paced.send(CHUNK);
    const ahead = (pings().at(-1)?.receipt ?? 0) + 1;
    for (const payload of [undefined, {}, { receipt: 'all' }, { receipt: ahead }, { receipt: -1 }]) {
      paced.pong(payload);
    }
    await Promise.resolve();
    expect(texts.filter((text) => text === CHUNK)).toHaveLength(CHUNKS_MAX + 1);
    paced.pong(pings()[1]);
    await late;
  });

  it.each([
    ['nothing', undefined],
    ['a payload of its own', { from: 'a client' }],
  ])('goes at the pace of a reader whose pongs have %s in them', async (_, payload) => {
    const { paced, texts, closed, pings } = open();
    let answered = 0;
    for (let chunk = 0; chunk < 3 * CHUNKS_MAX; chunk++) {
      await paced.send(CHUNK);
      await vi.advanceTimersByTimeAsync(RECEIPT_MS_MAX / 2);
      for (; answered < pings().length; answered++) paced.pong(payload);
    }
    for (let more = 0; more < CHUNKS_MAX; more++) paced.pong(payload);
    const sends = Array.from({ length: CHUNKS_MAX + 1 }, () => paced.send(CHUNK));
    await Promise.all(sends.slice(0, CHUNKS_MAX));
    expect(texts.filter((text) => text === CHUNK)).toHaveLength(4 * CHUNKS_MAX);
    paced.pong(payload);
    await Promise.all(sends);
    expect(closed).toEqual([]);
  });

  it('is closed where no pong comes for too long, and whoever waited to send is let go', async () => {
    const { paced, closed, texts } = open();
    const sends = Array.from({ length: CHUNKS_MAX + 1 }, () => paced.send(CHUNK));
    await vi.advanceTimersByTimeAsync(RECEIPT_MS_MAX - 1);
    expect(closed).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all(sends);
    expect(closed).toEqual([{ code: 4008, reason: expect.stringContaining('slow_consumer') }]);
    expect(texts.filter((text) => text === CHUNK)).toHaveLength(CHUNKS_MAX);
  });

  it('stays open for a reader that answers late but answers', async () => {
    const { paced, closed, pings } = open();
    for (let round = 0; round < 5; round++) {
      await paced.send(CHUNK);
      await vi.advanceTimersByTimeAsync(RECEIPT_MS_MAX - 1);
      paced.pong(pings().at(-1));
    }
    await vi.advanceTimersByTimeAsync(RECEIPT_MS_MAX * 2);
    expect(closed).toEqual([]);
  });

  it('sends nothing once it is closed, and is closed once', async () => {
    const { paced, closed, texts } = open();
    paced.close(1006, 'gone');
    paced.close(1000, 'again');
    await paced.send(CHUNK);
    expect([closed, texts]).toEqual([[{ code: 1000, reason: 'gone' }], []]);
  });
});
