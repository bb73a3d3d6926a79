import { expect, it } from 'vitest';
import { parkedOrder } from '../../queues/kernel/parked.ts';
import { AGGREGATE_TYPES } from '../../schemas/aggregates.ts';
import { VIEWS } from '../../schemas/tables/views.ts';
import { ParkedId, ParkedQuery } from '../../workers/http/routes/parked.ts';

/** The API took lower-case names and hyphens: things of `order_history` or of a `serviceKey` were listed and then called nonsense. */
it('every view can name what it has parked, and be asked for it', () => {
  for (const view of VIEWS) {
    for (const aggregateType of AGGREGATE_TYPES) {
      const id = `view.${parkedOrder({ view, aggregateType, aggregateId: 'a_B-1' })}`;
      expect(ParkedId.safeParse(id).success, id).toBe(true);
    }
    expect(ParkedQuery.safeParse({ where: view }).success, view).toBe(true);
  }
});
