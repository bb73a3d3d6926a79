/**
 * A decision was folded as it was made, its keys in whatever order, and after an eviction as the log has it: an order's JSON had other
 * bytes then, under the same strong ETag.
 */
import { expect, it } from 'vitest';
import { Aggregate } from '../../actors/kernel/aggregate.ts';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import { orderDecider } from '../../actors/order/decider.ts';
import { confirm, place, ship } from '../support/order.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

it('has the same before and after', () => {
  const storage = sqliteStorage();
  const awake = () => new Aggregate(storage, orderDecider as AnyDecider, 'o-1');
  const before = awake();
  const texts = [place(), confirm, ship()].map((command, index) => {
    const context = { userId: 'u', correlationId: 'c', causationId: null };
    const envelope = { ...command, commandId: `c-${index}` };
    const [verdict] = before.execute([{ command: envelope, context }], index + 1);
    expect(verdict).toMatchObject({ status: 'accepted' });
    const after = awake();
    expect(JSON.stringify(after.current().state)).toBe(JSON.stringify(before.current().state));
    return JSON.stringify(after.current().state);
  });
  expect(new Set(texts).size).toBe(3);
});
