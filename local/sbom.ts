import { readCommandLine, runCommand } from './commandLine.ts';
import { BILL_OF_MATERIALS_NAME, checkSupplyChain } from './supplyChain.ts';

const HELP = `Writes the bill of materials (CycloneDX) from the lock file to ${BILL_OF_MATERIALS_NAME}, and asks the registry of npm what is
known against the packages that are deployed.

  npm run sbom [-- --help]

Ends with 1 where an advisory is high or critical, which would stop a release; with 0 else, also where the registry has no answer.`;

/** `npm run sbom`: the bill of materials, and what is known against it. Ends with 1 where that would stop a release. */
async function main(): Promise<number> {
  const { values } = readCommandLine({ options: { help: { type: 'boolean', short: 'h' } } }, HELP);
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  return (await checkSupplyChain()) ? 0 : 1;
}

await runCommand(main);
