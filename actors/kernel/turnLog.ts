/** What a turn decided, as log entries. */
import type { Logger } from '../../telemetry/logger.ts';
import type { Source } from './messages.ts';
import type { CommandEntry, Verdict } from './turn.ts';

/** Logs each command of a turn with its verdict, where anybody listens. Ids and names only. */
export function logTurn(
  logger: Logger,
  source: Source,
  entries: readonly CommandEntry[],
  verdicts: readonly Verdict[],
): void {
  if (!logger.enabled('debug')) return;
  entries.forEach(({ command, context }, index) => {
    const verdict = verdicts[index] as Verdict;
    logger.log('debug', 'command decided', {
      ...source,
      version: verdict.status === 'refused' ? verdict.currentVersion : verdict.version,
      correlationId: context.correlationId,
      commandId: command.commandId,
      command: command.type,
      status: verdict.status,
      ...(verdict.status === 'refused' ? { code: verdict.code } : {}),
    });
  });
}
