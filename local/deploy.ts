import { retention } from './archive/retention.ts';
import { asksForHelp, runCommand } from './commandLine.ts';
import {
  deploymentOf,
  environmentOf,
  inheritedDefinitions,
  optionValue,
  requireEnvironment,
  requireQueueNames,
} from './deployment.ts';
import { LocalServerError } from './errors.ts';
import { missingResources, missingResourcesText } from './requiredResources.ts';
import { deployedSecrets, givenVariables, missingSecrets, missingSecretsText } from './requiredSecrets.ts';
import { checkSupplyChain } from './supplyChain.ts';
import { requireVariables } from './variables.ts';
import { migrateWithWrangler, runWrangler } from './wrangler.ts';
import { requireWranglerOptions } from './wranglerOptions.ts';

const HELP = `Deploys Folio to Cloudflare (docs/operations.md): bill of materials and advisories, whether secrets, databases, queues and
buckets are there, D1 migrations, the rules of the archive's bucket, then the Worker. Where it stops it may be run again.

  npm run deploy [-- OPTIONS OF WRANGLER DEPLOY]

  --dry-run    only looks at the configuration and bundles; needs neither an account nor a network
  --env NAME   the environment of wrangler.toml that is meant
  --help       this text; wrangler's own options: npm exec -- wrangler deploy --help

Ends with 0 where it is deployed, else with another code, and says why.`;

/** The Worker would say one thing of the archive's bucket, and its rules another. */
const REMOVAL_ELSEWHERE =
  "ARCHIVE_REMOVAL belongs into wrangler.toml, where the rules of the archive's bucket are made from it";

/**
 * `npm run deploy [-- OPTIONS OF WRANGLER DEPLOY]`: the migrations of every D1 database, then the Worker, so that new
 * code never meets an old table, and the rules of the archive's bucket before that too, so that nothing is ever archived without
 * a lock. Before all of it, the bill of materials and the advisories against it, whether the configuration says what can be done, whether
 * the Worker has the secrets that it cannot do without, and there is what it is bound to. With `--dry-run` it only looks at the
 * configuration and bundles, and needs neither an account nor a network.
 */
async function main(): Promise<number> {
  const given = process.argv.slice(2);
  if (asksForHelp(given)) {
    console.log(HELP);
    return 0;
  }
  await requireWranglerOptions('deploy', given, HELP);
  if (givenVariables(given).ARCHIVE_REMOVAL !== undefined) throw new LocalServerError(REMOVAL_ELSEWHERE);
  if (!(await checkSupplyChain())) return 1;
  const deployment = await deploymentOf(given);
  const environment = environmentOf(given);
  requireEnvironment(deployment, environment);
  requireQueueNames(deployment);
  requireVariables({ ...deployment.vars, ...givenVariables(given) });
  if (!given.includes('--dry-run')) {
    const missing = await missingSecrets(given, deployment.vars ?? {}, deployedSecrets);
    if (missing.length > 0) throw new LocalServerError(missingSecretsText(missing));
    const profile = optionValue(given, '--profile');
    const commands = await missingResources(deployment, profile);
    if (commands.length > 0) throw new LocalServerError(missingResourcesText(commands));
    const migrated = await migrateWithWrangler('--remote', given);
    if (migrated !== 0) return migrated;
    const config = optionValue(given, '--config') ?? optionValue(given, '-c');
    const ruled = await retention({ environment, config, profile });
    if (ruled !== 0) return ruled;
  }
  return await runWrangler(['deploy', ...(await inheritedDefinitions(given)), ...given]);
}

await runCommand(main);
