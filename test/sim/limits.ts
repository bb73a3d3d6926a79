/**
 * The product's limits as the simulation runs them: a thousandth of the real ones, so that a run of a few hundred events
 * pages, packs, snapshots and splits as often as a real aggregate does in its lifetime. Patched at load, by name.
 */
import type { Patch } from './patch.ts';

const limit = (file: string, name: string, value: number): Patch => ({
  file,
  find: new RegExp(`(?<=\\bconst ${name} = )[^;]+(?=;)`, 'g'),
  replace: String(value),
});

/** Aggregates that a sweep looks at. */
export const SWEEP_PAGE = 5;

/** Random bytes come from the seed. */
const seeded = (file: string): Patch => ({
  file,
  find: ", randomBytes } from 'node:crypto';\n",
  replace: " } from 'node:crypto';\nimport { randomBytes } from '../test/sim/model/randomBytes.ts';\n",
});

/** Every limit that is scaled down, and what else a run cannot leave to the machine. */
export const LIMITS: readonly Patch[] = [
  seeded('privacy/cipher.ts'),
  seeded('privacy/keyRing.ts'),
  // The release before all others (`model/before.ts`).
  {
    file: 'actors/kernel/turn.ts',
    find: 'schemaVersion: newestSchemaVersion(event.type),',
    replace:
      'schemaVersion: (this.#decider as any).schemaVersionOf?.(event.type) ?? newestSchemaVersion(event.type),',
  },
  limit('actors/kernel/snapshots.ts', 'SNAPSHOT_EVERY_EVENTS', 5),
  limit('actors/kernel/aggregate.ts', 'FOLD_PAGE_EVENTS', 3),
  limit('actors/kernel/eventLog.ts', 'TAIL_EVENTS_MAX', 7),
  limit('actors/kernel/groupCommit.ts', 'GROUP_COMMANDS_MAX', 5),
  limit('actors/kernel/outbox.ts', 'CARRIED_EVENTS_MAX', 4),
  limit('actors/kernel/outbox.ts', 'BATCH_BYTES_MAX', 4_500),
  limit('actors/kernel/messages.ts', 'MESSAGE_BYTES_MAX', 2_500),
  limit('actors/kernel/verify.ts', 'VERIFY_EVENTS_MAX', 7),
  limit('actors/kernel/effects.ts', 'EFFECTS_AT_A_TIME_MAX', 2),
  limit('queues/kernel/runner.ts', 'APPLY_EVENTS_MAX', 6),
  limit('queues/kernel/sweep.ts', 'SWEEP_PAGE', SWEEP_PAGE),
  limit('queues/projectors/journal.ts', 'ROW_UNITS_MAX', 1_500),
  limit('queues/rebuild/rebuild.ts', 'FILL_AGGREGATES_MAX', 2),
  limit('queues/rebuild/rebuild.ts', 'POSITION_ROWS', 3),
  limit('queues/rebuild/fill.ts', 'FILL_EVENTS_MAX', 6),
  limit('queues/rebuild/verify.ts', 'VERIFY_VERSIONS_MAX', 7),
  limit('queues/rebuild/verify.ts', 'COMPARED_VERSIONS_MAX', 4),
  limit('queues/rebuild/verify.ts', 'VERIFY_AGGREGATES_MAX', 2),
  limit('schemas/inventory.ts', 'RESERVATIONS_MAX', 8),
  limit('schemas/partition.ts', 'DIRECTORY_PARTS', 2),
  limit('schemas/partition.ts', 'SANDBOX_PARTS', 2),
];
