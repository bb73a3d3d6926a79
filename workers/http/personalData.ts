/**
 * The one place where personal data is decrypted for a reader: whoever may see it sees it, everybody else is told that it is
 * there, and of who was erased nobody sees anything.
 */
import type { Context } from 'hono';
import type { SubjectState } from '../../actors/subject/decider.ts';
import { type Encrypted, isEncrypted, type PersonalKind, type Withheld } from '../../schemas/personal.ts';
import { accessRow, reachOf } from '../access/decide.ts';
import { PERSONAL_DATA_ROW } from '../access/table.ts';
import { ownerOf } from '../aggregates.ts';
import { inTime } from '../inTime.ts';
import type { HttpEnv } from './context.ts';

/** A personal value as it is stored, and whose it is; null where events of old do not say. */
export interface StoredValue<Value> {
  readonly kind: PersonalKind;
  readonly subject: string | null;
  readonly value: Encrypted | Value;
}

/** The value as the caller may see it. */
export async function shownTo<Value>(
  c: Context<HttpEnv>,
  { kind, subject, value }: StoredValue<Value>,
): Promise<Value | Withheld> {
  const maySee = reachOf(c.get('principal'), accessRow(PERSONAL_DATA_ROW)) === 'all';
  if (maySee && isEncrypted(value)) return await decrypted<Value>(c, kind, value);
  const owner = isEncrypted(value) ? value.$enc.subject : subject;
  if (owner !== null && (await isErased(c, owner))) return { $erased: true };
  return maySee ? (value as Value) : { $masked: true };
}

async function decrypted<Value>(
  c: Context<HttpEnv>,
  kind: PersonalKind,
  encrypted: Encrypted,
): Promise<Value | Withheld> {
  const { subject } = encrypted.$enc;
  const asked = c.env.SUBJECTS.getByName(subject).open([{ kind, encrypted }]);
  const [answer] = await inTime(`subject/${subject}`, asked);
  if (answer?.status === 'open') return JSON.parse(answer.text) as Value;
  if (answer?.status === 'erased') return { $erased: true };
  c.get('logger').log('error', 'personal data cannot be read', {
    correlationId: c.get('correlationId'),
    subjectId: subject,
    keyVersion: encrypted.$enc.keyVersion,
  });
  return { $unreadable: true };
}

async function isErased({ env }: Context<HttpEnv>, aggregateId: string): Promise<boolean> {
  const read = await ownerOf<SubjectState>(env, { aggregateType: 'subject', aggregateId }).read();
  return read?.state.status === 'ERASED';
}
