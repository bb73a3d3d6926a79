/** Who wants a copy of an archive in which nothing is signed yet is told what to do. */
import { describe, expect, it } from 'vitest';
import { ArchiveClient, PlatformError } from '../../local/archive/client.ts';
import { exportArchive } from '../../local/archive/export.ts';

class RefusingClient extends ArchiveClient {
  readonly #refusal: PlatformError;

  constructor(refusal: PlatformError) {
    super('http://folio.example', undefined);
    this.#refusal = refusal;
  }

  override json<Reply>(): Promise<Reply> {
    return Promise.reject(this.#refusal);
  }
}

describe('the export of an archive', () => {
  it('says how to have the first checkpoint signed', async () => {
    const refusal = new PlatformError(404, 'checkpoint_not_found', 'There is no such checkpoint.');
    await expect(exportArchive(new RefusingClient(refusal), 'nowhere')).rejects.toThrow(
      'npm run archive -- sign',
    );
  });

  it('says of other refusals what the platform says', async () => {
    const refusal = new PlatformError(403, 'forbidden', 'Auditors only.');
    await expect(exportArchive(new RefusingClient(refusal), 'nowhere')).rejects.toBe(refusal);
  });
});
