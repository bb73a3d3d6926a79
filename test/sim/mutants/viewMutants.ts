/** Deliberate bugs in consumers, projectors and the sweeper. */
import type { Mutant } from './mutant.ts';

const APPLY = 'queues/kernel/apply.ts';
const POSITIONS = 'queues/kernel/positions.ts';
const SWEEP = 'queues/kernel/sweep.ts';

export const VIEW_MUTANTS: readonly Mutant[] = [
  {
    name: 'no-gap-check',
    breaks: 'A consumer applies what a message carries, whatever is missing before it.',
    patches: [
      {
        file: 'queues/kernel/announcement.ts',
        find: '        await this.#repair(deps, version, to - version + 1);\n',
        replace:
          '        if (this.#messages.some(({ fromVersion, events }) => events.length > 0 && fromVersion > version)) version++;\n' +
          '        else await this.#repair(deps, version, to - version + 1);\n',
      },
      {
        file: 'queues/kernel/announcement.ts',
        find: '    return { key: this.key, events };\n',
        replace:
          "    if (events.length === 0) throw new Error('nothing came along');\n    return { key: this.key, events };\n",
      },
      { file: APPLY, find: ' || from + 1 < (events[0]?.version ?? 0)', replace: '' },
    ],
  },
  {
    name: 'duplicates-applied-again',
    breaks: 'A view that is ahead of the others applies events a second time.',
    patches: [{ file: APPLY, find: '    if (event.version <= from) continue;\n', replace: '' }],
  },
  {
    name: 'no-claim-guard',
    breaks: 'Two consumers that race both apply a range.',
    patches: [
      { file: POSITIONS, find: 'SELECT ?3 = (SELECT count(*)', replace: 'SELECT ?3 >= (SELECT 0 * count(*)' },
    ],
  },
  {
    name: 'poison-dropped',
    breaks: 'An event that a view cannot take is skipped instead of parked.',
    patches: [
      {
        file: APPLY,
        find: '          whole.poison.push({ target, event, error });\n          return false;',
        replace: '          return error !== null;',
      },
    ],
  },
  {
    name: 'parked-aggregate-goes-on',
    breaks: 'A view applies what comes after the event that it could not take.',
    patches: [
      {
        file: APPLY,
        find: 'const from = position?.version ?? 0;\n  if (position?.parkedVersion != null || ',
        replace: 'const from = position?.parkedVersion ?? position?.version ?? 0;\n  if (',
      },
      {
        file: POSITIONS,
        find: 'WHERE view_positions.version = excluded.previous AND parked_version IS NULL',
        replace: 'WHERE true',
      },
    ],
  },
  {
    name: 'failed-batch-acked',
    breaks: 'Messages are acked although their database did not answer, and the sweeper repairs nothing.',
    patches: [
      {
        file: 'queues/kernel/consumer.ts',
        find: '} else message.retry({ delaySeconds: retryDelaySeconds(first, message.attempts, deps.chance()) });',
        replace: '} else message.ack();',
      },
      {
        file: SWEEP,
        find: 'if (behind.length > 0) await repair(',
        replace: 'if (behind.length < 0) await repair(',
      },
    ],
  },
  {
    name: 'dead-owner-blocks-the-sweep',
    breaks: 'An aggregate that does not answer keeps the sweeper from all others of its page.',
    patches: [{ file: SWEEP, find: '    return [];\n', replace: '    throw error;\n' }],
  },
  {
    name: 'sweep-skips-pages',
    breaks: 'The sweeper begins anew after every page.',
    patches: [{ file: SWEEP, find: 'entries.at(-1) ?? null', replace: 'null' }],
  },
  {
    name: 'large-event-never-read',
    breaks: 'An event that is too large for a message cannot be read from the log either.',
    patches: [
      {
        file: 'actors/kernel/messages.ts',
        find: 'LOG_MESSAGE_BYTES_MAX = 8_000_000',
        replace: 'LOG_MESSAGE_BYTES_MAX = MESSAGE_BYTES_MAX',
      },
    ],
  },
];
