/**
 * An event that is too large for a queue message is announced without its data, and consumers read it from the log. The log
 * was packed into messages of the same size, so that it had no data there either: its views waited for ever.
 */
import { expect, it } from 'vitest';
import { MESSAGE_BYTES_MAX } from '../../actors/kernel/messages.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { localCore } from '../support/localCore.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

const context = { userId: 'u', correlationId: 'c', causationId: null };

it('what a message cannot carry can be read from the log', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  const text = 'x'.repeat(MESSAGE_BYTES_MAX);
  await core.execute([{ commandId: 'a', type: 'Note', data: { text } }], context);
  await core.alarm();
  expect(parseEventsMessage(world.sent[0] ?? '')).toMatchObject({ fromVersion: 1, toVersion: 1, events: [] });
  const [message] = core.messages(1, 10).map(parseEventsMessage);
  expect(message?.events).toMatchObject([{ version: 1, data: { text } }]);
});
