/**
 * A subscription as Server-Sent Events (HTML, 9.2): a socket to a hub with one subscription, its frames told as events. So
 * what holds for a stream holds here. The next frame is taken when the response has room for it, which makes the reader's pace
 * that of the subscription.
 */
import { FeedEnded } from './feed.ts';
import type { ServerFrame } from './frames.ts';
import { HubClient, type Wanted } from './hubClient.ts';
import type { FrameError } from './incoming.ts';
import { type Event, eventBody } from './sse.ts';

/** Pause after which a browser connects again, milliseconds. */
const RECONNECT_MS = 1_000;

/** The body of the response, or why there is none. */
export type EventStream =
  | { readonly ok: true; readonly body: ReadableStream<Uint8Array> }
  | { readonly ok: false; readonly error: FrameError };

/** Subscribes over a socket that a hub has opened, and answers when the subscription has begun or was refused. */
export async function eventStream(socket: WebSocket, wanted: Wanted): Promise<EventStream> {
  const client = new HubClient(socket);
  const begun = await client.subscribe(wanted, 'events');
  if (!begun.ok) {
    client.close();
    return begun;
  }
  const { frame, feed } = begun;
  const first: Event[] = [{ retry: RECONNECT_MS }, { event: 'subscribed', data: JSON.stringify(frame) }];
  let version = frame.afterVersion;
  const next = async (): Promise<Event | undefined> => {
    const early = first.shift();
    if (early !== undefined) return early;
    try {
      const arrival = await feed.next();
      if (arrival.done === true) return undefined;
      const { frame: page, text } = arrival.value;
      version = page.version;
      return { id: String(version), event: page.type, data: text };
    } catch (error) {
      // Told why; the reader connects again and goes on where it was.
      if (error instanceof FeedEnded) return endedEvent(error, version);
      throw error;
    }
  };
  return { ok: true, body: eventBody(next, () => client.close()) };
}

function endedEvent({ error: { code, detail } }: FeedEnded, version: number): Event {
  const frame: ServerFrame = { type: 'ended', id: 'events', code, detail, version };
  return { event: frame.type, data: JSON.stringify(frame) };
}
