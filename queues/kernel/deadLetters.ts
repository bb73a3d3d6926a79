/**
 * Messages that used up their deliveries: tried a last time, which tells why they died, and then kept as references into
 * the owners' logs. An operator has them delivered again from there. No Cloudflare import: the simulation runs this module.
 */
import type { DeadLetter } from '../../schemas/deadLetter.ts';
import { type EventsMessage, parseEventsMessage } from '../../schemas/message.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { QueueMessage } from './consumer.ts';
import { type AggregateKey, keyOf } from './positions.ts';

/** Events read from a log and delivered again in one step, whose end is remembered. */
export const REDELIVER_EVENTS = 500;

/** Characters of a reason that are kept. */
const REASON_LENGTH_MAX = 1_000;

/** Why a text is parked that names no range. What it says is not repeated: the log carries no data. */
const UNREADABLE = 'the text is no message of the outbox';

/** Seconds before letters are given to their keeper again that did not take them. */
const RETRY_SECONDS = 30;

/** Where letters are kept (actors/deadLetters). */
export interface DeadLetterStore {
  park(letters: readonly DeadLetter[]): void | Promise<void>;
  advance(letterId: string, from: number, next: number): void | Promise<void>;
  remove(letterId: string, from: number | null, to: number | null): void | Promise<void>;
}

