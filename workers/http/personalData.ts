/** The one place where personal data is decrypted for a reader over HTTP (`privacy/shown.ts`). */
import type { Context } from 'hono';
import type { SubjectState } from '../../actors/subject/decider.ts';
import { type Reader, type StoredValue, shownValue } from '../../privacy/shown.ts';
import { placeOf } from '../../schemas/location.ts';
import type { Withheld } from '../../schemas/personal.ts';
import { accessRow, reachOf } from '../access/decide.ts';
import { PERSONAL_DATA_ROW } from '../access/table.ts';
import { ownerOf } from '../aggregates.ts';
import { inTime } from '../inTime.ts';
import type { HttpEnv } from './context.ts';

/** The value as the caller may see it. */
export async function shownTo<Value>(
  c: Context<HttpEnv>,
  stored: StoredValue<Value>,
): Promise<Value | Withheld> {
  const reader = {
    maySee: reachOf(c.get('principal'), accessRow(PERSONAL_DATA_ROW)) === 'all',
    open: async (field) => {
      const { subject } = field.encrypted.$enc;
      const asked = c.env.SUBJECTS.getByName(subject, placeOf(c.env)).open([field]);
      return (await inTime(`subject/${subject}`, asked))[0];
    },
    isErased: async (aggregateId) => {
      const read = await ownerOf<SubjectState>(c.env, { aggregateType: 'subject', aggregateId }).read();
      return read?.state.status === 'ERASED';
    },
    unreadable: ({ $enc }) =>
      c.get('logger').log('error', 'personal data cannot be read', {
        correlationId: c.get('correlationId'),
        subjectId: $enc.subject,
        keyVersion: $enc.keyVersion,
      }),
  } satisfies Reader;
  return shownValue(reader, stored);
}
