/**
 * Personal data on the real local server: orders go all their ways, and then every byte of every file that the platform keeps is
 * looked through for what was said of the customers, before their erasure and after it. The archive verifies in between and at
 * the end, by the offline verifier.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Client } from '../../demo/client.ts';
import { check } from '../../local/archive/check.ts';
import { ArchiveClient } from '../../local/archive/client.ts';
import { exportArchive } from '../../local/archive/export.ts';
import { restore } from '../../local/archive/restore.ts';
import { exportKeyBackup, restoreKeyBackup } from '../../local/keyBackupFile.ts';
import { newPersonalDataKey } from '../../local/personalDataKey.ts';
import { type Platform, startPlatform } from '../../local/platform.ts';
import { rewrapKeys } from '../../local/rewrapKeys.ts';
import { ArchiveFolder } from '../../verifier/archive.ts';
import { readRows } from '../../verifier/rows.ts';
import { verifyArchive } from '../../verifier/verify.ts';

/** A slow machine with other tests beside it. */
const RUN_MS = 180_000;

const CUSTOMER = 'customer-of-the-scan';
const NAME = 'Zenobia-of-Palmyra';
const STREET = 'Colonnade-Street-48151';
const TOKEN = 'tok_visa_48151623';
const DECLINED_TOKEN = 'tok_decline_not_for_the_log';
const SECRETS = [NAME, STREET, TOKEN, DECLINED_TOKEN];

/** Not personal, and so there to be found: where it is not, nothing was looked through. */
const CONTROL = 'CONTROL-PARCEL-2342';

const folder = mkdtempSync(path.join(tmpdir(), 'folio-privacy-'));
const stateDir = path.join(folder, 'state');
let platform: Platform;
let client: Client;

/** What a text looks like in files: as it is, in UTF-16 and in hexadecimal. Base64 depends on what stands before. */
const formsOf = (text: string) => [
  Buffer.from(text),
  Buffer.from(text, 'utf16le'),
  Buffer.from(Buffer.from(text).toString('hex')),
  ...[0, 1, 2].map((shift) => {
    const code = Buffer.from('x'.repeat(shift) + text).toString('base64url');
    return Buffer.from(code.slice(shift === 0 ? 0 : shift + 1, -3));
  }),
];

/** Files that hold any of the texts, by the folder's own names. */
function filesWith(texts: readonly string[]): string[] {
  const forms = texts.flatMap(formsOf);
  const files = readdirSync(stateDir, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(files.length).toBeGreaterThan(20);
  return files
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const bytes = contentOf(file);
      return forms.some((form) => bytes.includes(form));
    })
    .map((file) => path.relative(stateDir, file));
}

/** What a file holds: nothing where it has gone meanwhile, as a journal of SQLite does with its transaction. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

async function send(method: 'GET' | 'POST' | 'PUT', to: string, body?: unknown, headers = {}) {
  const reply = await client.send({
    method,
    path: to,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: reply.status, body: JSON.parse(reply.text) as Record<string, unknown> };
}

const get = async (to: string) => (await send('GET', to)).body;

async function until(to: string, expected: object): Promise<void> {
  await vi.waitFor(async () => expect(await get(to)).toMatchObject(expected), {
    timeout: RUN_MS,
    interval: 100,
  });
}

const ordering = (orderId: string, token = TOKEN) => ({
  orderId,
  customerId: CUSTOMER,
  currency: 'GBP',
  items: [{ productId: 'tea', quantity: '1', unitPrice: '2.50' }],
  payment: { method: 'card', token },
  shipTo: { name: NAME, line1: STREET, city: 'Palmyra', country: 'Syria' },
});

/** Copies the archive with everything in it and verifies it; answers its events as texts. */
async function verifiedArchive(name: string): Promise<string> {
  const archive = new ArchiveClient(platform.url, platform.token);
  const to = path.join(folder, name);
  const complete = async () => {
    await archive.json('/v1/audit/checkpoints', { method: 'POST' });
    expect(await check(archive)).toBe(0);
  };
  await vi.waitFor(complete, { timeout: RUN_MS, interval: 500 });
  expect(await exportArchive(archive, to)).toBe(0);
  const { findings } = await verifyArchive(new ArchiveFolder(to), Date.now());
  expect(findings.kept).toEqual([]);
  const segments = readdirSync(to, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.parquet'),
  );
  expect(segments.length).toBeGreaterThan(0);
  const events = await Promise.all(
    segments.map(async (file) => {
      const rows = await readRows(readFileSync(path.join(to, file)));
      return Array.from({ length: rows.count }, (_, row) => rows.canonicalText(row, ''));
    }),
  );
  return events.flat().join('\n');
}

async function start(): Promise<void> {
  platform = await startPlatform({ port: 0, stateDir, logLevel: 'debug', vars: { CORS_ORIGINS: '' } });
  client = new Client(platform.url, platform.token);
}

