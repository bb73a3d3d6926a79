/** Commands that sagas send, as the auditor derives them: from the saga's own log, and from nothing that its receiver stored. */
import type { Source } from '../../../actors/kernel/messages.ts';
import { keyOf } from '../../../queues/kernel/positions.ts';
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import type { LedgerOf } from './ledger.ts';
import { sagaBookOf } from './sagaBook.ts';

/** `saga <id> <step>`, with the round from the second one on, or `saga <id> undo <step> <time>`. */
const SAGA_ID = /^saga (\S+) (?:undo (\S+) (\d+)|(\S+)(?: (\d+))?)$/;

/** The command that a saga sent to `source` under this id; undefined where no saga did. */
export function sagaCommand(ledgerOf: LedgerOf, source: Source, commandId: string): Body | undefined {
  const [, sagaId, undone, undoing, done, round] = SAGA_ID.exec(commandId) ?? [];
  if (sagaId === undefined) return undefined;
  const saga = sagaBookOf(ledgerOf({ aggregateType: 'saga', aggregateId: sagaId }));
  const name = undone ?? done ?? '';
  const command = saga.commandOf(name, {
    undoing: undoing === undefined ? undefined : Number(undoing),
    round: Number(round ?? 0),
  });
  if (command === undefined || keyOf(command.target) !== keyOf(source)) return undefined;
  if (done !== undefined && saga.isBarred(done))
    throw new Breach(
      'what is undone stays undone',
      `${keyOf(source)} takes ${commandId} after it was undone`,
    );
  return command.body;
}
