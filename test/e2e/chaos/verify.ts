/** After the last restart: every log against what the clients were told, and every view against its log. */
import type { Envelope } from '../../../demo/api.ts';
import { Books } from '../../../demo/books.ts';
import { checkPlatform } from '../../../demo/checks.ts';
import type { Client } from '../../../demo/client.ts';
import { forEachOf } from '../../../demo/concurrency.ts';
import { Expectations } from '../../../demo/expectations.ts';
import { type CatchUp, waitForViews } from '../../../demo/lag.ts';
import { observe, readLog } from '../../../demo/observation.ts';
import type { Entry, Ledger } from './ledger.ts';

/** Logs read side by side. */
const CONCURRENCY = 8;

/** Faults of a kind that are named. */
const FAULTS_NAMED = 5;

/** What was found. */
export interface Findings {
  readonly faults: readonly string[];
  readonly accounts: number;
  readonly events: number;
  /** How long the views took, from when this was called. */
  readonly catchUp: CatchUp;
}

/** Checks everything; the views have `viewsMsMax` to come to what the logs have. */
export async function verify(
  client: Client,
  ledger: Ledger,
  accountIds: readonly string[],
  viewsMsMax: number,
): Promise<Findings> {
  const logs = await readLogs(client, accountIds);
  const versions = new Map([...logs].map(([id, events]) => [id, events.length]));
  const catchUp = await waitForViews(client, versions, () => undefined, viewsMsMax);
  const faults = [...ledger.faults, ...commandFaults(ledger, logs)];
  const expectations = replay(ledger, logs, faults);
  const observation = await observe(client, expectations, { wholeFeed: true, onProgress: () => undefined });
  for (const check of checkPlatform({ expectations, observation, catchUp })) {
    for (const fault of check.faults) faults.push(`${check.name}: ${fault}`);
  }
  if (observation.feed.foreign > 0)
    faults.push(`${observation.feed.foreign} events of accounts nobody opened`);
  return { faults, accounts: logs.size, events: observation.feed.events, catchUp };
}

async function readLogs(client: Client, accountIds: readonly string[]): Promise<Map<string, Envelope[]>> {
  const logs = new Map<string, Envelope[]>();
  await forEachOf(accountIds, CONCURRENCY, async (id) => {
    const events: Envelope[] = [];
    const { status } = await client.send({ method: 'GET', path: `/v1/accounts/${id}` });
    // An account whose opening was never answered before the end of the run, or was refused, is not there.
    if (status === 404) return;
    const chain = await readLog(client, id, (event) => events.push(event));
    if (chain.fault !== undefined) throw new Error(chain.fault);
    logs.set(id, events);
  });
  return logs;
}

/** Every acknowledged command once at its version, no command twice, no refused one at all. */
export function commandFaults(ledger: Ledger, logs: ReadonlyMap<string, readonly Envelope[]>): string[] {
  const events = Map.groupBy([...logs.values()].flat(), ({ metadata }) => String(metadata.commandId));
  const faults: string[] = [];
  for (const entry of ledger.entries.values()) {
    const { commandId } = entry.command;
    const found = events.get(commandId) ?? [];
    events.delete(commandId);
    if (isRight(entry, found)) continue;
    const versions = found.map(({ version }) => version);
    faults.push(`${commandId} was answered ${JSON.stringify(entry.answer)} and is at [${versions}]`);
  }
  for (const commandId of events.keys()) faults.push(`nobody sent ${commandId}`);
  return faults.length <= FAULTS_NAMED
    ? faults
    : [...faults.slice(0, FAULTS_NAMED), `and ${faults.length - FAULTS_NAMED} commands more`];
}

function isRight({ answer, isUncertain, sentAt }: Entry, found: readonly Envelope[]): boolean {
  const [event, ...others] = found;
  if (answer === undefined || others.length > 0) return false;
  if (answer.status !== 'refused') return event?.version === answer.version;
  // Decided before the refused attempt was even sent, it would have had to be recognised.
  return event === undefined || (isUncertain && Date.parse(event.recordedAt) >= sentAt);
}

/** The books of the logs: each event's command, in the log's order, must be accepted by them at that version. */
function replay(
  ledger: Ledger,
  logs: ReadonlyMap<string, readonly Envelope[]>,
  faults: string[],
): Expectations {
  const expectations = new Expectations(new Books());
  for (const event of [...logs.values()].flat()) {
    const entry = ledger.entries.get(String(event.metadata.commandId));
    if (entry === undefined) continue;
    const outcome = expectations.books.apply(entry.command);
    expectations.add({ command: entry.command, outcome });
    if (outcome.status === 'accepted' && outcome.version === event.version) continue;
    faults.push(`${event.aggregateId} version ${event.version}: the books say ${JSON.stringify(outcome)}`);
  }
  return expectations;
}
