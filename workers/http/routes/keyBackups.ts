/** The backup of subjects' keys: held against the keys, copied out and put back (docs/privacy.md, "The backup of the keys"). */
import type { Context } from 'hono';
import { z } from 'zod';
import { DamagedBackup, keyOf, listBackups, r2KeyBackups } from '../../../privacy/keyBackupStore.ts';
import type { KeysAnswer } from '../../../privacy/keysApart.ts';
import type { SubjectKeyStanding } from '../../../privacy/subjectVault.ts';
import { KeyBackup } from '../../../schemas/keyBackup.ts';
import { placeOf } from '../../../schemas/location.ts';
import { Id } from '../../../schemas/scalars.ts';
import { errorFields, type LogFields } from '../../../telemetry/logger.ts';
import { listAggregates } from '../../directory.ts';
import type { Env } from '../../env.ts';
import { inBucketTime } from '../../inTime.ts';
import { BATCH_BYTES_MAX } from '../body.ts';
import type { HttpEnv } from '../context.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { PageLimit } from '../query.ts';
import { requireOpen } from './restore.ts';

/** Backups of one page or request: each is an object that is read or put. */
const BACKUPS_MAX = 200;

const NEXT = 'The `nextCursor` of the page before.';

/** Which subjects' keys are wrapped anew. */
export const RewrapQuery = z.strictObject({ limit: PageLimit, cursor: cursorOf(Id, NEXT).optional() });

/** Which backups are wanted. A page may end with an object of any name: somebody else may have put it there. */
export const KeyBackupsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(BACKUPS_MAX).default(BACKUPS_MAX),
  cursor: cursorOf(z.string(), NEXT).optional(),
});

/** What became of some subjects' keys. */
const KEYS_TOGETHER = {
  subjects: z.number().int().meta({ description: 'Subjects that were looked at.' }),
  rewrapped: z.number().int().meta({ description: 'Keys that are now wrapped with the first master key.' }),
  recovered: z.number().int().meta({ description: 'Keys that were not here and came back from the backup.' }),
  lacking: z.array(Id).meta({ description: 'Subjects with a key that is neither here nor in the backup.' }),
  failed: z.array(Id).meta({
    description: 'Subjects whose keys and backup could not be brought together; the log says why.',
  }),
};

/** What became of a page of subjects. */
export const RewrapReply = z.strictObject({ ...KEYS_TOGETHER, nextCursor: z.string().nullable() });

/** What became of backups that were put back. */
export const KeyBackupsRestored = z.strictObject({
  ...KEYS_TOGETHER,
  kept: z.array(Id).meta({ description: 'Subjects of whom the copy said nothing that was not known here.' }),
});

const KeyBackupsBody = z.strictObject({ backups: z.array(KeyBackup).min(1).max(BACKUPS_MAX) });

/** What is in the place of a backup and is none. */
const DamagedObject = z.strictObject({
  object: z.string().meta({ description: 'Its name in the bucket.' }),
  reason: z.string().meta({ description: 'What is wrong with it.' }),
});

const KeyBackupsPage = z.strictObject({
  backups: z.array(KeyBackup),
  failed: z.array(DamagedObject).meta({
    description:
      'Objects of this page that are no backup: somebody has to look at each (docs/privacy.md, "What goes wrong").',
  }),
  nextCursor: z.string().nullable(),
});

const rewrapSubjectKeys = route(
  {
    method: 'post',
    path: '/v1/subjects/rewrap-keys',
    operationId: 'rewrapSubjectKeys',
    tag: 'Privacy',
    summary: "Wrap subjects' keys with the first master key, and bring them and their backup together",
    description:
      'Page after page, by `nextCursor`. Keys that are only in the backup come back, what the backup lacks is put there, and ' +
      'both are wrapped anew. Once a pass over all has had no `failed`, the master keys after the first can be taken out of the ' +
      'secret. Doing it again is harmless.',
    query: RewrapQuery,
    success: { status: 200, description: 'What became of the page.', schema: RewrapReply },
  },
  async (c, { query: { limit, cursor = '' } }) => {
    const ids = await listAggregates(c.env, 'subject', cursor, limit + 1);
    const page = ids.slice(0, limit);
    const subjects = page.map((subjectId) => ({
      subjectId,
      run: (subject: SubjectStub) => subject.rewrap(),
    }));
    return c.json({ ...(await broughtTogether(c, subjects)), nextCursor: nextCursor(ids, page) });
  },
);