/** The world of dead letters. */
export interface DeadLetterDeps {
  readonly store: DeadLetterStore;
  readonly logger: Logger;
  /** Hands texts of messages to a consumer group; resolves once it has taken them, throws where it does not. */
  deliver(group: string, texts: readonly string[]): Promise<void>;
  /** Reads an owner's log as texts of messages, at most about `limit` events; none at its end. */
  readLog(key: AggregateKey, fromVersion: number, limit: number): Promise<string[]>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** What the messages of one aggregate in a batch say together. */
interface Died {
  readonly letter: DeadLetter;
  readonly texts: readonly string[];
  readonly messages: readonly QueueMessage[];
}

/** Takes a batch of a group's dead letter queue. Whatever cannot be delivered now is kept before it is acked. */
export async function consumeDead(
  deps: DeadLetterDeps,
  group: string,
  messages: readonly QueueMessage[],
): Promise<void> {
  const tried = await Promise.all(diedOf(deps, group, messages).map((died) => lastDelivery(deps, died)));
  const letters = tried.flatMap(({ letter }) => letter ?? []);
  try {
    if (letters.length > 0) await deps.store.park(letters);
  } catch (error) {
    deps.logger.log('error', 'dead letters not kept', {
      group,
      letters: letters.length,
      ...errorFields(error),
    });
    for (const { letter, died } of tried) {
      if (letter !== undefined)
        for (const message of died.messages) message.retry({ delaySeconds: RETRY_SECONDS });
    }
  }
  for (const message of messages) message.ack();
}

async function lastDelivery(deps: DeadLetterDeps, died: Died): Promise<{ died: Died; letter?: DeadLetter }> {
  const { letter, texts } = died;
  if (letter.text === null) {
    try {
      await deps.deliver(letter.group, texts);
      return { died };
    } catch (error) {
      return { died, letter: kept(deps, letter, reasonOf(error)) };
    }
  }
  return { died, letter: kept(deps, letter, letter.reason) };
}

function kept({ logger }: DeadLetterDeps, letter: DeadLetter, reason: string): DeadLetter {
  const { letterId, group, aggregateType, aggregateId, fromVersion, toVersion } = letter;
  const about =
    aggregateType === null || aggregateId === null
      ? {}
      : { aggregateType, aggregateId, fromVersion, toVersion };
  logger.log('error', 'delivery given up', { group, parked: letterId, ...about, reason });
  return { ...letter, reason };
}

/** By aggregate, so that messages about one are delivered together and in order. */
function diedOf(deps: DeadLetterDeps, group: string, messages: readonly QueueMessage[]): Died[] {
  const unread: Died[] = [];
  const byKey = new Map<string, { announcement: EventsMessage; text: string; message: QueueMessage }[]>();
  for (const message of messages) {
    const text = String(message.body);
    try {
      const announcement = parseEventsMessage(text);
      const key = keyOf(announcement);
      byKey.set(key, [...(byKey.get(key) ?? []), { announcement, text, message }]);
    } catch {
      unread.push({
        letter: unreadable(deps, group, message.id, text),
        texts: [text],
        messages: [message],
      });
    }
  }
  const read = [...byKey.values()].map((found): Died => {
    const [{ announcement }] = found as [(typeof found)[number]];
    const { aggregateType, aggregateId } = announcement;
    const letter: DeadLetter = {
      letterId: `${group}.${aggregateType}.${aggregateId}`,
      group,
      aggregateType,
      aggregateId,
      fromVersion: Math.min(...found.map((each) => each.announcement.fromVersion)),
      toVersion: Math.max(...found.map((each) => each.announcement.toVersion)),
      text: null,
      reason: '',
      parkedAt: deps.now(),
    };
    return { letter, texts: found.map(({ text }) => text), messages: found.map(({ message }) => message) };
  });
  return [...read, ...unread];
}

function unreadable({ now }: DeadLetterDeps, group: string, messageId: string, text: string): DeadLetter {
  return {
    letterId: `${group}.text.${messageId.replace(/[^A-Za-z0-9_-]/g, '-')}`,
    group,
    aggregateType: null,
    aggregateId: null,
    fromVersion: null,
    toVersion: null,
    text,
    reason: UNREADABLE,
    parkedAt: now(),
  };
}

/** What delivering a letter again came to: `RESUMING` where time was up first, and the next call goes on from there. */
export interface Redelivered {
  readonly status: 'RESUMED' | 'RESUMING' | 'PARKED';
  /** Everything before and including this version was taken; null for a text that names no range. */
  readonly version: number | null;
  /** Why it is parked still. */
  readonly reason: string | null;
}

/** Delivers what a letter names from its owner's log, step by step, until all of it is taken or `isOver`. */
export async function redeliver(
  deps: DeadLetterDeps,
  letter: DeadLetter,
  isOver: () => boolean,
): Promise<Redelivered> {
  const { letterId, group, aggregateType, aggregateId, fromVersion, toVersion, text } = letter;
  if (aggregateType === null || aggregateId === null || fromVersion === null || toVersion === null) {
    return redeliverText(deps, letter, text ?? '');
  }
  let from = fromVersion;
  try {
    while (from <= toVersion) {
      if (from > fromVersion && isOver()) return { status: 'RESUMING', version: from - 1, reason: null };
      const texts = await deps.readLog({ aggregateType, aggregateId }, from, REDELIVER_EVENTS);
      const last = texts.at(-1);
      if (last === undefined) throw new Error(`the log ends before version ${from}`);
      await deps.deliver(group, texts);
      const next = parseEventsMessage(last).toVersion + 1;
      if (next <= toVersion) await deps.store.advance(letterId, from, next);
      else await deps.store.remove(letterId, from, toVersion);
      from = next;
    }
    return { status: 'RESUMED', version: from - 1, reason: null };
  } catch (error) {
    const reason = reasonOf(error);
    await deps.store.park([{ ...letter, fromVersion: from, reason }]);
    return { status: 'PARKED', version: from - 1, reason };
  }
}

/** A later release may read what this one could not. */
async function redeliverText(deps: DeadLetterDeps, letter: DeadLetter, text: string): Promise<Redelivered> {
  const { letterId, group, fromVersion, toVersion } = letter;
  if (!isReadable(text)) return { status: 'PARKED', version: null, reason: UNREADABLE };
  try {
    await deps.deliver(group, [text]);
    await deps.store.remove(letterId, fromVersion, toVersion);
    return { status: 'RESUMED', version: null, reason: null };
  } catch (error) {
    return { status: 'PARKED', version: null, reason: reasonOf(error) };
  }
}

function isReadable(text: string): boolean {
  try {
    parseEventsMessage(text);
    return true;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, REASON_LENGTH_MAX);
}
