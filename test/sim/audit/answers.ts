/** Checks of what clients were told: against the log, and against what they were told before. */
import type { EventReference } from '../../../schemas/envelope.ts';
import type { Attempt, SentCommand } from '../workload/attempt.ts';
import { canonicalText, eventIdFor } from './exact.ts';
import type { Ledger, Run } from './ledger.ts';
import { cancellationOf, fulfilmentOf } from './sagaStarts.ts';

/** What a client hears of one command; a brief answer has no events and no reply. */
export type Answer =
  | {
      readonly status: 'accepted' | 'replayed';
      readonly version: number;
      readonly events?: readonly EventReference[];
      readonly reply?: Readonly<Record<string, unknown>>;
    }
  | { readonly status: 'refused'; readonly code: string; readonly currentVersion: number };

/** What has to come of a command that is sent again after its first answer was heard. */
export type Expectation = 'replayed' | 'command_id_reused' | 'subject_erased' | undefined;

/** What is known of a command id beside the log. */
interface Known {
  /** Attempts whose outcome nobody heard. */
  unknown: number;
  pending: number;
  accepted: boolean;
}

export class AnswerBook {
  readonly #known = new Map<string, Known>();

  /** Notes that commands are on their way; answers what must come of them. */
  sent(ledger: Ledger, attempt: Attempt): Expectation[] {
    return attempt.commands.map(({ commandId, body }) => {
      const known = this.#of(ledger, commandId);
      known.pending++;
      const bodies = ledger.sent.get(commandId) ?? [];
      if (!bodies.includes(body)) ledger.sent.set(commandId, [...bodies, body]);
      const run = ledger.runFor(commandId, body);
      if (!run?.acknowledged) return undefined;
      return sameBody(run, body) ? 'replayed' : 'command_id_reused';
    });
  }

  /** Nobody heard what became of the commands. */
  unheard(ledger: Ledger, attempt: Attempt): void {
    for (const { commandId } of attempt.commands) {
      const known = this.#of(ledger, commandId);
      known.pending--;
      known.unknown++;
    }
  }

  /** The product itself said that the whole request failed: then none of it may be in the log. */
  failed(ledger: Ledger, attempt: Attempt, error: unknown): void {
    for (const { commandId } of attempt.commands) {
      const known = this.#of(ledger, commandId);
      known.pending--;
      if (known.accepted || known.unknown > 0 || known.pending > 0 || !ledger.runs.has(commandId)) continue;
      ledger.fail('a failed turn leaves nothing', `${commandId} failed (${String(error)}) and is in the log`);
    }
  }

  heard(
    ledger: Ledger,
    attempt: Attempt,
    answers: readonly Answer[],
    expected: readonly Expectation[],
  ): void {
    if (answers.length !== attempt.commands.length) {
      ledger.fail('every command has its answer', `${answers.length} for ${attempt.commands.length}`);
    }
    attempt.commands.forEach((command, index) => {
      const answer = answers[index] as Answer;
      const known = this.#of(ledger, command.commandId);
      known.pending--;
      const given = answer.status === 'refused' ? answer.code : answer.status;
      const wanted = expected[index];
      // Whose data it is may have been erased meanwhile, of which the auditor has other evidence.
      if (wanted !== undefined && given !== wanted && given !== 'subject_erased') {
        ledger.fail('a repeat has the same answer', `${command.commandId}: ${given} instead of ${wanted}`);
      }
      if (answer.status === 'refused') refused(ledger, command, answer);
      else this.#took(ledger, command, answer, known);
    });
  }

  /** Once all is answered: what was only ever refused is not in the log. */
  finish(ledger: Ledger): void {
    for (const commandId of ledger.runs.keys()) {
      const known = this.#known.get(idOf(ledger, commandId));
      if (known === undefined || known.accepted || known.unknown > 0 || known.pending > 0) continue;
      ledger.fail('a refused command leaves nothing', `${commandId} was never accepted and is in the log`);
    }
  }

