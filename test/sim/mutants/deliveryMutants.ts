/** Deliberate bugs in announcing, timers and the directory. */
import type { Mutant } from './mutant.ts';

const CORE = 'actors/kernel/actorCore.ts';
const CLOCK = 'actors/kernel/alarmClock.ts';
const OUTBOX = 'actors/kernel/outbox.ts';

export const DELIVERY_MUTANTS: readonly Mutant[] = [
  {
    name: 'cursor-moves-before-the-send',
    breaks: 'A send that fails is taken for done.',
    patches: [
      {
        file: OUTBOX,
        find: '        await standing.group.send(batch.map((message) => message.text));\n        standing.published = (batch.at(-1) as PackedMessage).toVersion;\n',
        replace:
          '        standing.published = (batch.at(-1) as PackedMessage).toVersion;\n        await standing.group.send(batch.map((message) => message.text));\n',
      },
    ],
  },
  {
    name: 'cursor-of-the-fastest-group',
    breaks: 'The cursor says how far the fastest group was told.',
    patches: [
      {
        file: OUTBOX,
        find: 'return Math.min(...this.#standings.map((',
        replace: 'return Math.max(...this.#standings.map((',
      },
    ],
  },
  {
    name: 'patient-group-forgotten',
    breaks: 'The alarm tells only whoever is told without it.',
    patches: [
      {
        file: CORE,
        find: 'await this.#drain();',
        replace: 'await this.#drain(this.#deps.now());',
      },
    ],
  },
  {
    name: 'cursor-saved-ahead',
    breaks: 'The stored cursor says that events are published which are only appended.',
    patches: [
      {
        file: CORE,
        find: 'this.#cursor.save(this.outbox.published);',
        replace: 'this.#cursor.save(this.#version());',
      },
    ],
  },
  {
    name: 'no-alarm-for-the-outbox',
    breaks: 'Events that a crash kept from being announced wait for the next command.',
    patches: [
      {
        file: CORE,
        find: 'this.outbox.isBehind ? Math.min(',
        replace: 'this.outbox.isBehind && now < 0 ? Math.min(',
      },
    ],
  },
  {
    name: 'alarm-not-rearmed',
    breaks: 'An alarm’s handler leaves without setting the next alarm.',
    patches: [{ file: CORE, find: '      this.#rearm(this.#deps.now());\n', replace: '' }],
  },
  {
    name: 'later-deadlines-unseen',
    breaks: 'Deadlines that come up once their order is known are left out of it.',
    patches: [
      {
        file: 'actors/kernel/deadlines.ts',
        find: 'if (dueAt === null || order === undefined) return;',
        replace: 'if (dueAt === null || order !== null) return;',
      },
    ],
  },
  {
    name: 'timers-not-rearmed-on-wake',
    breaks: 'An alarm that the platform gave up stays lost.',
    patches: [
      {
        file: CORE,
        find: '    if (this.outbox.isBehind) this.#announcing.schedule(now);\n    this.#rearm(now);',
        replace: '    if (this.outbox.isBehind) this.#announcing.schedule(now);',
      },
      {
        file: CORE,
        find: '    if (this.aggregate.log.isStored) this.#rearm(this.#deps.now());\n',
        replace: '',
      },
    ],
  },
  {
    name: 'overdue-alarm-believed',
    breaks: 'A living instance believes for ever in an alarm that the platform gave up.',
    patches: [{ file: CLOCK, find: ' && now < this.#overdueAt', replace: '' }],
  },
  {
    name: 'timer-fires-under-a-new-id',
    breaks: 'A timer’s command has another id each time, so that a second firing is not recognised.',
    patches: [
      {
        file: CORE,
        find: 'commandId: timerCommandId(timer)',
        replace: 'commandId: timerCommandId(timer) + this.#deps.uniqueId()',
      },
    ],
  },
  {
    name: 'registration-skipped',
    breaks: 'The sweeper does not know the aggregate.',
    patches: [
      { file: OUTBOX, find: 'this.#registered = published > 0;', replace: 'this.#registered = true;' },
    ],
  },
  {
    name: 'registered-after-the-answer',
    breaks: 'An acknowledged aggregate is unknown to the sweeper until it is first announced.',
    patches: [
      {
        file: CORE,
        find: 'const isNeeded = () => this.aggregate.beginsWith(entries, this.#deps.now());',
        replace: 'const isNeeded = () => false;',
      },
    ],
  },
];
