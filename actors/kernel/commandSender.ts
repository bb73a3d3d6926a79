/** Effects that are commands to other aggregates: how a saga's steps are carried out. */
import type {
  CommandContext,
  CommandEnvelope,
  CommandRequest,
  Outcome,
  ReceiverAnswer,
} from '../../schemas/envelope.ts';
import type { Perform } from './actorDeps.ts';
import type { Source } from './messages.ts';

/** What is sent to the sender of the commands: the platform, not a person. */
const SENDER = 'saga';

/** What commands go out through. */
export interface CommandSenderDeps {
  execute(
    target: Source,
    commands: readonly CommandEnvelope[],
    context: CommandContext,
  ): Promise<readonly Outcome[]>;
  /** What everything that follows belongs to: the request that began it. */
  correlationId(): string;
}

/**
 * Performs effects whose request is a {@link CommandRequest}. The receiver's answer, and that there was none, come back as
 * `RecordAnswer`: how often to try and what a refusal means is for the sending aggregate's rules.
 */
export function commandSender(deps: CommandSenderDeps): Perform {
  return async ({ effect, request }, { causationId }, again) => {
    const { aggregateType, aggregateId, commandId, type, data, sagaId } = request as CommandRequest;
    const context = { userId: SENDER, correlationId: deps.correlationId(), causationId, sagaId };
    let answer: ReceiverAnswer;
    try {
      const sent = { commandId, type, data };
      const [outcome] = await deps.execute({ aggregateType, aggregateId }, [sent], context);
      answer = answerOf(outcome, again);
    } catch (error) {
      answer = { answer: 'none', detail: error instanceof Error ? error.message : String(error) };
    }
    return { type: 'RecordAnswer', data: { effect, answer } };
  };
}

function answerOf(outcome: Outcome | undefined, again: boolean): ReceiverAnswer {
  if (outcome === undefined) throw new Error('the command was not answered');
  if (outcome.status !== 'refused') return { answer: 'accepted' };
  const { code, detail } = outcome;
  return { answer: 'refused', code, detail, unheard: again };
}