  #took(
    ledger: Ledger,
    command: SentCommand,
    answer: Exclude<Answer, { status: 'refused' }>,
    known: Known,
  ): void {
    const { commandId, body, expectedVersion } = command;
    const { status, version } = answer;
    const run = status === 'accepted' ? ledger.runs.get(commandId) : ledger.runFor(commandId, body);
    if (run === undefined) {
      ledger.fail(
        'acknowledged is durable',
        `${commandId} was ${status} at ${version} and is not in the log`,
      );
    }
    if (!sameBody(run, body)) {
      ledger.fail('the answer is to the question', `${commandId} was ${status} with another body`);
    }
    if (version !== run.last) {
      ledger.fail('the answer is to the question', `${commandId}: version ${version}, not ${run.last}`);
    }
    if (status === 'accepted' && known.accepted)
      ledger.fail('exactly once', `${commandId} was accepted twice`);
    if (status === 'accepted' && expectedVersion !== undefined && run.first !== expectedVersion + 1) {
      ledger.fail('expected versions hold', `${commandId} expected ${expectedVersion}, ran at ${run.first}`);
    }
    if (answer.events !== undefined) full(ledger, run, answer.events, answer.reply ?? {});
    if (status === 'accepted') known.accepted = true;
    run.acknowledged = true;
  }

  #of(ledger: Ledger, commandId: string): Known {
    const id = idOf(ledger, commandId);
    const known = this.#known.get(id) ?? { unknown: 0, pending: 0, accepted: false };
    this.#known.set(id, known);
    return known;
  }
}

function idOf({ source }: Ledger, commandId: string): string {
  return `${source.aggregateType}/${source.aggregateId} ${commandId}`;
}

function sameBody(run: Run, body: SentCommand['body']): boolean {
  return run.body === body || canonicalText(run.body) === canonicalText(body);
}

function refused(
  ledger: Ledger,
  { commandId, body, expectedVersion }: SentCommand,
  { code, currentVersion }: Extract<Answer, { status: 'refused' }>,
): void {
  if (currentVersion > ledger.version) {
    ledger.fail('acknowledged is durable', `a refusal told of version ${currentVersion}, not yet in the log`);
  }
  if (code === 'command_id_reused') {
    const run = ledger.runFor(commandId, body);
    if (run === undefined || sameBody(run, body)) {
      ledger.fail('a repeat has the same answer', `${commandId} was called reused and is not`);
    }
  }
  if (code === 'version_conflict' && (expectedVersion === undefined || expectedVersion === currentVersion)) {
    ledger.fail(
      'expected versions hold',
      `${commandId} expected ${expectedVersion} and met ${currentVersion}`,
    );
  }
}

/** The whole answer comes from the log. */
function full(
  ledger: Ledger,
  run: Run,
  events: readonly EventReference[],
  reply: Readonly<Record<string, unknown>>,
): void {
  const logged = ledger.events.slice(run.first - 1, run.last);
  const references = logged.map(({ hash, type, version }) => ({
    eventId: eventIdFor(hash),
    eventType: type,
    version,
  }));
  const [first] = logged;
  const expectedReply: Record<string, unknown> = {};
  if (first !== undefined && ['TradeExecuted', 'TradeCorrected', 'TradeCancelled'].includes(first.type)) {
    const { cash, position, symbol, tradeId } = first.data;
    const { averageCost, quantity, realizedPnl } = position as Record<string, string>;
    Object.assign(expectedReply, { tradeId, cash, position: { symbol, quantity, averageCost, realizedPnl } });
  }
  if (first?.type === 'SagaStarted') expectedReply.sagaId = first.data.sagaId;
  if (first?.type === 'OrderPlaced') expectedReply.sagaId = fulfilmentOf(first.aggregateId);
  if (first?.type === 'OrderCancelled') {
    const isConfirmed = first.data.statusBefore === 'CONFIRMED';
    expectedReply.sagaId = (isConfirmed ? cancellationOf : fulfilmentOf)(first.aggregateId);
  }
  const actual = canonicalText({ events, reply });
  if (actual !== canonicalText({ events: references, reply: expectedReply })) {
    ledger.fail('the answer is to the question', `${run.commandId}: ${actual}`);
  }
}
