/** docs/generated/sagas.md: every saga as a state diagram and a table of its steps, made from the definitions that run. */
import type {
  AnySagaDefinition,
  Compensation,
  RetryPolicy,
  StepDefinition,
} from '../../actors/saga/definitions/definition.ts';

const HEAD = `# Sagas

Made from \`actors/saga/definitions\` by \`npm run docs\`. The steps of a box run side by side; the next box begins when all of
them are done. Where one cannot be done, what was done is undone in reverse, box by box; past the point of no return the saga
waits for an operator instead (\`PARKED\`), and so it does where something cannot be undone. How to read a saga that runs, and
how to write one, is in [the guide](../sagas.md).
`;

// biome-ignore lint/suspicious/noExplicitAny: a diagram looks into no input
type AnyStep = StepDefinition<any>;
type Stage = readonly AnyStep[];

/** The document for these definitions. */
export function sagaDiagrams(definitions: readonly AnySagaDefinition[]): string {
  const sections = definitions.map((definition) => {
    const { name, version, description } = definition;
    return `## \`${name}\`, version ${version}\n\n${description}\n\n${diagram(definition)}\n\n${stepTable(definition)}\n`;
  });
  return [HEAD, ...sections].join('\n');
}

/** The state diagram of a definition, as Mermaid in Markdown. */
export function diagram({ stages, forwardOnly = false }: AnySagaDefinition): string {
  const lines = stages.map((stage, index) => `state "${labelOf(stage)}" as ${doing(index)}`);
  lines.push(`[*] --> ${doing(0)}`);
  let isPastPivot = forwardOnly;
  stages.forEach((stage, index) => {
    const next = index + 1 < stages.length ? doing(index + 1) : 'COMPLETED';
    lines.push(`${doing(index)} --> ${next}: done`, ...failures(stages, index, isPastPivot));
    isPastPivot ||= stage.some(({ pivot }) => pivot === true);
  });
  lines.push('COMPLETED --> [*]', ...(forwardOnly ? [] : wayBack(stages)));
  return ['```mermaid', 'stateDiagram-v2', ...lines.map((line) => `  ${line}`), '```'].join('\n');
}

const doing = (index: number) => `do${index + 1}`;
const undoing = (index: number) => `undo${index + 1}`;

/** Where a stage goes that cannot be done. */
function failures(stages: readonly Stage[], index: number, isPastPivot: boolean): string[] {
  const stage = stages[index] as Stage;
  if (isPastPivot) return [`${doing(index)} --> PARKED: cannot be done`];
  const back = lastUndone(stages, index) ?? 'COMPENSATED';
  // Whether a command was taken may be unknown: then the point of no return may be passed.
  const isDoubtful = stage.some(
    ({ pivot, command, compensation }) =>
      pivot === true && (command !== undefined || compensation?.calledOffOn !== undefined),
  );
  return [
    `${doing(index)} --> ${back}: cannot be done`,
    ...(isDoubtful ? [`${doing(index)} --> PARKED: may have been done`] : []),
  ];
}

/** The box of the latest stage, up to this one, that has something to undo. */
function lastUndone(stages: readonly Stage[], index: number): string | undefined {
  for (let at = index; at >= 0; at--) if (undoes(stages[at] as Stage)) return undoing(at);
  return undefined;
}

const undoes = (stage: Stage) => stage.some(({ compensation }) => compensation !== undefined);

/** The boxes that undo, from the last to the first. */
function wayBack(stages: readonly Stage[]): string[] {
  const undone = stages.flatMap((stage, index) => (undoes(stage) ? [index] : [])).toReversed();
  const lines = undone.flatMap((index) => {
    const stage = (stages[index] as Stage).filter(({ compensation }) => compensation !== undefined);
    const isCalledOff = stage.some(({ compensation }) => compensation?.calledOffOn !== undefined);
    return [
      `state "undo ${labelOf(stage)}" as ${undoing(index)}`,
      `${undoing(index)} --> ${lastUndone(stages, index - 1) ?? 'COMPENSATED'}: undone`,
      `${undoing(index)} --> PARKED: cannot be undone`,
      ...(isCalledOff ? [`${undoing(index)} --> ${doing(index)}: called off`] : []),
    ];
  });
  return [...lines, 'COMPENSATED --> [*]'];
}

function labelOf(stage: Stage): string {
  return stage
    .map(({ name, each, addedBy }) => {
      if (addedBy !== undefined) return `${name} (on ${addedBy.eventTypes.join(', ')})`;
      return each === undefined ? name : `${name} (each)`;
    })
    .join(' and ');
}

const COLUMNS = ['step', 'ends with', 'attempts', 'made again after', 'attempts to undo it'];

function stepTable({ stages }: AnySagaDefinition): string {
  const rows = stages.flat().map((step: AnyStep) => {
    const { command, retry, retryOn, compensation } = step;
    return [
      nameOf(step),
      endOf(step),
      command === undefined ? '–' : attempts(retry),
      command === undefined ? '–' : ['no answer', ...codes(retryOn)].join(', '),
      compensation === undefined ? '–' : undoingOf(compensation),
    ];
  });
  return [COLUMNS, COLUMNS.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function nameOf({ name, each, addedBy, pivot }: AnyStep): string {
  const added = addedBy === undefined ? '' : `, added by ${codes(addedBy.eventTypes).join(', ')}`;
  const many = each === undefined ? '' : ', one for each';
  return `\`${name}\`${many}${added}${pivot === true ? ', **no return**' : ''}`;
}

function endOf({ awaits, command }: AnyStep): string {
  if (awaits !== undefined) return codes(awaits.eventTypes).join(', ');
  return command === undefined ? 'its beginning' : 'the answer';
}

function undoingOf({ retry, awaits }: Compensation<unknown>): string {
  return awaits === undefined
    ? attempts(retry)
    : `${attempts(retry)}; ends with ${codes(awaits.undoneBy).join(', ')}`;
}

function attempts({ attemptsMax, firstMs, maxMs }: RetryPolicy): string {
  return `${attemptsMax}, pauses of ${firstMs / 1_000} s to ${maxMs / 1_000} s`;
}

function codes(list: readonly string[] = []): string[] {
  return list.map((code) => `\`${code}\``);
}