const getKeyBackups = route(
  {
    method: 'get',
    path: '/v1/key-backups',
    operationId: 'getKeyBackups',
    tag: 'Privacy',
    summary: "The backup of subjects' keys",
    description:
      'As it is: keys wrapped by a master key, which alone makes them readable. By subject, page after page. What is damaged ' +
      'is named and keeps nothing else back.',
    query: KeyBackupsQuery,
    success: { status: 200, description: 'A page of it.', schema: KeyBackupsPage },
  },
  async (c, { query: { limit, cursor = '' } }) => {
    const bucket = "the backups' bucket";
    const ids = await inBucketTime(bucket, listBackups(c.env.KEY_BACKUPS, cursor, limit + 1));
    const page = ids.slice(0, limit);
    const backups = await inBucketTime(bucket, backupsOf(c.env.KEY_BACKUPS, page));
    return c.json({ ...backups, nextCursor: nextCursor(ids, page) });
  },
);

const restoreKeyBackups = route(
  {
    method: 'post',
    path: '/v1/restore/key-backups',
    operationId: 'restoreKeyBackups',
    tag: 'Restore',
    summary: "Put a copy of the keys' backup back",
    description:
      'Each subject gets the keys that neither it has nor the backup that is here, whatever was put back before: damaged copies ' +
      'and older ones stand in the way of none. One that was erased gets no key back, and one that the copy remembers as erased ' +
      'is erased, unless its keys were made here or it is held: `failed` names it then, and nothing of it is changed.',
    body: KeyBackupsBody,
    bodyBytes: BATCH_BYTES_MAX,
    success: { status: 200, description: 'What became of them.', schema: KeyBackupsRestored },
    problems: ['restore_closed'],
  },
  async (c, { body: { backups } }) => {
    requireOpen(c.env);
    const kept: string[] = [];
    const copies = backups.map((copy) => ({
      subjectId: copy.subjectId,
      run: async (subject: SubjectStub) => {
        const answer = await subject.restoreKeys(copy);
        if (answer.ok && answer.standing.isKept) kept.push(copy.subjectId);
        return answer;
      },
    }));
    return c.json({ ...(await broughtTogether(c, copies)), kept: kept.sort() });
  },
);

/** Every route of the backup. */
export const keyBackups: readonly Route[] = [rewrapSubjectKeys, getKeyBackups, restoreKeyBackups];

async function backupsOf(bucket: R2Bucket, subjectIds: readonly string[]) {
  const store = r2KeyBackups(bucket, inBucketTime);
  const failed: z.output<typeof DamagedObject>[] = [];
  const found = await Promise.all(
    subjectIds.map(async (subjectId) => {
      try {
        return (await store.read(subjectId))?.backup;
      } catch (error) {
        if (!(error instanceof DamagedBackup)) throw error;
        failed.push({ object: keyOf(subjectId), reason: error.message });
        return undefined;
      }
    }),
  );
  const backups = found.filter((backup) => backup !== undefined);
  return { backups, failed: failed.sort((one, other) => (one.object < other.object ? -1 : 1)) };
}

type SubjectStub = ReturnType<Env['SUBJECTS']['getByName']>;

/** A subject, and what brings its keys and their backup together. */
interface Together {
  readonly subjectId: string;
  run(subject: SubjectStub): Promise<KeysAnswer<SubjectKeyStanding>>;
}

async function broughtTogether(c: Context<HttpEnv>, subjects: readonly Together[]) {
  const [lacking, failed]: [string[], string[]] = [[], []];
  const total = { subjects: subjects.length, rewrapped: 0, recovered: 0 };
  const fail = (subjectId: string, fields: LogFields) => {
    failed.push(subjectId);
    const named = { correlationId: c.get('correlationId'), subjectId, ...fields };
    c.get('logger').log('error', 'keys and backup not brought together', named);
  };
  await Promise.all(
    subjects.map(async ({ subjectId, run }) => {
      try {
        const answer = await run(c.env.SUBJECTS.getByName(subjectId, placeOf(c.env)));
        if (!answer.ok) return fail(subjectId, { error: answer.error, errorMessage: answer.detail });
        const { rewrapped, recovered, isLacking } = answer.standing;
        total.rewrapped += rewrapped;
        total.recovered += recovered;
        if (isLacking) lacking.push(subjectId);
      } catch (error) {
        fail(subjectId, errorFields(error));
      }
    }),
  );
  return { ...total, lacking: lacking.sort(), failed: failed.sort() };
}

function nextCursor(ids: readonly string[], page: readonly string[]): string | null {
  const last = page.at(-1);
  return ids.length > page.length && last !== undefined ? encodeCursor(last) : null;
}
