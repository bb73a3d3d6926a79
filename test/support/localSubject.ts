/** A subject of personal data without the Workers runtime: its log, and its keys beside it. */
import { decodeEvent } from '../../actors/kernel/eventLog.ts';
import { type SubjectState, subjectDecider } from '../../actors/subject/decider.ts';
import { newPersonalDataKey } from '../../local/personalDataKey.ts';
import { KeyRing } from '../../privacy/keyRing.ts';
import { masterKeys } from '../../privacy/masterKeys.ts';
import { SubjectKeys } from '../../privacy/subjectKeys.ts';
import type { SubjectEvent } from '../../schemas/subject.ts';
import { type LocalWorld, localCore } from './localCore.ts';

/** One for all subjects of a test, also of those that take over from an evicted one. */
const MASTERS = newPersonalDataKey();

/** The subject `local`, in a world of its own or in that of an earlier instance, which was evicted. */
export function localSubject(world?: LocalWorld, masters = MASTERS) {
  let keys: SubjectKeys | undefined;
  const made = localCore<SubjectState>(subjectDecider, world, (fromVersion) => {
    const events = made.core.aggregate.log.read(fromVersion, 10).map(decodeEvent);
    keys?.follow(events as SubjectEvent[]);
  });
  const keyRing = new KeyRing(made.world.storage, 'local', () => masterKeys({ PERSONAL_DATA_KEYS: masters }));
  const context = { userId: 'u', correlationId: 'r', causationId: null };
  keys = new SubjectKeys({
    ring: keyRing,
    state: () => made.core.aggregate.current().state,
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
  return { ...made, keys, keyRing, send, seal };
}
