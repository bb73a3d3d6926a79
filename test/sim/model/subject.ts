/** A subject's vault on the simulated platform, as its shell wires it. */
import type { ActorCore } from '../../../actors/kernel/actorCore.ts';
import { decodeEvent } from '../../../actors/kernel/eventLog.ts';
import type { Source } from '../../../actors/kernel/messages.ts';
import type { SubjectState } from '../../../actors/subject/decider.ts';
import { r2KeyBackups } from '../../../privacy/keyBackupStore.ts';
import { type MasterKey, masterKeys } from '../../../privacy/masterKeys.ts';
import { SubjectVault } from '../../../privacy/subjectVault.ts';
import type { SubjectEvent } from '../../../schemas/subject.ts';
import { type Application, NetworkFault, type ObjectContext } from './application.ts';
import type { SimBucket } from './bucket.ts';
import type { SimObject } from './durableObject.ts';
import { StorageFault } from './storage.ts';
import type { Caller, World } from './world.ts';

/** The secret of the platform: two master keys, of which the one is about to take the other's place. */
export const PERSONAL_DATA_KEYS = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64')).join(' ');

const MASTERS = masterKeys({ PERSONAL_DATA_KEYS });

/** Asks something of the keys of a subject. Rejects with a `NetworkFault` where things fail. */
export type AskSubject = <Answer>(
  caller: Caller,
  subjectId: string,
  label: string,
  ask: (vault: SubjectVault) => Promise<Answer>,
) => Promise<Answer>;

/** What asks subjects, each of which is an object. */
export function askingSubjects(
  world: World,
  objectOf: (source: Source) => SimObject<Application & { readonly vault?: SubjectVault | undefined }>,
): AskSubject {
  return async (caller, subjectId, label, ask) => {
    const object = objectOf({ aggregateType: 'subject', aggregateId: subjectId });
    // What got lost while things fail may be heard of after.
    const { faulty } = world;
    try {
      return await object.call(caller, label, ({ vault }) => ask(vault as SubjectVault));
    } catch (error) {
      const isFault = error instanceof NetworkFault || error instanceof StorageFault;
      throw faulty || isFault ? new NetworkFault(`no ${label} by ${subjectId}: ${String(error)}`) : error;
    }
  };
}

/** The vault of an instance. While a master key is being replaced some instances wrap with the one, some with the other. */
export function startVault(
  { world, bucket }: { readonly world: World; readonly bucket: SimBucket },
  { storage, caller, later }: ObjectContext,
  subjectId: string,
  core: () => ActorCore<unknown>,
): SubjectVault {
  const masters: readonly MasterKey[] = world.random.chance(0.5) ? MASTERS : MASTERS.toReversed();
  return new SubjectVault({
    subjectId,
    storage,
    masters: () => masters,
    store: r2KeyBackups(bucket.client(caller), (_, answer) => answer),
    state: () => core().aggregate.current().state as SubjectState,
    head: () => core().head(),
    execute: (commands, context) => core().execute(commands, context),
    pause: (milliseconds) => new Promise((resolve) => later('goes on', resolve, milliseconds)),
  });
}

/** Keys follow what was appended, in the transaction that appended it. */
export function followLog(vault: SubjectVault, { aggregate }: ActorCore<unknown>, fromVersion: number): void {
  const { log } = aggregate;
  const appended = log.read(fromVersion, log.head().version - fromVersion + 1);
  vault.follow(appended.map((event) => decodeEvent(event) as SubjectEvent));
}
