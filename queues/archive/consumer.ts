/** The archive's consumer group: hands messages to the archivist and acks them once it has stored them. */
import { parseEventsMessage } from '../../schemas/message.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { QueueMessage } from '../kernel/consumer.ts';
import type { Arrival } from './archiveTables.ts';

/** Seconds before messages are delivered again that the archivist did not take. */
const RETRY_SECONDS = 30;

/** The world of the consumer. */
export interface ArchiveConsumerDeps {
  readonly logger: Logger;
  /** Stores messages with the archivist; false where it has no room. */
  accept(arrivals: readonly Arrival[]): Promise<boolean>;
}

/** All or none: what is handed over twice is recognised by its versions. */
export async function consumeForArchive(
  deps: ArchiveConsumerDeps,
  messages: readonly QueueMessage[],
): Promise<void> {
  const taken: { message: QueueMessage; arrival: Arrival }[] = [];
  for (const message of messages) {
    try {
      const text = message.body as string;
      const { fromVersion, toVersion } = parseEventsMessage(text);
      taken.push({ message, arrival: { text, events: toVersion - fromVersion + 1 } });
    } catch (error) {
      // It names no event, and this release will not read it however often: the dead letters keep it for another.
      const fields = { messageId: message.id, ...errorFields(error) };
      deps.logger.log('error', 'message is not an announcement', fields);
      message.retry({ delaySeconds: RETRY_SECONDS });
    }
  }
  if (taken.length === 0) return;
  const stored = await deps.accept(taken.map(({ arrival }) => arrival)).catch((error: unknown) => {
    deps.logger.log('warn', 'archivist does not answer', errorFields(error));
    return false;
  });
  for (const { message } of taken) {
    if (stored) message.ack();
    else message.retry({ delaySeconds: RETRY_SECONDS });
  }
}
