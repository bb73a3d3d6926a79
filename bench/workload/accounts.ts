/** Accounts that take every trade of the workload: rich, and allowed to sell short. */
import { BENCH_TOKEN } from '../load/token.ts';
import { accountId } from './commands.ts';

/** More than any run of the benchmarks spends. */
const INITIAL_BALANCE = '900000000000000';

/** Opens the first `count` accounts of a server that does not have them. */
export async function openAccounts(url: string, count: number): Promise<void> {
  const commands = Array.from({ length: count }, (_, index) => accountId(index)).flatMap((id) => [
    {
      commandId: 'open',
      aggregateType: 'account',
      aggregateId: id,
      type: 'OpenAccount',
      data: {
        customerId: `customer-${id}`,
        accountType: 'INDIVIDUAL',
        currency: 'USD',
        initialBalance: INITIAL_BALANCE,
      },
    },
    {
      commandId: 'limits',
      aggregateType: 'account',
      aggregateId: id,
      type: 'SetLimits',
      data: { allowShort: true },
    },
  ]);
  const response = await fetch(`${url}/v1/commands`, {
    method: 'POST',
    headers: { authorization: `Bearer ${BENCH_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ commands }),
  });
  const body = await response.text();
  if (response.status !== 200 || !body.startsWith(`{"accepted":${commands.length},`)) {
    throw new Error(`the accounts were not opened: ${response.status} ${body.slice(0, 500)}`);
  }
}
