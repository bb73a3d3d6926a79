import { type ParseArgsConfig, parseArgs } from 'node:util';
import { endingOf, LocalServerError, messageOf } from './errors.ts';

/** Whether the arguments of a command that hands them on to another program ask for the command's own help. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/** The options of a command line. Throws {@link LocalServerError} with the help where it has others than the command knows. */
export function readCommandLine<Config extends ParseArgsConfig>(config: Config, help: string) {
  try {
    return parseArgs(config);
  } catch (error) {
    // What follows on the first sentence is about arguments that begin with a dash: no command here takes any.
    throw new LocalServerError(`${messageOf(error).split('. To specify')[0]}\n\n${help}`);
  }
}

/**
 * What is wrong with the words after `npm run NAME --` where they are not what any of its commands takes: `taken` has the
 * commands, each with what it takes.
 */
export function unknownCommand(
  name: string,
  taken: Readonly<Record<string, string>>,
  given: string | undefined,
  help: string,
): LocalServerError {
  if (given === undefined) return new LocalServerError(`say what to do\n\n${help}`);
  const fault = Object.hasOwn(taken, given)
    ? `write it as: npm run ${name} -- ${given} ${taken[given]}`.trimEnd()
    : `there is no command ${given}`;
  return new LocalServerError(`${fault}\n\n${help}`);
}

/**
 * Throws {@link LocalServerError} with the help where an option was given that another of the commands takes: what asks for
 * less than the command does, as `--dry-run`, must not go unheard.
 */
export function requireOptionsOf(
  takenBy: Readonly<Record<string, readonly string[]>>,
  command: string | undefined,
  values: Readonly<Record<string, unknown>>,
  help: string,
): void {
  if (command === undefined || !Object.hasOwn(takenBy, command)) return;
  const other = Object.keys(values).find((name) => !takenBy[command]?.includes(name));
  if (other !== undefined) throw new LocalServerError(`${command} does not take --${other}\n\n${help}`);
}

/** Runs a command and ends with its code; with 2, saying why, where it cannot begin or go on. */
export async function runCommand(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(endingOf(error));
    process.exitCode = 2;
  }
}
