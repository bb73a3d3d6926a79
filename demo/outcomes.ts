/** How the commands ended, beside how they had to end. */
import type { Command, Outcome } from './commands.ts';
import type { Expected } from './dispatcher.ts';

/** Faults that are kept in words; the others are counted. */
const FAULTS_KEPT = 5;

/** One result of a batch, as it came. */
export interface BatchResult {
  readonly commandId?: unknown;
  readonly status?: unknown;
  readonly version?: unknown;
  readonly code?: unknown;
}

/** Counts of what the platform answered. */
export class Outcomes {
  accepted = 0;
  replayed = 0;
  /** By code. */
  readonly refused: Record<string, number> = {};
  /** Answers that were not the expected ones. */
  faults = 0;
  readonly faultTexts: string[] = [];

  /** Commands answered. */
  get answered(): number {
    return this.accepted + this.replayed + this.refusals;
  }

  get refusals(): number {
    return Object.values(this.refused).reduce((sum, each) => sum + each, 0);
  }

  /** An answer as the books foresaw it. */
  add(outcome: Outcome): void {
    if (outcome.status === 'refused') this.refused[outcome.code] = (this.refused[outcome.code] ?? 0) + 1;
    else this[outcome.status] += 1;
  }

  /** An answer that is not as it had to be. */
  addFault(command: Command, outcome: Outcome, fault: string): void {
    this.faults += 1;
    if (this.faultTexts.length >= FAULTS_KEPT) return;
    const wanted = outcome.status === 'refused' ? outcome.code : `${outcome.status} as ${outcome.version}`;
    this.faultTexts.push(`${JSON.stringify(command)} must be ${wanted}: ${fault}`);
  }

  /** Takes the results of a batch, which must be one for each command and in their order. */
  addBatch(sent: readonly Expected[], results: readonly BatchResult[]): void {
    sent.forEach(({ command, outcome }, place) => {
      const fault = resultFault(command, outcome, results[place]);
      if (fault === undefined) this.add(outcome);
      else this.addFault(command, outcome, fault);
    });
  }
}

function resultFault(
  command: Command,
  outcome: Outcome,
  result: BatchResult | undefined,
): string | undefined {
  if (result === undefined) return 'the batch has no result for it';
  if (result.commandId !== command.commandId) return `the result in its place is of ${result.commandId}`;
  const same =
    result.status === outcome.status &&
    (outcome.status === 'refused' ? result.code === outcome.code : result.version === outcome.version);
  return same ? undefined : `the platform said ${JSON.stringify(result)}`;
}
