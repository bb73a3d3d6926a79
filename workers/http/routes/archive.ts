/** The archive's objects, for whoever wants a copy without an account at the storage provider, and how it stands. */
import { z } from 'zod';
import { archiveObjects, archivistFor } from '../../archive.ts';
import { completenessPage } from '../../completeness.ts';
import { ArchiveObjectsReply, ArchiveReply, CompletenessReply } from '../archiveReplies.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { PageLimit } from '../query.ts';

/** Keys as the archive has them. */
const ObjectKey = z
  .string()
  .max(256)
  .regex(/^(segments|manifests|checkpoints|keys)\/[A-Za-z0-9._/-]+$/, 'must be a key of the archive');

const getArchive = route(
  {
    method: 'get',
    path: '/v1/archive',
    operationId: 'getArchive',
    tag: 'Audit',
    summary: 'How the archive stands',
    success: { status: 200, description: 'What is in it and what waits for it.', schema: ArchiveReply },
  },
  async (c) => {
    const { oldestWaitingAt, ...status } = await archivistFor(c.env)((archivist) => archivist.status());
    const since = oldestWaitingAt === null ? null : new Date(oldestWaitingAt).toISOString();
    return c.json({ ...status, oldestWaitingAt: since });
  },
);

const listArchive = route(
  {
    method: 'get',
    path: '/v1/archive/objects',
    operationId: 'listArchive',
    tag: 'Audit',
    summary: 'The objects of the archive, by key',
    query: z.strictObject({
      after: ObjectKey.optional().meta({ description: 'The `next` of an earlier reply.' }),
      limit: PageLimit,
    }),
    success: { status: 200, description: 'A page of them.', schema: ArchiveObjectsReply },
  },
  async (c, { query: { after, limit } }) => {
    const page = await archiveObjects(c.env).list({
      limit,
      ...(after === undefined ? {} : { startAfter: after }),
    });
    const objects = page.objects.map(({ key, size }) => ({ key, bytes: size }));
    return c.json({ objects, next: page.truncated ? (objects.at(-1)?.key ?? null) : null });
  },
);

const getArchiveObject = route(
  {
    method: 'get',
    path: '/v1/archive/object',
    operationId: 'getArchiveObject',
    tag: 'Audit',
    summary: 'The bytes of one object',
    query: z.strictObject({ key: ObjectKey }),
    success: {
      status: 200,
      description: 'The object as it is in the bucket.',
      mediaType: 'application/octet-stream',
    },
    problems: ['object_not_found'],
  },
  async (c, { query: { key } }) => {
    const bytes = await archiveObjects(c.env).read(key);
    if (bytes === undefined) {
      throw new ProblemError({ code: 'object_not_found', detail: `The archive has no object ${key}.` });
    }
    return c.body(bytes as Uint8Array<ArrayBuffer>, 200, { 'Content-Type': 'application/octet-stream' });
  },
);

const getCompleteness = route(
  {
    method: 'get',
    path: '/v1/archive/completeness',
    operationId: 'getCompleteness',
    tag: 'Audit',
    summary: 'Hold the logs against the archive',
    description: 'Asks every log how far it goes, a page of the directory at a time, which wakes its actors.',
    query: z.strictObject({
      after: cursorOf(
        z.strictObject({
          part: z.number().int().nonnegative(),
          entry: z.strictObject({ aggregateType: z.string(), aggregateId: z.string() }).nullable(),
        }),
        'The `next` of an earlier reply; absent for the beginning.',
      ).optional(),
    }),
    success: {
      status: 200,
      description: 'A page of logs beside what is archived of them.',
      schema: CompletenessReply,
    },
  },
  async (c, { query: { after } }) => {
    const { next, ...page } = await completenessPage(c.env, archivistFor(c.env), after);
    return c.json({ ...page, next: next === null ? null : encodeCursor(next) });
  },
);

export const archive: readonly Route[] = [getArchive, listArchive, getArchiveObject, getCompleteness];
