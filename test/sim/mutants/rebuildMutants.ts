/** Deliberate bugs in rebuilding views beside the live ones. */
import type { Mutant } from './mutant.ts';

export const REBUILD_MUTANTS: readonly Mutant[] = [
  {
    name: 'positions-cleared-alone',
    breaks: 'Clearing a colour leaves its rows, and the rebuild writes them once more.',
    patches: [
      {
        file: 'queues/rebuild/rebuild.ts',
        find: '      clearable(table.name(idle), table.key, deps.portion(table.clearRows)),\n',
        replace: '',
      },
    ],
  },
  {
    name: 'building-view-gets-ahead',
    breaks: 'A view that is being rebuilt applies what the live one has not applied.',
    patches: [
      {
        file: 'queues/kernel/apply.ts',
        find: "target.role === 'live' ? UNBOUNDED : boundsOf(standing, target, key, moves)",
        replace: "target.role === 'live' ? UNBOUNDED : (boundsOf(standing, target, key, moves), UNBOUNDED)",
      },
    ],
  },
  {
    name: 'rebuilt-journal-cut-elsewhere',
    breaks: 'A rebuild cuts rows of the journal wherever its portions end.',
    patches: [
      {
        file: 'queues/rebuild/fill.ts',
        find: 'const last = own === undefined ? to : lastOf(way, to, own, index === 0);',
        replace: 'const last = to;',
      },
    ],
  },
  {
    name: 'revert-as-it-stands',
    breaks: 'Going back to what was live before shows it as it was then.',
    patches: [
      {
        file: 'queues/rebuild/rebuild.ts',
        find: "isRebuild ? 'CLEARING' : 'APPLYING'",
        replace: "isRebuild ? 'CLEARING' : 'SWITCHING'",
      },
      {
        file: 'queues/rebuild/switch.ts',
        find: '      ...building.flatMap((target) => levelGuard(target, exempt)),\n',
        replace: '',
      },
    ],
  },
  {
    name: 'rebuilt-journal-renumbered',
    breaks: 'Events of a rebuilt journal get new positions, so that readers of the feed meet them again.',
    patches: [
      {
        file: 'queues/projectors/journal.ts',
        find: "role === 'live' ? livePosition : buildingPosition(colour)",
        replace: "role === 'live' ? livePosition : livePosition || buildingPosition(colour)",
      },
    ],
  },
  {
    name: 'rebuild-step-not-guarded',
    breaks: 'Two calls that work on one rebuild do its steps twice and out of turn.',
    patches: [
      {
        file: 'queues/rebuild/job.ts',
        find: "'SELECT count(*) FROM rebuilds WHERE job = ? AND phase = ? AND cursor = ?'",
        replace: "'SELECT 1 WHERE ?1 <> ?2 OR ?3 IS NOT NULL'",
      },
    ],
  },
];
