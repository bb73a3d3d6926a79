/** The verifier on a bucket: what it says of an archive is the same as of a copy, and what it cannot read it says. */
import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ArchiveFolder, OBJECT_BYTES_MAX } from '../../verifier/archive.ts';
import { ArchiveBucket, type Environment, openBucket } from '../../verifier/bucket.ts';
import { inOrder } from '../../verifier/inOrder.ts';
import { publicKeyOf } from '../../verifier/keys.ts';
import { S3Bucket } from '../../verifier/s3.ts';
import { type Done, verifyArchive } from '../../verifier/verify.ts';
import { ArchiveWorld, act, MemoryBucket } from '../support/archive.ts';
import { ACCESS_KEY, BUCKET, S3Server } from '../support/s3Server.ts';

const ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
  AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secretAccessKey,
};

const ROOT = path.join(import.meta.dirname, '../..');
const world = new ArchiveWorld();
let server: S3Server;

beforeAll(async () => {
  for (let round = 0; round < 3; round++) {
    for (let number = 0; number < 6; number++) act(world, `account-${number % 3}`, round * 7 + number);
    await world.checkpoint();
  }
});
afterEach(() => server.stop());

async function start(below = ''): Promise<void> {
  server = await S3Server.start(
    new Map([...world.bucket.objects].map(([key, bytes]) => [below + key, bytes])),
  );
}

/** The server's bucket; `pauses` gets how long each pause would have been. */
function reader(pauses: number[] = []): S3Bucket {
  const address = { endpoint: server.endpoint, bucket: BUCKET, region: 'auto' };
  return new S3Bucket(address, ACCESS_KEY, async (milliseconds) => pauses.push(milliseconds));
}

async function verified(
  archive: ArchiveBucket | ArchiveFolder,
  progress: (done: Done) => void = () => undefined,
) {
  const keys = world.keys.map(({ publicKey }) => publicKeyOf(publicKey));
  const { findings, ...counts } = await verifyArchive(archive, world.now, { keys, progress });
  return { findings: findings.kept, ...counts };
}

const keyOf = (prefix: string) =>
  [...server.objects.keys()].sort().find((key) => key.startsWith(prefix)) as string;

function tamper(key: string): void {
  const bytes = (server.objects.get(key) as Uint8Array).slice();
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] as number) ^ 1;
  server.objects.set(key, bytes);
}

