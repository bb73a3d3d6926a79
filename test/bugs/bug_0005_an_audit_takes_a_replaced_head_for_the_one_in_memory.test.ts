/**
 * An audit answers with the head that the actor knows and follows the chain that is stored, and did not compare the two: a
 * newest event that was replaced together with its hash was reported as fine, under the hash of the event that is gone.
 */
import { expect, it } from 'vitest';
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { localCore } from '../support/localCore.ts';
import { type ToyState, toyDecider } from '../support/toyDecider.ts';

it('a replaced newest event is found by the actor that wrote the first one', async () => {
  const { core, world } = localCore<ToyState>(toyDecider);
  const add = (commandId: string) => ({ commandId, type: 'Add', data: { amount: 1 } });
  await core.execute([add('a'), add('b')], { userId: 'u', correlationId: 'c', causationId: null });
  const [before, last] = core.aggregate.log.readStored(1, 2);
  if (before === undefined || last === undefined) throw new Error('two events were written');
  const forged = { ...last, data: '{"amount":2}' };
  const hash = eventHash(before.hash, { aggregateType: 'toy', aggregateId: 'local', ...forged });
  world.storage.sql.exec('DROP TRIGGER events_no_update');
  world.storage.sql.exec('UPDATE events SET data = ?, hash = ? WHERE version = 2', forged.data, hash);
  expect(core.verify()).toMatchObject({
    ok: false,
    firstBadVersion: 2,
    eventsChecked: 1,
    headHash: last.hash,
  });
});
