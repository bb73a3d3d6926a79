/** What random requests find when they come: an account with a trade, a product in stock, a confirmed order, a key, for each id. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../../demo/client.ts';
import { type OpenApi, operationsOf } from './document.ts';
import { exampleAbout } from './requests.ts';
import { FUZZED_IDS } from './values.ts';

/** Operations whose examples make it, in this order. */
const FIRST = [
  ...['openAccount', 'depositFunds', 'executeTrade', 'issueServiceKey'],
  ...['putProduct', 'receiveStock', 'placeOrder'],
];

/** How long an order may take to be confirmed, also on a busy machine. */
const CONFIRMED_MS_MAX = 60_000;

const POLL_MS = 100;

/** Makes it; throws where an example does not do what it shows. */
export async function makeWorld(client: Client, document: OpenApi): Promise<void> {
  const operations = operationsOf(document);
  for (const id of FUZZED_IDS) {
    for (const name of FIRST) {
      const operation = operations.find(({ operationId }) => operationId === name);
      const media = operation?.bodies['application/json'];
      if (operation === undefined || media?.example === undefined) throw new Error(`${name} has no example`);
      const path = operation.path.replace('{id}', id);
      const body = JSON.stringify(exampleAbout(media.example, id));
      const { status, text } = await client.send({ method: operation.method, path, body });
      // A server that is fuzzed once more has it all, in whatever state it was left.
      if (status >= 500) throw new Error(`${name} answered ${status} ${text}`);
    }
  }
  await Promise.all(FUZZED_IDS.map((id) => settled(client, id)));
}

async function settled(client: Client, orderId: string): Promise<void> {
  const until = performance.now() + CONFIRMED_MS_MAX;
  for (;;) {
    const { text } = await client.send({ method: 'GET', path: `/v1/orders/${orderId}` });
    if (!text.includes('"status":"PENDING"')) return;
    if (performance.now() > until) throw new Error(`the order ${orderId} does not get on`);
    await pause(POLL_MS);
  }
}
