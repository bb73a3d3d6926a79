/** How an aggregate becomes an actor on the simulated platform: what the shells of the product do, on the model. */
import { ActorCore, type BriefOutcome } from '../../../actors/kernel/actorCore.ts';
import type { OutcomeCommand, Perform } from '../../../actors/kernel/actorDeps.ts';
import { commandSender } from '../../../actors/kernel/commandSender.ts';
import type { AnyDecider } from '../../../actors/kernel/decider.ts';
import type { Source } from '../../../actors/kernel/messages.ts';
import type { ConsumerGroup } from '../../../actors/kernel/outbox.ts';
import type { ShipmentErrand } from '../../../actors/order/shipments.ts';
import type { BackupRequest } from '../../../actors/subject/decider.ts';
import { performCall } from '../../../payments/provider.ts';
import type { SubjectVault } from '../../../privacy/subjectVault.ts';
import { type GroupName, groupsFor, paceOf } from '../../../schemas/consumerGroups.ts';
import type { CommandContext, CommandEnvelope, Outcome } from '../../../schemas/envelope.ts';
import type { Encrypted, OpenAnswer } from '../../../schemas/personal.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { NetworkFault, type ObjectContext } from './application.ts';
import type { SimBank } from './bank.ts';
import type { SimBucket } from './bucket.ts';
import { startProtection } from './protection.ts';
import type { SimQueue } from './queue.ts';
import { type AskSubject, followLog, startVault } from './subject.ts';
import type { Caller, World } from './world.ts';

/** An actor's instance as the platform starts it. */
export interface ActorApp {
  readonly core: ActorCore<unknown>;
  /** Of a subject. */
  readonly vault?: SubjectVault | undefined;
  /** What a request to the actor does, whoever sends it. */
  execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Outcome[]>;
  /** The same with answers without events. */
  executeBrief(commands: readonly CommandEnvelope[], context: CommandContext): Promise<BriefOutcome[]>;
  alarm(): Promise<void>;
}

/** What actors reach of the platform. */
export interface ActorWorld {
  readonly world: World;
  readonly logger: Logger;
  readonly bank: SimBank;
  readonly bucket: SimBucket;
  /** The queue of every consumer group. */
  readonly queues: ReadonlyMap<GroupName, SimQueue>;
  execute(
    caller: Caller,
    target: Source,
    commands: readonly CommandEnvelope[],
    context: CommandContext,
  ): Promise<Outcome[]>;
  readonly askSubject: AskSubject;
  /** Makes an aggregate known to the sweeper. */
  register(caller: Caller, source: Source): Promise<void>;
}

/** Starts an instance of an aggregate's actor. */
export function startActor(
  around: ActorWorld,
  context: ObjectContext,
  source: Source,
  decider: AnyDecider,
): ActorApp {
  const { world, logger } = around;
  const vault =
    source.aggregateType === 'subject'
      ? startVault(around, context, source.aggregateId, () => core)
      : undefined;
  const core: ActorCore<unknown> = new ActorCore<unknown>({
    source,
    decider,
    storage: context.storage,
    logger,
    now: context.now,
    nextTurn: (task) => context.later('decides', task, 0),
    after: (task, milliseconds) => context.later('drains', task, milliseconds),
    setAlarm: (at) => context.storage.setAlarm(at),
    groups: groupsOf(around, context.caller, source),
    register: () =>
      around
        .register(context.caller, source)
        // Whatever it was: to the caller of the actor the outcome of the command is unknown.
        .catch((error: unknown) => Promise.reject(new NetworkFault(`no directory: ${String(error)}`))),
    uniqueId: () => world.uniqueId('unique'),
    perform: vault === undefined ? performerOf(around, context.caller, source, () => core) : backsUp(vault),
    ...(vault === undefined
      ? {}
      : { appended: (fromVersion: number) => followLog(vault, core, fromVersion) }),
  });
  const protection = world.isBefore ? undefined : startProtection(around, context, source, core);
  const run = async <Result extends Outcome | BriefOutcome>(
    commands: readonly CommandEnvelope[],
    commandContext: CommandContext,
    decide: (ready: readonly CommandEnvelope[]) => Promise<Result[]>,
  ): Promise<Result[]> => {
    if (protection === undefined) return await decide(commands);
    return (await protection.execute(commands, commandContext, decide)) as Result[];
  };
  return {
    core,
    vault,
    execute: async (commands, commandContext) => {
      const outcomes = await run(commands, commandContext, (ready) => core.execute(ready, commandContext));
      await vault?.erasedEverywhere();
      return outcomes;
    },
    executeBrief: async (commands, commandContext) => {
      const decide = (ready: readonly CommandEnvelope[]) => core.executeBrief(ready, commandContext);
      const outcomes = await run(commands, commandContext, decide);
      await vault?.erasedEverywhere();
      return outcomes;
    },
    alarm: () => core.alarm(),
  };
}

function groupsOf(
  { queues }: ActorWorld,
  caller: Caller,
  { aggregateType }: Source,
): readonly ConsumerGroup[] {
  return groupsFor(aggregateType).map((name) => {
    const queue = queues.get(name);
    if (queue === undefined) throw new Error(`the group ${name} has no queue`);
    return { name, ...paceOf(name), send: (texts) => queue.send(caller, texts) };
  });
}

/** What carries the effects of an aggregate out; undefined for those that have none. */
function performerOf(
  around: ActorWorld,
  caller: Caller,
  { aggregateType, aggregateId }: Source,
  core: () => ActorCore<unknown>,
): Perform | undefined {
  switch (aggregateType) {
    case 'saga':
      return commandSender({
        execute: (target, commands, context) => around.execute(caller, target, commands, context),
        correlationId: () => correlationOf(core().events(1, 1)),
      });
    case 'order':
      return ({ request }, context) => tellShipment(around, caller, request as ShipmentErrand, context);
    case 'payment': {
      const bank = { perform: around.bank.perform.bind(around.bank, caller) };
      const open = async (encrypted: Encrypted) => {
        const field = { kind: 'paymentToken' as const, encrypted };
        const ask = (vault: SubjectVault) => vault.open([field]);
        const [answer] = await around.askSubject(caller, encrypted.$enc.subject, 'open', ask);
        return answer as OpenAnswer;
      };
      const deps = { providers: () => bank, open };
      return ({ request }, _, again) => performCall(deps, aggregateId, request, again);
    }
    default:
      return undefined;
  }
}

/** What a subject wants of the backup of its keys. */
function backsUp(vault: SubjectVault): Perform {
  return ({ request }) => vault.followUp((request as BackupRequest).keyVersion);
}

/** As the order's own shell does: a refusal is a bug, and the errand stays wanted. */
async function tellShipment(
  around: ActorWorld,
  caller: Caller,
  { shipmentId, status, commands }: ShipmentErrand,
  context: CommandContext,
): Promise<OutcomeCommand> {
  const target = { aggregateType: 'shipment', aggregateId: shipmentId };
  for (const outcome of await around.execute(caller, target, commands, context)) {
    if (outcome.status === 'refused')
      throw new Error(`shipment ${shipmentId} refused what its order says: ${outcome.code}`);
  }
  return { type: 'RecordShipment', data: { shipmentId, status } };
}

/** What the first of some envelopes belongs to. */
function correlationOf(envelopes: string): string {
  const [first] = JSON.parse(envelopes) as [{ metadata: { correlationId: string } }];
  return first.metadata.correlationId;
}