/** What the verifier says of a copy of the bucket in a folder. */
async function verifiedCopy() {
  const folder = await mkdtemp(path.join(tmpdir(), 'folio-bucket-'));
  try {
    const copy = new MemoryBucket();
    for (const [key, bytes] of server.objects) copy.objects.set(key, bytes);
    copy.export(folder);
    return await verified(new ArchiveFolder(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('an archive in a bucket', () => {
  it('is clean where nobody has been at it, and whoever waits is told how far it is', async () => {
    await start();
    server.pageKeys = 4;
    const listed: number[] = [];
    const steps = new Set<string>();
    const archive = await ArchiveBucket.open(reader(), '', (objects) => listed.push(objects));
    const result = await verified(archive, ({ step, done, of }) => steps.add(`${step} ${done} of ${of}`));
    expect(result).toMatchObject({ findings: [], manifests: 3, checkpoints: 3, aggregates: 3 });
    expect(result).toEqual(await verifiedCopy());
    expect(listed).toEqual([4, 8, 10]);
    expect(server.requests.filter((request) => request === 'list')).toHaveLength(3);
    for (const step of ['manifests', 'checkpoints', 'segments']) expect(steps).toContain(`${step} 2 of 3`);
  });

  it.each<[what: string, change: () => string]>([
    ['an altered segment', () => changed(keyOf('segments/'), tamper)],
    ['an altered manifest', () => changed('manifests/000000000002.json', tamper)],
    ['an altered checkpoint', () => changed('checkpoints/000000000002.json', tamper)],
    ['an altered key', () => changed(keyOf('keys/'), tamper)],
    ['a missing segment', () => changed(keyOf('segments/'), (key) => server.objects.delete(key))],
    ['a missing manifest', () => changed('manifests/000000000001.json', (key) => server.objects.delete(key))],
    [
      'an object of nobody',
      () => changed("notes/a & b+(c)/'é'.txt", (key) => server.objects.set(key, ENOUGH)),
    ],
  ])('has %s named, and every finding of a copy in a folder', async (_, change) => {
    await start();
    const touched = change();
    const result = await verified(await ArchiveBucket.open(reader(), ''));
    expect(result.findings.map(({ object }) => object)).toContain(touched);
    expect(result).toEqual(await verifiedCopy());
  });

  it('may lie below a prefix, beside what is no part of it', async () => {
    await start('copies/2026/');
    server.objects.set('copies/2026-other', ENOUGH);
    const location = `r2://${BUCKET}/copies/2026`;
    const archive = await openBucket(location, server.endpoint, ENVIRONMENT, () => undefined);
    expect((await verified(archive)).findings).toEqual([]);
  });

  it('is asked for any key as it is', async () => {
    await start();
    const key = "notes/a & b+(c)!*~%20/'é'//x.txt";
    server.objects.set(key, ENOUGH);
    expect(await reader().get(key)).toEqual(ENOUGH);
    expect(await reader().get('notes/none')).toBeUndefined();
    await expect(reader().get('segments/../../other/x')).rejects.toThrow('cannot be asked for');
  });

  it('has nothing read of it that is larger than any object of an archive, and is looked at to its end', async () => {
    await start();
    const key = keyOf('segments/');
    server.objects.set(key, new Uint8Array(OBJECT_BYTES_MAX + 1));
    const { findings, manifests } = await verified(await ArchiveBucket.open(reader(), ''));
    expect(findings).toEqual([
      {
        kind: 'unreadable_object',
        object: key,
        detail: expect.stringContaining('no object of an archive has'),
      },
      { kind: 'missing_object', object: key, detail: expect.stringContaining('names it') },
    ]);
    expect(manifests).toBe(3);
  });

  it('lacks what is gone after it was listed', async () => {
    await start();
    const key = keyOf('segments/');
    const archive = await ArchiveBucket.open(reader(), '');
    server.objects.delete(key);
    expect((await verified(archive)).findings).toMatchObject([{ kind: 'missing_object', object: key }]);
  });

  it('is not believed where it shows one manifest at first and another one later', async () => {
    await start();
    const key = 'manifests/000000000002.json';
    const archive = await ArchiveBucket.open(reader(), '');
    server.beforeGet = (asked) => {
      if (asked === key && server.requests.filter((request) => request === key).length === 2) tamper(key);
    };
    await expect(verified(archive)).rejects.toThrow(`${key} was changed while the archive was read`);
  });
});

describe('a bucket that fails', () => {
  it('is asked again, less and less often', async () => {
    await start();
    server.failures = [503, 'broken connection', 500];
    const pauses: number[] = [];
    expect((await verified(await ArchiveBucket.open(reader(pauses), ''))).findings).toEqual([]);
    expect(pauses).toHaveLength(3);
    expect((pauses[2] as number) * 1.5).toBeGreaterThan(pauses[0] as number);
  });

  it.each<[what: string, failure: 503 | 'broken connection', reason: string]>([
    ['answers 503', 503, 'answers 503 AccessDenied Not now & not you'],
    ['breaks every connection', 'broken connection', 'does not answer'],
  ])('for good ends the verification, which is no finding: it %s', async (_, failure, reason) => {
    await start();
    const archive = await ArchiveBucket.open(reader(), '');
    server.beforeGet = (key) => {
      if (key === 'manifests/000000000001.json') server.failures = Array(1_000).fill(failure);
    };
    await expect(verified(archive)).rejects.toThrow(reason);
  });

  it('or refuses is said to', async () => {
    await start();
    const open = (
      location = `s3://${BUCKET}`,
      environment: Environment = ENVIRONMENT,
      endpoint: string | undefined = server.endpoint,
    ) => openBucket(location, endpoint, environment, () => undefined);
    const secret = { ...ENVIRONMENT, AWS_SECRET_ACCESS_KEY: 'another' };
    await expect(open(undefined, secret)).rejects.toThrow(
      /credentials are not allowed to list bucket folio-archive.*403 SignatureDoesNotMatch/,
    );
    await expect(open('s3://other')).rejects.toThrow('there is no bucket other at http');
    await expect(open(`s3://${BUCKET}/nothing`)).rejects.toThrow('has no objects below nothing/');
    await expect(open('s3://')).rejects.toThrow('write s3://BUCKET');
    await expect(open(undefined, {})).rejects.toThrow('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY not set');
    await expect(open(undefined, ENVIRONMENT, `${server.endpoint}/${BUCKET}`)).rejects.toThrow(
      'more than a host',
    );
    await expect(open(undefined, ENVIRONMENT, 'r2')).rejects.toThrow('is no address');
    await expect(openBucket(`s3://${BUCKET}`, undefined, ENVIRONMENT, () => undefined)).rejects.toThrow(
      '--endpoint: of R2, https://<account>.r2.cloudflarestorage.com',
    );
  });
});

describe('npm run verify', () => {
  it('takes a bucket, and ends with 0, 1 or 2', async () => {
    await start();
    const location = [`s3://${BUCKET}`, '--endpoint', server.endpoint];
    expect(await run(location)).toMatchObject({
      code: 0,
      out: expect.stringContaining('clean: 3 checkpoints'),
    });
    const key = keyOf('segments/');
    tamper(key);
    expect(await run(location)).toMatchObject({
      code: 1,
      out: expect.stringContaining(`altered_bytes: ${key}`),
    });
    server.failures = [403];
    expect(await run(location)).toMatchObject({
      code: 2,
      error: expect.stringContaining('not allowed to list'),
    });
    const help = await run(['--help']);
    expect(help).toMatchObject({
      code: 0,
      out: expect.stringContaining('s3://BUCKET[/PREFIX] --endpoint URL'),
    });
  });
});

describe('reads side by side', () => {
  it('are no more than so many, and come in order whichever is done first', async () => {
    await start();
    const waiting: (() => void)[] = [];
    const work = (item: number) => new Promise<number>((resolve) => waiting.push(() => resolve(item)));
    const results = inOrder([1, 2, 3, 4, 5], work, 3);
    const first = results.next();
    await new Promise(setImmediate);
    expect(waiting).toHaveLength(3);
    for (const done of waiting.splice(0).reverse()) done();
    expect((await first).value).toBe(1);
    const rest: number[] = [];
    const all = (async () => {
      for await (const result of results) rest.push(result);
    })();
    await new Promise(setImmediate);
    expect(waiting).toHaveLength(2);
    for (const done of waiting.splice(0)) done();
    await all;
    expect(rest).toEqual([2, 3, 4, 5]);
  });
});

const ENOUGH = new Uint8Array([1, 2, 3]);

function changed(key: string, change: (key: string) => unknown): string {
  change(key);
  return key;
}

function run(parameters: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  const options = { cwd: ROOT, env: { ...process.env, ...ENVIRONMENT } };
  return new Promise((resolve) => {
    execFile(process.execPath, ['verifier/main.ts', ...parameters], options, (failure, out, error) =>
      resolve({ code: Number((failure as ExecFileException | null)?.code ?? 0), out, error }),
    );
  });
}
