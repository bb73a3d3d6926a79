/** What examples of operations are made of. */
import { eventIdText } from '../../../schemas/eventId.ts';

/** An operation's request and reply, as the API's description shows them. */
export interface Example {
  /** By media type. */
  readonly request?: Readonly<Record<string, unknown>>;
  readonly reply?: unknown;
}

/** A hash that nobody takes for a real one. */
export const hashOf = (digit: string) => digit.repeat(64);

/** Makes examples of commands to one aggregate: the event that the command led to is the one with this version. */
export function commandExample(aggregateId: string) {
  return (body: unknown, eventType: string, version: number, more: object = {}): Example => ({
    request: { 'application/json': body },
    reply: {
      aggregateId,
      version,
      events: [{ eventId: eventIdText(hashOf(String(version))), eventType, version }],
      ...more,
    },
  });
}
