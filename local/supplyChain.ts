import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { REPOSITORY } from './config.ts';
import { LocalServerError } from './errors.ts';

/** Where the build leaves the bill of materials, in the repository. */
export const BILL_OF_MATERIALS_NAME = 'dist/sbom.cdx.json';

/** The same as a path. */
export const BILL_OF_MATERIALS = join(REPOSITORY, BILL_OF_MATERIALS_NAME);

/** npm's answers about hundreds of packages are a few megabytes. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** A registry that does not answer must not hold up a release for the minutes that npm would wait by itself. */
const REGISTRY_OPTIONS = ['--fetch-retries=0', '--fetch-timeout=15000'];

/** Severities that stop a release, worst first. */
const STOPPING = ['critical', 'high'] as const;

/** What is known against the packages that the Worker is made of. */
export type Advisories =
  | { readonly checked: true; readonly stopping: number; readonly others: number }
  /** The registry has no answer: nothing is known, which is not the same as nothing being wrong. */
  | { readonly checked: false; readonly reason: string };

/** As much of npm's answers as is read. */
interface BillOfMaterials {
  readonly metadata: { readonly component: { name: string } };
}
interface Audit {
  readonly message?: string;
  readonly error?: { readonly summary?: string };
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> };
}

/** Runs the npm that runs us, or the machine's; answers what it printed, whatever its exit code. */
function npm(args: readonly string[]): Promise<string> {
  const script = process.env.npm_execpath;
  const [command, first] = script === undefined ? ['npm', []] : [process.execPath, [script]];
  const options = { cwd: REPOSITORY, maxBuffer: OUTPUT_BYTES_MAX };
  return new Promise((resolve) => {
    execFile(command, [...first, ...args], options, (_error, stdout) => resolve(stdout));
  });
}

/** Writes which packages, of which version and hash, a build is made of (CycloneDX), from the lock file alone. */
export async function writeBillOfMaterials(file = BILL_OF_MATERIALS): Promise<void> {
  const text = await npm([
    'sbom',
    '--sbom-format=cyclonedx',
    '--sbom-type=application',
    '--package-lock-only',
  ]);
  if (!text.startsWith('{')) throw new LocalServerError(`npm sbom failed: ${text.slice(0, 500)}`);
  const bill = JSON.parse(text) as BillOfMaterials;
  const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { name: string };
  // npm takes the name of the folder.
  bill.metadata.component.name = manifest.name;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(bill, undefined, 2)}\n`);
}

/** Asks the registry what is known against the packages that are deployed. */
export async function findAdvisories(): Promise<Advisories> {
  return advisoriesOf(await npm(['audit', '--json', '--omit=dev', ...REGISTRY_OPTIONS]));
}

/** What `npm audit --json` has printed. */
export function advisoriesOf(text: string): Advisories {
  let audit: Audit;
  try {
    audit = JSON.parse(text) as Audit;
  } catch {
    return { checked: false, reason: 'npm audit printed nothing that can be read' };
  }
  const counts = audit.metadata?.vulnerabilities;
  if (counts === undefined) {
    return { checked: false, reason: audit.message ?? audit.error?.summary ?? 'the registry has no answer' };
  }
  const stopping = STOPPING.reduce((sum, severity) => sum + (counts[severity] ?? 0), 0);
  return { checked: true, stopping, others: (counts.total ?? stopping) - stopping };
}

/** Makes the bill of materials and looks for advisories, aloud; false where there is one that stops a release. */
export async function checkSupplyChain(): Promise<boolean> {
  await writeBillOfMaterials();
  console.log(`Bill of materials: ${relative(process.cwd(), BILL_OF_MATERIALS)}`);
  const advisories = await findAdvisories();
  if (!advisories.checked) {
    const rule = '!'.repeat(80);
    const what = 'ADVISORIES WERE NOT CHECKED: known holes in packages would not have been found.';
    console.warn(`${rule}\n${what}\n${advisories.reason}\n${rule}`);
    return true;
  }
  const { stopping, others } = advisories;
  console.log(`Advisories: ${stopping} high or critical, ${others} others (npm audit tells which)`);
  return stopping === 0;
}
