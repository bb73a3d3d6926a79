/** Repeats as clients send them after a lost answer, and their mistakes: an id used again for something else. */
import type { Command } from './commands.ts';
import type { Dispatcher } from './dispatcher.ts';
import { DECIMALS, Exact, plain } from './exact.ts';
import type { Random } from './random.ts';

/** Share of the repeats that carry another body and must be refused with `command_id_reused`. */
const ALTERED_SHARE = 0.4;

/** Share of the repeats of a trade that come under a new command id: the trade id alone must give them away. */
const NEW_COMMAND_ID_SHARE = 0.3;

/** Share of the faithful repeats that write their decimals otherwise, `1.50` for `1.5`: still the same body. */
const REWRITTEN_SHARE = 0.3;

/** Sends one repeat of a recent accepted command. Returns false where there is none yet. */
export function sendRepeat(dispatcher: Dispatcher, random: Random): boolean {
  const first = dispatcher.repeatable();
  if (first === undefined) return false;
  let command = first;
  if (first.type === 'ExecuteTrade' && random.chance(NEW_COMMAND_ID_SHARE)) {
    command = { ...first, commandId: dispatcher.newId('c') };
  }
  if (random.chance(ALTERED_SHARE)) command = alter(command);
  else if (random.chance(REWRITTEN_SHARE)) command = rewrite(command);
  dispatcher.repeat(command);
  return true;
}

/** Another body under the same ids. */
function alter(command: Command): Command {
  switch (command.type) {
    case 'OpenAccount':
      return { ...command, data: { ...command.data, customerId: `${command.data.customerId}-2` } };
    case 'DepositFunds':
    case 'WithdrawFunds':
      return { ...command, data: { ...command.data, amount: plain(new Exact(command.data.amount).plus(1)) } };
    case 'ExecuteTrade':
      return {
        ...command,
        data: { ...command.data, quantity: plain(new Exact(command.data.quantity).plus(1)) },
      };
    case 'SetLimits':
      return { ...command, data: { ...command.data, allowShort: !command.data.allowShort } };
    case 'FreezeAccount':
    case 'UnfreezeAccount':
    case 'CloseAccount':
      return { ...command, data: { reason: `${command.data.reason}, again` } };
  }
}

/** The same body with a zero behind its decimals. */
function rewrite(command: Command): Command {
  switch (command.type) {
    case 'DepositFunds':
    case 'WithdrawFunds':
      return { ...command, data: { ...command.data, amount: padded(command.data.amount) } };
    case 'ExecuteTrade':
      return {
        ...command,
        data: { ...command.data, price: padded(command.data.price), quantity: padded(command.data.quantity) },
      };
    default:
      return command;
  }
}

function padded(decimal: string): string {
  const point = decimal.indexOf('.');
  if (point < 0) return `${decimal}.0`;
  return decimal.length - point - 1 < DECIMALS ? `${decimal}0` : decimal;
}
