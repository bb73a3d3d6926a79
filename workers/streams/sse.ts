/** Server-Sent Events (HTML, 9.2): a response body that takes the next event when its reader has taken the one before. */

/** Between comments that show the connection to whatever lies between it and the reader. */
const COMMENT_MS = 15_000;

/**
 * Headers of such a body. What lies between it and its reader would else gather it, or compress it and wait for more: nginx, which
 * others understand as well, is told by a name of its own.
 */
export const EVENT_STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
} as const;

const encoder = new TextEncoder();

/** An event, or what a browser is told of how to connect again. Data has no line breaks, as no JSON text need have. */
export type Event =
  | { readonly retry: number }
  | { readonly id?: string; readonly event: string; readonly data: string };

/** The body made of the events that `next` answers, until it answers none. `onEnd` is called once it is over. */
export function eventBody(
  next: () => Promise<Event | undefined>,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  let comments: ReturnType<typeof setInterval>;
  let isOver = false;
  const end = () => {
    isOver = true;
    clearInterval(comments);
    onEnd();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      comments = setInterval(() => controller.enqueue(encoder.encode(':\n\n')), COMMENT_MS);
    },
    async pull(controller) {
      const event = await next();
      // The reader left meanwhile.
      if (isOver) return;
      if (event !== undefined) {
        controller.enqueue(encoder.encode(eventText(event)));
        return;
      }
      end();
      controller.close();
    },
    cancel: end,
  });
}

function eventText(event: Event): string {
  if ('retry' in event) return `retry: ${event.retry}\n\n`;
  const id = event.id === undefined ? '' : `id: ${event.id}\n`;
  return `${id}event: ${event.event}\ndata: ${event.data}\n\n`;
}
