/** Batches of trades whose ids are random UUIDs: ids that follow on one another would be squeezed to nothing in an archive. */
import { randomUUID } from 'node:crypto';
import { type RequestSource, requestHead } from '../load/requests.ts';
import { accountId } from './commands.ts';
import { tradeCycle } from './trades.ts';

/** Batches of `size` trades (an even number) of one account each, over `accounts` accounts in turn. */
export function uuidBatches(accounts: number, size: number): RequestSource {
  let sent = 0;
  return {
    next() {
      const account = sent++ % accounts;
      const body = Buffer.from(batchText(account, size));
      const head = requestHead({ path: '/v1/commands', contentType: 'application/x-ndjson' }, body.length);
      return {
        bytes: Buffer.concat([Buffer.from(head), body]),
        commands: size,
        target: accountId(account),
        expects: { status: 200, start: `{"accepted":${size},"refused":0,"replayed":0` },
      };
    },
  };
}

/** The same trades of an account each time, under new ids. */
function batchText(account: number, size: number): string {
  const aggregateId = accountId(account);
  return tradeCycle(account + 1, size)
    .map((trade) => {
      const commandId = randomUUID();
      const data = { tradeId: commandId, ...trade };
      return JSON.stringify({ commandId, aggregateType: 'account', aggregateId, type: 'ExecuteTrade', data });
    })
    .join('\n');
}
