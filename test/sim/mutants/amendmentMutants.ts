/** Deliberate bugs in what is said of trades later. */
import type { Mutant } from './mutant.ts';

const AMENDMENTS = 'actors/account/amendments.ts';
const HISTORY = 'actors/kernel/history.ts';
const REPLAY = 'actors/account/replay.ts';

export const AMENDMENT_MUTANTS: readonly Mutant[] = [
  {
    name: 'trades-of-the-turn-unseen',
    breaks: 'A correction takes no notice of trades that its own turn has booked.',
    patches: [
      {
        file: HISTORY,
        find: 'if (pending.length > 0) yield',
        replace: 'if (pending.length < 0) yield',
      },
    ],
  },
  {
    name: 'amendments-of-the-turn-unseen',
    breaks: 'A correction takes no notice of earlier ones in its own turn.',
    patches: [
      {
        file: HISTORY,
        find: '[...stored, ...pending]',
        replace: '[...stored, ...pending.slice(1)]',
      },
    ],
  },
  {
    name: 'replay-from-a-disputed-position',
    breaks: 'A replay begins with a recorded position that a later correction has changed.',
    patches: [
      {
        file: REPLAY,
        find: 'if (from <= version && version < to) version',
        replace: 'if (to < from) version',
      },
    ],
  },
  {
    name: 'cancelled-trade-replayed',
    breaks: 'A trade that was cancelled still counts when a later correction replays its symbol.',
    patches: [{ file: REPLAY, find: '    if (known === null) return;\n', replace: '' }],
  },
  {
    name: 'correction-of-the-first-terms',
    breaks:
      'A second correction is reckoned against what the trade was booked as, not against the first correction.',
    patches: [
      {
        file: AMENDMENTS,
        find: 'const terms = current ?? trade;',
        replace: 'const terms = trade ?? current;',
      },
    ],
  },
  {
    name: 'trade-row-not-amended',
    breaks: 'The view of trades goes on showing what a corrected trade was booked as.',
    patches: [
      {
        file: 'queues/projectors/trades.ts',
        find: "quantity = coalesce(change.value ->> 'quantity', trade.quantity)",
        replace: 'quantity = trade.quantity',
      },
    ],
  },
];
