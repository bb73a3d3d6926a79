/** Deliberate bugs in deciding, storing and remembering. */
import type { Mutant } from './mutant.ts';

const AGGREGATE = 'actors/kernel/aggregate.ts';
const GROUP = 'actors/kernel/groupCommit.ts';
const SNAPSHOTS = 'actors/kernel/snapshots.ts';
const TURN = 'actors/kernel/turn.ts';

export const KERNEL_MUTANTS: readonly Mutant[] = [
  {
    name: 'no-dedupe-by-command-id',
    breaks: 'A repeated command is decided again.',
    patches: [
      {
        file: TURN,
        find: 'if (earlier !== undefined) return this.#repeat(',
        replace: 'if (earlier === null) return this.#repeat(',
      },
      {
        file: 'actors/kernel/eventLog.ts',
        find: 'CREATE UNIQUE INDEX events_command',
        replace: 'CREATE INDEX events_command',
      },
    ],
  },
  {
    name: 'no-dedupe-by-resource-id',
    breaks: 'A trade under another command id is executed again.',
    patches: [
      { file: TURN, find: 'if (created !== undefined) return', replace: 'if (created === null) return' },
      {
        file: 'actors/kernel/eventLog.ts',
        find: "'INSERT INTO resources VALUES (?, ?)'",
        replace: "'INSERT OR REPLACE INTO resources VALUES (?, ?)'",
      },
    ],
  },
  {
    name: 'body-fingerprint-ignored',
    breaks: 'An old command id with another body is answered as if it were a repeat.',
    patches: [
      { file: TURN, find: 'earlier.fingerprint !== fingerprint', replace: 'earlier.fingerprint === null' },
    ],
  },
  {
    name: 'expected-version-ignored',
    breaks: 'A command runs although the version is not the one it expects.',
    patches: [
      {
        file: TURN,
        find: 'command.expectedVersion !== this.#fold.version)',
        replace: 'command.expectedVersion > this.#fold.version)',
      },
    ],
  },
  {
    name: 'replay-answers-one-event',
    breaks: 'The answer to a repeat has only the first event of the command.',
    patches: [{ file: TURN, find: '.at(-1)?.version;', replace: '.at(0)?.version;' }],
  },
  {
    name: 'memory-ahead-of-storage',
    breaks: 'A throw leaves the half-changed state in memory.',
    patches: [
      { file: AGGREGATE, find: '    this.#fold = undefined;\n    const turn', replace: '    const turn' },
      {
        file: AGGREGATE,
        find: '    this.#fold = undefined;\n    this.log.forget();',
        replace: '    this.log.forget();',
      },
    ],
  },
  {
    name: 'ids-of-things-unknown',
    breaks: 'A log goes on taking itself for one without ids of things, after it has stored the first.',
    patches: [
      {
        file: 'actors/kernel/eventLog.ts',
        find: '      this.#hasResources = true;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'tail-ahead-of-storage',
    breaks: 'Events of a turn that was undone stay in memory as if they had been stored.',
    patches: [
      {
        file: 'actors/kernel/eventLog.ts',
        find: '    this.#stored = hasTables(this.#storage);\n    this.#tail = [];',
        replace: '    this.#stored = hasTables(this.#storage);',
      },
    ],
  },
  {
    name: 'half-a-turn-is-stored',
    breaks:
      'A write that fails after the append leaves the events in the log, though the caller was told of a failure.',
    patches: [
      {
        file: 'actors/kernel/actorCore.ts',
        find: 'verdicts = this.#deps.storage.transactionSync(() => {',
        replace: 'verdicts = ((work: () => Verdict[]) => work())(() => {',
      },
    ],
  },
  {
    name: 'snapshot-off-by-one',
    breaks: 'A snapshot says that it is one version newer than it is.',
    patches: [
      {
        file: SNAPSHOTS,
        find: "'INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)',\n      version,",
        replace: "'INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)',\n      version + 1,",
      },
    ],
  },
  {
    name: 'snapshot-shape-ignored',
    breaks: 'A release reads the snapshots of another release, whose states have another shape.',
    patches: [{ file: SNAPSHOTS, find: 'AND state_version = ?', replace: 'AND state_version >= ? - 9' }],
  },
  {
    name: 'recorded-at-not-monotone',
    breaks: 'A clock that steps back makes a log that does.',
    patches: [{ file: TURN, find: 'Math.max(now, fold.recordedAt)', replace: 'now' }],
  },
  {
    name: 'hash-without-predecessor',
    breaks: 'An event’s hash covers only the event.',
    patches: [
      { file: TURN, find: 'eventHash(fold.hash, sealed)', replace: "eventHash('0'.repeat(64), sealed)" },
    ],
  },
  {
    name: 'group-answers-mixed-up',
    breaks: 'Group commit gives callers each other’s answers.',
    patches: [
      {
        file: GROUP,
        find: 'for (const { entries, resolve } of group) {',
        replace: 'for (const { entries, resolve } of [...group].reverse()) {',
      },
    ],
  },
  {
    name: 'poison-fails-its-group',
    breaks: 'One caller’s throw fails everyone who was committed with it.',
    patches: [
      {
        file: GROUP,
        find: 'else for (const request of group) this.#runAlone(request);',
        replace: 'else for (const request of group) request.reject(error);',
      },
    ],
  },
  {
    name: 'refused-command-costs-a-row',
    breaks: 'A turn that stored no event sets the alarm.',
    patches: [
      {
        file: 'actors/kernel/actorCore.ts',
        find: '        if (this.#version() > before) {\n',
        replace:
          '        if (this.#version() === before && this.aggregate.log.isStored) this.#alarm.setBefore(now, now);\n' +
          '        if (this.#version() > before) {\n',
      },
    ],
  },
];
