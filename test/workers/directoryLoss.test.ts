/** What becomes of logs that the directory has lost: who finds them, and what they were left out of. */
import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { announcementText } from '../../queues/archive/gathering.ts';
import { DIRECTORY_PARTS, directoryName } from '../../schemas/partition.ts';
import { archivistStub } from '../../workers/archive.ts';
import { viewDatabases } from '../../workers/env.ts';
import { call, eventually, opened, testEnv } from '../support/api.ts';
import { upTo } from '../support/projection.ts';

const ids = upTo(3).map((number) => `lost-${number}`);
const REASON = { reason: 'the directory was lost' };

const findings = async () =>
  (await call('GET', '/v1/reconciliation?check=directory')).body.findings as unknown as {
    readonly findingId: string;
    readonly reason: string;
  }[];
const named = async () => (await findings()).map(({ findingId }) => findingId);
const blotter = async () => {
  const { body } = await call('GET', `/v1/reports/trade-blotter?asOf=${asOf}`);
  return body;
};
const lookAtAll = async () => (await call('POST', '/v1/reconciliation/check', { body: {} })).body;
let asOf = '';

/** Every part of the directory as if its storage were new. */
async function loseDirectory(): Promise<void> {
  for (let part = 0; part < DIRECTORY_PARTS; part++) {
    const stub = testEnv.DIRECTORY.getByName(directoryName(part));
    await runInDurableObject(stub, (_, { storage }) => {
      for (const table of ['aggregates', 'sweep', 'walks']) storage.sql.exec(`DELETE FROM ${table}`);
    });
  }
}

beforeAll(async () => {
  for (const id of ids) {
    await opened(id);
    const body = { tradeId: 't-1', symbol: 'IBM', quantity: '2', price: '10', side: 'BUY' };
    expect((await call('POST', `/v1/accounts/${id}/trades`, { body })).status).toBe(201);
  }
  // Of a subject there is nothing in any view but the journal.
  const hold = { body: { reason: 'a case' } };
  expect((await call('PUT', '/v1/subjects/lost-customer/hold', hold)).status).toBe(200);
  await eventually(async () => {
    const { body } = await call('GET', '/v1/views?heads=true');
    for (const { eventsBehind } of body.views as { eventsBehind: number }[]) expect(eventsBehind).toBe(0);
  });
  await eventually(async () => {
    asOf = (await call('GET', '/v1/reports/trade-blotter')).body.asOf as string;
    expect((await blotter()).rows).toHaveLength(ids.length);
  });
});

describe('logs that the directory has lost', () => {
  it('are left out of reports, found by a look, and entered again by one call', async () => {
    const before = await blotter();
    await loseDirectory();
    expect((await blotter()).rows).toEqual([]);
    await lookAtAll();
    for (const id of ids) expect(await named()).toContain(`directory.directory.account.${id}`);
    expect((await findings()).map(({ reason }) => reason)).toContain(
      'its log goes to version 2, and the directory does not know it: reports and sweeps leave it out',
    );
    expect((await call('POST', '/v1/reconciliation/repair', { body: REASON })).status).toBe(200);
    expect(await named()).toEqual([]);
    expect(await blotter()).toEqual(before);
  });

  it('are found where no view has anything of them, by what the archive has', async () => {
    const subject = { aggregateType: 'subject', aggregateId: 'lost-customer' };
    const archivist = archivistStub(testEnv);
    await archivist.accept([announcementText({ ...subject, fromVersion: 1, toVersion: 1 })]);
    await archivist.seal();
    await loseDirectory();
    for (const database of viewDatabases(testEnv)) {
      await database.prepare("DELETE FROM journal_blue WHERE aggregate_id = 'lost-customer'").run();
    }
    await lookAtAll();
    const findingIds = await named();
    expect(findingIds).toContain('directory.directory.subject.lost-customer');
    await call('POST', '/v1/reconciliation/repair', { body: { ...REASON, findingIds } });
    expect(await named()).toEqual([]);
  });

  it('are none where nothing is recorded of them yet', async () => {
    const body = { aggregateType: 'account', aggregateId: 'never-opened' };
    expect((await call('POST', '/v1/reconciliation/check', { body })).body.opened).toBe(0);
  });
});
