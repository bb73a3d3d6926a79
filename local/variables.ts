import { LOCATION_HINTS } from '../schemas/location.ts';
import { pageOrigins, unusableText } from '../schemas/pageOrigins.ts';
import { PAYMENT_PROVIDERS } from '../schemas/paymentProvider.ts';
import { ARCHIVE_REMOVAL_SETTINGS, JURISDICTIONS } from '../schemas/retention.ts';
import { LOG_LEVELS } from '../telemetry/logger.ts';
import { TOKEN_VARIABLES, tokenConfiguration } from '../workers/access/settings.ts';
import type { Env } from '../workers/env.ts';
import { quotaFaults } from '../workers/limits/quotas.ts';
import { LocalServerError } from './errors.ts';
import type { Variables } from './requiredSecrets.ts';

/** Variables that have one of some values, or are not there. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  ARCHIVE_REMOVAL: [...ARCHIVE_REMOVAL_SETTINGS.keys()],
  JURISDICTION: JURISDICTIONS,
  LOCATION_HINT: LOCATION_HINTS,
  LOG_LEVEL: LOG_LEVELS,
  PAYMENT_PROVIDER: PAYMENT_PROVIDERS,
};

/**
 * Throws {@link LocalServerError} for a variable that says what no Worker can do: it would go on without a word as if nothing were said,
 * with other quotas than were meant, or answer nobody.
 */
export function requireVariables(variables: Variables): void {
  const faults = quotaFaults(variables);
  const { unusable } = pageOrigins(textOf(variables.CORS_ORIGINS));
  if (unusable.length > 0) faults.push(unusableText(unusable));
  for (const [name, values] of Object.entries(VALUES)) {
    const value = textOf(variables[name]);
    if (value !== undefined && !values.includes(value))
      faults.push(`${name} has to be one of ${values.join(', ')}, not "${value}"`);
  }
  // Some of them alone: the others may be secrets.
  if (TOKEN_VARIABLES.every((name) => (textOf(variables[name]) ?? '') !== ''))
    faults.push(...tokenFaults(variables));
  if (faults.length > 0) throw new LocalServerError(faults.join('\n'));
}

/** The same of a local run, whose variables are all that there are. */
export function requireAllVariables(variables: Variables): void {
  requireVariables(variables);
  const [fault] = tokenFaults(variables);
  if (fault !== undefined) throw new LocalServerError(fault);
}

function tokenFaults(variables: Variables): string[] {
  const configuration = tokenConfiguration(variables as unknown as Env);
  return configuration.ok ? [] : [configuration.fault];
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}
