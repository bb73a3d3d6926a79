/** A subject of personal data without the Workers runtime: its log, and its keys beside it. */
import { decodeEvent } from '../../actors/kernel/eventLog.ts';
import { type SubjectState, subjectDecider } from '../../actors/subject/decider.ts';
import { newPersonalDataKey } from '../../local/personalDataKey.ts';
import { type InTime, r2KeyBackups } from '../../privacy/keyBackupStore.ts';
import { KeyBackups } from '../../privacy/keyBackups.ts';
import { KeyRing } from '../../privacy/keyRing.ts';
import { masterKeys } from '../../privacy/masterKeys.ts';
import { SubjectKeys } from '../../privacy/subjectKeys.ts';
import type { SubjectEvent } from '../../schemas/subject.ts';
import { backupBucket } from './backupBucket.ts';
import { localCore, localWorld } from './localCore.ts';

/** One for all subjects of a test, also of those that take over from an evicted one. */
export const MASTERS = newPersonalDataKey();

/** The subject `local`, in a world of its own or in that of an earlier instance, which was evicted, with a bucket of backups. */
export function localSubject(
  world = localWorld(),
  masters = MASTERS,
  bucket = backupBucket(),
  inTime: InTime = (_, answer) => answer,
) {
  let keys: SubjectKeys | undefined;
  // Nothing happens that the test has not asked for: the backup follows when `backups` is told to.
  world.perform ??= () => new Promise(() => undefined);
  const made = localCore<SubjectState>(subjectDecider, world, (fromVersion) => {
    const events = made.core.aggregate.log.read(fromVersion, 10).map(decodeEvent);
    keys?.follow(events as SubjectEvent[]);
  });
  const keyRing = new KeyRing(made.world.storage, 'local', () => masterKeys({ PERSONAL_DATA_KEYS: masters }));
  const context = { userId: 'u', correlationId: 'r', causationId: null };
  const state = () => made.core.aggregate.current().state;
  let records = 0;
  const record = (type: string, data: object) =>
    made.core.execute(
      [{ commandId: `backup ${type} ${++records} ${made.core.head()}`, type, data }],
      context,
    );
  const backups = new KeyBackups({
    subjectId: 'local',
    ring: keyRing,
    store: r2KeyBackups(bucket, inTime),
    state,
    recordRecovery: (keyVersion) => record('RecordKeysRecovered', { keyVersion }),
    recordErasure: (erasedAt) => record('RecordErasure', { reason: 'as the backup says', erasedAt }),
    eraseAgain: () => record('EraseSubject', { reason: 'as the copy says' }),
  });
  keys = new SubjectKeys({
    ring: keyRing,
    state,
    recover: () => backups.recover(),
    takeOver: () => backups.takeOver(),
    createKey: (from) =>
      made.core.execute([{ commandId: 'first key', type: 'CreateSubjectKey', data: {} }], from),
  });
  let count = 0;
  const send = async (type: string) => {
    const command = { commandId: `${type} ${++count}`, type, data: { reason: 'because' } };
    const [outcome] = await made.core.execute([command], context);
    return outcome?.status === 'refused' ? outcome.code : outcome?.status;
  };
  const seal = (text: string, create = true) => keys.seal([{ kind: 'address', text }], create, context);
  return { ...made, keys, keyRing, backups, bucket, send, seal };
}
