// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is patched is source text
/** Deliberate bugs in sagas, in the effects that carry them out, and in transfers. */
import type { Mutant } from './mutant.ts';

const DECIDER = 'actors/saga/decider.ts';
const WANTS = 'actors/saga/wants.ts';
const EFFECTS = 'actors/kernel/effects.ts';
const PLAN = 'actors/saga/plan.ts';
const PROGRESS = 'actors/saga/progress.ts';
const TRANSFERS = 'actors/account/transfers.ts';

export const SAGA_MUTANTS: readonly Mutant[] = [
  {
    name: 'effects-without-an-alarm',
    breaks: 'An effect that a crash kept from being performed waits for the next command.',
    patches: [
      {
        file: 'actors/kernel/actorCore.ts',
        find: 'const effectAt = this.#effects?.nextAt(now);',
        replace: 'const effectAt = undefined as number | undefined;',
      },
    ],
  },
  {
    name: 'outcomes-under-one-id',
    breaks: 'The outcome of a second attempt has the id of the first one’s, and is taken for its repeat.',
    patches: [
      {
        file: EFFECTS,
        find: 'return `effect ${effect.effect} ${effect.dueAt}`;',
        replace: 'return `effect ${effect.effect} 1`;',
      },
    ],
  },
  {
    name: 'step-sent-under-a-new-id',
    breaks: 'A step’s command has another id at each attempt, so that its receiver runs it again.',
    patches: [
      {
        file: WANTS,
        find: "${rounds === 0 ? '' : ` ${rounds}`}",
        replace: ' ${step.attempts}',
      },
    ],
  },
  {
    name: 'given-up-is-not-undone',
    breaks: 'A step that was given up without an answer is not undone, though it may have been done.',
    patches: [
      {
        file: PLAN,
        find: "    case 'TIMED_OUT':\n      return true;",
        replace: "    case 'TIMED_OUT':\n      return step.succeeded;",
      },
    ],
  },
  {
    name: 'refusal-clears-the-doubt',
    breaks: 'A refusal is believed although an earlier attempt, whose answer was lost, may yet be taken.',
    patches: [
      {
        file: DECIDER,
        find: "const unheard = !isFinal && (step.unheard || answer.answer === 'none' || answer.unheard);",
        replace: 'const unheard = isFinal && isFinal === undefined;',
      },
    ],
  },
  {
    name: 'cancelled-and-not-barred',
    breaks: 'A command that its own cancellation has overtaken is taken all the same.',
    patches: [
      {
        file: TRANSFERS,
        find: 'if (state.incoming[key] === undefined) bar(',
        replace: 'if (state.incoming[key] === null) bar(',
      },
      {
        file: TRANSFERS,
        find: 'if (deadlines.remove(state.outgoing, key) === undefined) bar(',
        replace: 'if (deadlines.remove(state.outgoing, key) === null) bar(',
      },
    ],
  },
  {
    name: 'undone-after-the-pivot',
    breaks: 'A saga is undone although the money may have left.',
    patches: [
      {
        file: PLAN,
        find: 'this.step(step).pivot === true && (step.given !== null || mayBeDone(step))',
        replace: "step.name === '' && mayBeDone(step)",
      },
    ],
  },
  {
    name: 'undone-in-order',
    breaks: 'The first steps are undone before the last ones.',
    patches: [{ file: PROGRESS, find: 'this.state.stages.toReversed()', replace: 'this.state.stages' }],
  },
  {
    name: 'newest-definition-for-all',
    breaks: 'A running saga goes on by the newest version of its definition, not by its own.',
    patches: [
      {
        file: DECIDER,
        find: 'new Plan(definitions.find(current.definition, current.definitionVersion), current);',
        replace:
          'new Plan(definitions.newest(current.definition) ?? definitions.find(current.definition, 1), current);',
      },
    ],
  },
  {
    name: 'reservation-stays-after-settling',
    breaks: 'Money that has left an account is still reserved there, and leaves it again.',
    patches: [
      {
        file: TRANSFERS,
        find: "    case 'FundsTransferredOut':\n      deadlines.remove(state.outgoing, key);\n",
        replace: "    case 'FundsTransferredOut':\n",
      },
    ],
  },
  {
    name: 'reservation-without-a-timer',
    breaks: 'A reservation has no end.',
    patches: [
      {
        file: TRANSFERS,
        find: 'deadlines.earliestFirst(outgoing)',
        replace: 'deadlines.earliestFirst(outgoing && {})',
      },
    ],
  },
  {
    name: 'reserved-money-is-spent',
    breaks: 'Money that is set aside for a transfer may be spent otherwise.',
    patches: [
      {
        file: TRANSFERS,
        find: "return reserved === '0' ? parseDecimal(cash)",
        replace: "return reserved !== '' ? parseDecimal(cash)",
      },
    ],
  },
  {
    name: 'credited-before-it-left',
    breaks: 'Money reaches the one account before it has left the other.',
    patches: [
      {
        file: 'actors/saga/definitions/fundsTransfer.ts',
        find: "    ],\n    [\n      {\n        name: 'credit-transfer',",
        replace: "      {\n        name: 'credit-transfer',",
      },
    ],
  },
];