async function stop(): Promise<void> {
  client.close();
  await platform.stop();
}

beforeAll(async () => {
  // What the archive's commands print.
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await start();
  expect((await send('POST', '/v1/inventory/tea/receipts', { quantity: '100' })).status).toBe(200);
  for (const id of ['shipped', 'cancelled'])
    expect((await send('POST', '/v1/orders', ordering(id))).status).toBe(202);
  expect((await send('POST', '/v1/orders', ordering('declined', DECLINED_TOKEN))).status).toBe(202);
  await until('/v1/orders/shipped', { status: 'CONFIRMED' });
  await until('/v1/orders/cancelled', { status: 'CONFIRMED' });
  await send('POST', '/v1/orders/shipped/ship', { carrier: 'Caravan', trackingNumber: CONTROL });
  await send('POST', '/v1/orders/cancelled/cancel', { reason: 'changed my mind' });
  const paying = {
    commandId: 'pay-1',
    aggregateType: 'payment',
    aggregateId: 'paid-alone',
    type: 'AuthorizePayment',
  };
  const data = {
    orderId: 'alone',
    customerId: CUSTOMER,
    amount: '5',
    currency: 'GBP',
    method: 'card',
    token: TOKEN,
  };
  await send('POST', '/v1/commands', { commands: [{ ...paying, data }] });
  // What is refused, and at which stage, must not matter.
  expect((await send('POST', '/v1/orders', { ...ordering('bad'), currency: 'XXX' })).status).toBe(400);
  expect((await send('POST', '/v1/orders', { ...ordering('shipped'), customerId: 'another' })).status).toBe(
    409,
  );
  expect(
    (await send('POST', '/v1/orders', ordering('denied'), { Authorization: 'Bearer nobody' })).status,
  ).toBe(401);
  await until('/v1/shipments/shipped-1', { status: 'DISPATCHED' });
  await until('/v1/payments/shipped', { status: 'CAPTURED' });
  await until('/v1/payments/cancelled', { status: 'VOIDED' });
  await until('/v1/orders/declined', { status: 'CANCELLED' });
  await until('/v1/payments/paid-alone', { status: 'AUTHORIZED' });
}, RUN_MS);

