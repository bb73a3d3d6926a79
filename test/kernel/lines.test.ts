/** What subscriptions have on their way: as much as a connection's line carries in a moment, so that results do not wait for long. */
import { describe, expect, it } from 'vitest';
import type { ServerFrame } from '../../workers/streams/frames.ts';
import { StreamWorld, WorldActor, WorldHub, type WorldSocket } from '../support/streamWorld.ts';

/** A client behind a line that carries so many characters a second, one frame after the other. */
class DistantClient {
  /** Milliseconds that the results of each frame took. */
  readonly waits: number[] = [];
  events = 0;
  characters = 0;
  /** Called where a frame is answered. */
  onAnswer: () => void = () => undefined;
  readonly #world: StreamWorld;
  readonly #hub: WorldHub;
  readonly #socket: WorldSocket;
  readonly #sent = new Map<string, number>();
  #charactersAMs: number;
  #freeAt = 0;

  constructor(world: StreamWorld, hub: WorldHub, charactersASecond: number) {
    [this.#world, this.#hub, this.#charactersAMs] = [world, hub, charactersASecond / 1_000];
    this.#socket = hub.connect();
    this.#socket.onFrame = (frame) => {
      const { length } = JSON.stringify(frame);
      this.#freeAt = Math.max(this.#freeAt, world.now) + length / this.#charactersAMs;
      world.after(() => this.#take(frame, length), this.#freeAt - world.now);
    };
  }

  follow(aggregateId: string): void {
    const wanted = { topic: 'events', aggregateType: 'account', aggregateId, afterVersion: 0 };
    this.#say({ type: 'subscribe', id: 's', ...wanted });
  }

  /** Sends a frame of commands, none of which can be run: each result says so at some length. */
  command(count = 1): void {
    const id = `c-${this.#sent.size}`;
    this.#sent.set(id, this.#world.now);
    this.#say({ type: 'commands', id, commands: Array(count).fill({}) });
  }

  isNow(charactersASecond: number): void {
    this.#charactersAMs = charactersASecond / 1_000;
  }

  #say(frame: object): void {
    this.#hub.hub.message(this.#socket, JSON.stringify(frame));
  }

  #take(frame: ServerFrame, length: number): void {
    this.characters += length;
    if (frame.type === 'receiptRequested') this.#say({ type: 'receipt', receipt: frame.receipt });
    if (frame.type === 'events') this.events += frame.events.length;
    if (frame.type === 'results') this.waits.push(this.#world.now - (this.#sent.get(frame.id) as number));
    if (frame.type === 'results' || frame.type === 'error') this.onAnswer();
  }
}

/** A client that follows a long log over its line, and sends a command every half a second for a while. */
async function followed(charactersASecond: number, seconds: number) {
  const world = new StreamWorld(21);
  const actor = new WorldActor(world, 'a', 500);
  actor.commit(20_000);
  const client = new DistantClient(world, new WorldHub(world, 'hub-0'), charactersASecond);
  client.follow('a');
  for (let half = 0; half < 2 * seconds; half++) {
    await world.settle(500);
    client.command();
  }
  return { world, client };
}

describe('results behind what is followed', () => {
  it.each([50_000, 100_000, 400_000])(
    'wait a moment, and the line is used: %i characters a second',
    async (charactersASecond) => {
      const { client } = await followed(charactersASecond, 20);
      expect(client.waits.length).toBeGreaterThan(30);
      // What the line carries has to be found out first.
      expect(Math.max(...client.waits.slice(6))).toBeLessThan(1_500);
      expect(client.characters).toBeGreaterThan(0.9 * 20 * charactersASecond);
    },
  );

  it('wait a moment also once the line has become slower, and as much comes as before once it is fast again', async () => {
    const { world, client } = await followed(2_000_000, 3);
    client.isNow(50_000);
    for (let half = 0; half < 60; half++) {
      await world.settle(500);
      client.command();
    }
    expect(Math.max(...client.waits.slice(-8))).toBeLessThan(1_500);
    client.isNow(2_000_000);
    const before = client.characters;
    await world.settle(2_000);
    expect(client.characters - before).toBeGreaterThan(1_000_000);
  });
});

describe('what is followed behind results', () => {
  it('comes on, though a client fills its line with commands and sends each refused one again at once', async () => {
    const { world, client } = await followed(100_000, 1);
    client.onAnswer = () => client.command(200);
    for (let frame = 0; frame < 40; frame++) client.command(200);
    await world.settle(60_000);
    const before = client.events;
    await world.settle(60_000);
    // A tenth of what the line carries, at least.
    expect((client.events - before) * 500).toBeGreaterThan(0.1 * 60 * 100_000);
  });
});
