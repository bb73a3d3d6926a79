import type { ParseArgsOptionsConfig } from 'node:util';
import { readCommandLine } from './commandLine.ts';
import { loadWrangler } from './config.ts';
import { LocalServerError } from './errors.ts';

/** Commands of ours that hand their options on to the command of wrangler that has the same name. */
export type HandingOn = 'dev' | 'deploy';

/** An option as wrangler declares it; its names are the key and the aliases. */
interface DeclaredOption {
  readonly type?: string;
  readonly array?: boolean;
  readonly alias?: string | readonly string[];
}

/** An option of one letter that hangs together with its value or with other ones: what runs before wrangler would not see it. */
const GROUPED = /^-[a-z]./i;

/**
 * Throws {@link LocalServerError} with the help where wrangler's command would not take the options. Wrangler itself says so only once it
 * runs, and by then databases may be migrated. The names are those that wrangler declares, so that they are the ones of the release
 * that is installed.
 */
export async function requireWranglerOptions(
  command: HandingOn,
  given: readonly string[],
  help: string,
): Promise<void> {
  const declared = await declaredOptions(command);
  const { tokens } = readCommandLine(
    {
      args: [...given],
      options: Object.fromEntries(Object.entries(declared).flatMap(names)),
      allowPositionals: true,
      allowNegative: true,
      tokens: true,
    },
    help,
  );
  const grouped = given.find((arg) => GROUPED.test(arg));
  if (grouped !== undefined) {
    const apart = 'write options of one letter by themselves, and their values after a space';
    throw new LocalServerError(`${grouped}: ${apart}\n\n${help}`);
  }
  let takesMore = false;
  for (const token of tokens) {
    if (token.kind === 'option') takesMore = declared[token.name]?.array === true;
    else if (token.kind === 'positional' && !takesMore) {
      throw new LocalServerError(`${token.value} belongs to no option\n\n${help}`);
    }
  }
}

/** By name, aliases too. Without `--version`: asked of wrangler, it would be answered at the end of all the work. */
async function declaredOptions(command: HandingOn): Promise<Record<string, DeclaredOption>> {
  const { registry, globalFlags } = (await loadWrangler()).experimental_getWranglerCommands();
  const definition = registry.subtree.get(command)?.definition;
  if (definition?.type !== 'command') throw new Error(`wrangler has no command ${command}`);
  const { v: _, ...flags } = globalFlags as Record<string, DeclaredOption>;
  const options = Object.entries({ ...flags, ...(definition.args as Record<string, DeclaredOption>) });
  return Object.fromEntries(
    options.flatMap(([name, option]) =>
      [name, ...[option.alias ?? []].flat()].map((known) => [known, option] as const),
    ),
  );
}

/** A name for the parser, which knows letters alone as `short`. */
function names([name, { type, array }]: [string, DeclaredOption]): [
  string,
  ParseArgsOptionsConfig[string],
][] {
  const kind = { type: type === 'boolean' ? 'boolean' : 'string', multiple: array === true } as const;
  return [[name, name.length === 1 ? { ...kind, short: name } : kind]];
}