afterAll(async () => {
  vi.restoreAllMocks();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('what was said of a customer', { timeout: RUN_MS }, () => {
  let wrapped: Buffer;

  it('is shown to who may see it, and is in no file of the platform, whatever became of the order', async () => {
    expect(await get('/v1/orders/shipped')).toMatchObject({ shipTo: { name: NAME, line1: STREET } });
    expect(await get('/v1/shipments/shipped-1')).toMatchObject({ shipTo: { name: NAME } });
    expect(filesWith(SECRETS)).toEqual([]);
    expect(filesWith([CONTROL]).length).toBeGreaterThan(0);
    const rows = await verifiedArchive('before');
    expect(rows).toContain(CONTROL);
    for (const secret of SECRETS) expect(rows).not.toContain(secret);
  });

  it('is kept from erasure by a legal hold', async () => {
    await send('PUT', `/v1/subjects/${CUSTOMER}/hold`, { reason: 'case 17' });
    const { status, body } = await send('POST', `/v1/subjects/${CUSTOMER}/erase`, { reason: 'asked for' });
    expect([status, body.code]).toEqual([409, 'legal_hold']);
    expect(await get('/v1/orders/shipped')).toMatchObject({ shipTo: { name: NAME } });
    await client.send({ method: 'DELETE', path: `/v1/subjects/${CUSTOMER}/hold?reason=closed` });
    wrapped = wrappedKey();
    expect(wrapped.length).toBeGreaterThan(50);
    await until(`/v1/subjects/${CUSTOMER}`, { isBackedUp: true });
    expect(filesWith([wrapped.toString('base64')]), 'the backup').toHaveLength(1);
    const archive = new ArchiveClient(platform.url, platform.token);
    expect(await exportKeyBackup(archive, path.join(folder, 'old-keys'), () => undefined)).toBe(0);
    expect(readFileSync(path.join(folder, 'old-keys'), 'utf8')).toContain(wrapped.toString('base64'));
  });

  it('is gone with the key: no file has it, no reply shows it, and every chain and the archive still verify', async () => {
    expect((await send('POST', `/v1/subjects/${CUSTOMER}/erase`, { reason: 'asked for' })).status).toBe(200);
    for (const to of [
      '/v1/orders/shipped',
      '/v1/orders/cancelled',
      '/v1/orders/declined',
      '/v1/shipments/shipped-1',
    ])
      expect((await get(to)).shipTo, to).toEqual({ $erased: true });
    const { body } = await send('POST', '/v1/orders', ordering('too-late'));
    expect(body.code).toBe('subject_erased');
    for (const [type, id] of [
      ['order', 'shipped'],
      ['order', 'cancelled'],
      ['order', 'declined'],
      ['shipment', 'shipped-1'],
      ['payment', 'shipped'],
      ['payment', 'paid-alone'],
      ['saga', 'fulfil-shipped'],
      ['subject', CUSTOMER],
    ])
      expect(await get(`/v1/audit/${type}/${id}`), `${type} ${id}`).toMatchObject({ ok: true });
    const rows = await verifiedArchive('after');
    for (const secret of SECRETS) expect(rows).not.toContain(secret);
    expect(filesWith(SECRETS)).toEqual([]);
    await vi.waitFor(() => expect(filesWith([wrapped.toString('base64')])).toEqual([]), RUN_MS);
  });

  it('stays gone when the platform starts anew with another master key, which others are still read by', async () => {
    expect((await send('POST', '/v1/orders', { ...ordering('other'), customerId: 'another' })).status).toBe(
      202,
    );
    await stop();
    const databases = readdirSync(stateDir, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.sqlite'),
    );
    expect(databases.filter((file) => readFileSync(path.join(stateDir, file)).includes(wrapped))).toEqual([]);
    const masters = path.join(stateDir, 'personal-data-keys');
    writeFileSync(masters, `${newPersonalDataKey()} ${readFileSync(masters, 'utf8')}`);
    await start();
    const lines: string[] = [];
    const archive = new ArchiveClient(platform.url, platform.token);
    expect(await rewrapKeys(archive, (line) => lines.push(line))).toBe(0);
    expect(lines).toEqual([
      '2 subjects looked at, 1 key wrapped anew',
      'the master keys after the first one are needed no more: take them out of PERSONAL_DATA_KEYS',
    ]);
    expect(await get('/v1/orders/other')).toMatchObject({ shipTo: { name: NAME } });
    expect((await get('/v1/orders/shipped')).shipTo).toEqual({ $erased: true });
    expect(await get(`/v1/subjects/${CUSTOMER}`)).toMatchObject({ status: 'ERASED' });
    expect(filesWith(SECRETS)).toEqual([]);
  });

  it('is read again in an environment that is restored with its keys, and of who was erased nothing, from no copy', async () => {
    await verifiedArchive('final');
    const before = new ArchiveClient(platform.url, platform.token);
    const newest = path.join(folder, 'new-keys');
    expect(await exportKeyBackup(before, newest, () => undefined)).toBe(0);
    await stop();
    const masters = readFileSync(path.join(stateDir, 'personal-data-keys'));
    const otherState = path.join(folder, 'restored');
    mkdirSync(otherState);
    writeFileSync(path.join(otherState, 'personal-data-keys'), masters);
    platform = await startPlatform({ port: 0, stateDir: otherState, vars: { RESTORE: 'open' } });
    client = new Client(platform.url, platform.token);
    const archive = new ArchiveClient(platform.url, platform.token);
    const everything = { only: [], except: [], keys: [] };
    // All logs are there, and what says that keys are not.
    expect(await restore(archive, path.join(folder, 'final'), everything)).toBe(1);
    expect((await get('/v1/orders/other')).shipTo).toEqual({ $unreadable: true });
    expect((await get('/v1/orders/shipped')).shipTo).toEqual({ $erased: true });
    // A copy from before the erasure and before the master key was replaced.
    expect(await restoreKeyBackup(archive, path.join(folder, 'old-keys'), () => undefined)).toBe(0);
    expect((await get('/v1/orders/shipped')).shipTo).toEqual({ $erased: true });
    const lines: string[] = [];
    expect(await restoreKeyBackup(archive, newest, (line) => lines.push(line))).toBe(0);
    expect(lines).toEqual([
      '2 subjects, 1 key came back',
      '1 subject stayed as it was: the copy says nothing new',
    ]);
    expect(await get('/v1/orders/other')).toMatchObject({ shipTo: { name: NAME, line1: STREET } });
    for (const to of ['/v1/orders/shipped', '/v1/orders/cancelled', '/v1/shipments/shipped-1'])
      expect((await get(to)).shipTo, to).toEqual({ $erased: true });
    expect(await restore(archive, path.join(folder, 'final'), everything)).toBe(0);
  });
});

/** The customer's key as its object has it stored: the only key that there is. */
function wrappedKey(): Buffer {
  for (const file of readdirSync(stateDir, { recursive: true, encoding: 'utf8' })) {
    if (!file.includes('Subject') || !file.endsWith('.sqlite')) continue;
    const database = new DatabaseSync(path.join(stateDir, file), { readOnly: true });
    try {
      const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'subject_keys'").get();
      if (table === undefined) continue;
      const row = database.prepare('SELECT wrapped FROM subject_keys').get() as { wrapped: Uint8Array };
      return Buffer.from(row.wrapped);
    } finally {
      database.close();
    }
  }
  throw new Error('no object has a key');
}
