/** The bill of materials is what the lock file says, and an advisory check that was not made is not one that found nothing. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../local/config.ts';
import { PAGES } from '../../local/pages.ts';
import { advisoriesOf, writeBillOfMaterials } from '../../local/supplyChain.ts';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

describe('the bill of materials', () => {
  it('names every package that is deployed, with its version and hash, and us by our name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'folio-sbom-'));
    try {
      const file = join(folder, 'made/sbom.json');
      await writeBillOfMaterials(file);
      const bill = read(file) as {
        bomFormat: string;
        metadata: { component: { name: string; type: string } };
        components: Component[];
      };
      expect(bill.bomFormat).toBe('CycloneDX');
      expect(bill.metadata.component).toMatchObject({ name: 'folio', type: 'application' });
      const { dependencies } = read(join(REPOSITORY, 'package.json')) as {
        dependencies: Record<string, string>;
      };
      const lock = read(join(REPOSITORY, 'package-lock.json')) as {
        packages: Record<string, { integrity: string }>;
      };
      for (const [name, version] of Object.entries(dependencies)) {
        const component = bill.components.find((each) => each.name === name && each.version === version);
        const integrity = lock.packages[`node_modules/${name}`]?.integrity ?? '';
        const sha512 = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
        expect(component?.hashes, name).toEqual([{ alg: 'SHA-512', content: sha512 }]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a package whose files browsers are sent', () => {
  const { dependencies } = read(join(REPOSITORY, 'package.json')) as { dependencies: Record<string, string> };
  const packages = Object.values(PAGES).flatMap((file) => {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file.replaceAll('\\', '/')) ?? [];
    return name === undefined ? [] : [name];
  });

  it('is one that is deployed, for the advisory check too', () => {
    expect(new Set(packages).size).toBeGreaterThan(2);
    for (const name of packages) expect(Object.keys(dependencies)).toContain(name);
  });
});

describe('advisories', () => {
  const audit = (vulnerabilities: object) => JSON.stringify({ metadata: { vulnerabilities } });

  it('that are high or critical stop a release, others are counted', () => {
    expect(advisoriesOf(audit({ low: 1, moderate: 2, high: 3, critical: 4, total: 10 }))).toEqual({
      checked: true,
      stopping: 7,
      others: 3,
    });
    expect(advisoriesOf(audit({ total: 0 }))).toEqual({ checked: true, stopping: 0, others: 0 });
  });

  it.each([
    ['', /nothing that can be read/],
    ['<html>', /nothing that can be read/],
    ['{}', /no answer/],
    ['{"message":"405 Method Not Allowed"}', /405/],
    ['{"error":{"summary":"offline"}}', /offline/],
  ])('of a registry that answers %j are unknown', (text, reason) => {
    const advisories = advisoriesOf(text);
    expect(advisories).toMatchObject({ checked: false });
    if (!advisories.checked) expect(advisories.reason).toMatch(reason);
  });
});
