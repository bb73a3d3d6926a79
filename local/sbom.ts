import { checkSupplyChain } from './supplyChain.ts';

/** `npm run sbom`: the bill of materials, and what is known against it. Ends with 1 where that would stop a release. */
process.exit((await checkSupplyChain()) ? 0 : 1);
